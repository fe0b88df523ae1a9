"""Authorities as a tree, made as a test wants them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from signing import oids
from signing.certificate_making import Wish, make_certificate, make_revocation_list
from signing.certificates import Certificate, Usage
from signing.file_key import FileKey
from signing.revocation.known import Revoked
from signing.sm2 import PrivateKey

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ISSUES = Usage.KEY_CERT_SIGN | Usage.CRL_SIGN
SIGNS = Usage.DIGITAL_SIGNATURE | Usage.NON_REPUDIATION
_serials = count(1000)


@dataclass
class Node:
    """A key with its certificate."""

    key: PrivateKey
    raw: bytes
    certificate: Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = Certificate.read(self.raw)

    @property
    def signer(self) -> FileKey:
        return FileKey(self.key, self.raw)

    def issue(self, name: str, *, key: PrivateKey | None = None, **changes: object) -> Node:
        """A certificate for a new key (or `key`) from this authority."""
        own = key or PrivateKey.generate()
        return Node(own, make_certificate(wish(name, **changes), own.point, self.key, self.certificate))

    def authority(self, name: str, **changes: object) -> Node:
        """One that may issue too."""
        return self.issue(name, **({"usage": ISSUES, "is_authority": True} | changes))

    def revocation_list(self, revoked: dict[int, datetime | Revoked] | None = None, **changes: object) -> bytes:
        """This authority's list, made ten days after AT."""
        usual: dict[str, object] = {"number": 1, "this_update": AT + 10 * DAY, "next_update": AT + 40 * DAY}
        return make_revocation_list(revoked or {}, self.key, self.certificate, **(usual | changes))  # type: ignore[arg-type]


def wish(name: str, **changes: object) -> Wish:
    """Valid for a month before and a year after AT."""
    usual = Wish(
        name=((oids.COUNTRY, "CN"), (oids.COMMON_NAME, name)),
        serial=next(_serials),
        not_before=AT - 30 * DAY,
        not_after=AT + 365 * DAY,
        usage=SIGNS,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def root(name: str = "测试根", key: PrivateKey | None = None, **changes: object) -> Node:
    """A self-signed authority."""
    own = key or PrivateKey.generate()
    usual = {"usage": ISSUES, "is_authority": True, "not_after": AT + 9000 * DAY}
    return Node(own, make_certificate(wish(name, **(usual | changes)), own.point, own))

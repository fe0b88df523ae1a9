"""A signed head: so many entries, this root, at this time, after that head. Made, written as JSON, read and checked."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from core.canonical import canonical
from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import HubError, Rejected
from signing.detached import sign_detached, verify_detached
from signing.errors import CertificateFault, CertificateRefused, TimestampUnavailable, TrustUnknown
from signing.port import Signer
from signing.timestamp import Token
from signing.trust import Purpose, Trust
from signing.tsa import TimestampClient
from store.log_heads import StoredHead as Head

__all__ = ["Head", "HeadRefused", "Signed", "check", "digest", "from_dict", "make", "to_dict"]

VERSION: Final = 1
_KEYS = {"v", "log", "number", "size", "root", "at", "previous"}


class HeadRefused(Rejected):
    """A head of a log is not what its signature and its statement make of it."""

    code: ClassVar[str] = "HUB-786"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good head says of its maker.

    Attributes:
        signer, organisation: as the certificate has them.
        stamped_at: by a timestamp whose authority is trusted; None where there is none, and `note` says why.
    """

    signer: str
    organisation: str
    stamped_at: datetime | None
    note: str


def make(
    *, log: str, size: int, root: bytes, at: datetime, before: Head | None, signer: Signer, tsa: TimestampClient | None
) -> Head:
    """Sign one, and stamp it where an authority is configured and answers.

    Raises:
        KeyRefused, SignerUnavailable: from the signer; nothing was made.
    """
    number = 0 if before is None else before.number + 1
    statement = canonical(
        {
            "v": VERSION,
            "log": log,
            "number": number,
            "size": size,
            "root": root.hex(),
            "at": at.astimezone(SHANGHAI).isoformat(timespec="microseconds"),
            "previous": None if before is None else digest(before).hex(),
        }
    )
    signature = sign_detached(statement, signer, at)
    stamp, unstamped = None, "no timestamp authority is configured"
    if tsa is not None:
        try:
            stamp = tsa(signature)
        except TimestampUnavailable as error:
            unstamped = f"the authority {tsa.outage.reason}" if tsa.outage is not None else error.message
        else:
            unstamped = (
                f"the authority {tsa.outage.reason}" if tsa.outage is not None else "the authority gave no token"
            )
    return Head(number, size, root, at, statement, signature, stamp, None if stamp is not None else unstamped)


def digest(head: Head) -> bytes:
    """By which the next head names it."""
    return sm3(head.statement)


def to_dict(head: Head) -> dict[str, Any]:
    """As it stands in files and proofs."""
    return {
        "type": "head",
        "statement": head.statement.decode(),
        "signature": b64encode(head.signature).decode(),
        "stamp": None if head.stamp is None else b64encode(head.stamp).decode(),
        "unstamped": head.unstamped,
    }


def from_dict(value: Any) -> Head:
    """The same read again; its signature is not looked at.

    Raises:
        HeadRefused: it is not of that form.
    """
    try:
        statement = value["statement"].encode()
        said = _said(statement)
        return Head(
            number=said["number"],
            size=said["size"],
            root=bytes.fromhex(said["root"]),
            at=datetime.fromisoformat(said["at"]),
            statement=statement,
            signature=b64decode(value["signature"], validate=True),
            stamp=None if value["stamp"] is None else b64decode(value["stamp"], validate=True),
            unstamped=value["unstamped"],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise HeadRefused(
            "this is no signed head as the hub writes them; take the file anew from its source."
        ) from None


def previous_of(head: Head) -> bytes | None:
    """Digest of the head before this one, as the statement says."""
    said = _said(head.statement)["previous"]
    return None if said is None else bytes.fromhex(said)


def log_of(head: Head) -> str:
    """Name of the log it is a head of."""
    return str(_said(head.statement)["log"])


def check(head: Head, trust: Trust, *, log: str, at: datetime) -> Signed:
    """Return who signed the head, once statement, signature, certificate and timestamp were found right.

    Args:
        at: the moment of asking.

    Raises:
        HeadRefused: one of them is not.
        TrustUnknown: it cannot be told whom to trust, or whether a certificate was revoked.
    """
    if not says(head, log):
        raise HeadRefused(f"head {head.number}: its statement says something else than what stands beside it.")
    try:
        signer = verify_detached(head.statement, head.signature, trust, at)
    except TrustUnknown:
        raise
    except HubError as error:
        raise HeadRefused(f"head {head.number}: its signature is refused: {error.message}") from None
    if head.stamp is None:
        return Signed(signer.common_name, signer.organisation, None, f"no timestamp: {head.unstamped}")
    try:
        token = Token.check(head.stamp, head.signature)
        trust.check(token.signed.signer, token.time, Purpose.TIMESTAMP, token.signed.certificates)
    except TrustUnknown as error:
        return Signed(signer.common_name, signer.organisation, None, f"timestamp not judged: {error.message}")
    except CertificateRefused as error:
        if error.fault is not CertificateFault.UNTRUSTED:
            raise HeadRefused(f"head {head.number}: its timestamp is refused: {error.message}") from None
        return Signed(signer.common_name, signer.organisation, None, f"timestamp not judged: {error.message}")
    except HubError as error:
        raise HeadRefused(f"head {head.number}: its timestamp is refused: {error.message}") from None
    return Signed(signer.common_name, signer.organisation, token.time, "")


def says(head: Head, log: str) -> bool:
    """Whether its statement is of that log and says what stands beside it."""
    try:
        said = _said(head.statement)
        return (
            said["log"] == log
            and (said["number"], said["size"], said["root"]) == (head.number, head.size, head.root.hex())
            and datetime.fromisoformat(said["at"]) == head.at
            and canonical(said) == head.statement
        )
    except (KeyError, TypeError, ValueError):
        return False


def _said(statement: bytes) -> dict[str, Any]:
    """Raises ValueError when it is no statement."""
    said = json.loads(statement)
    if not isinstance(said, dict) or said.keys() != _KEYS or said["v"] != VERSION:
        raise ValueError("no statement")
    numbers = [said["number"], said["size"]]
    if any(type(one) is not int or one < 0 for one in numbers) or len(bytes.fromhex(said["root"])) != 32:
        raise ValueError("no statement")
    return said

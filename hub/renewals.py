"""A renewal: a signed statement over all heads and entries of a log and the renewal before, stamped by two algorithms.

After the idea of RFC 4998 (chains and sequences of archive timestamps); its ASN.1 is not made. Everything that is
covered is covered by SM3 and by SHA-256, so that none of the two carries all.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from core.canonical import canonical
from core.clock import SHANGHAI
from core.digest import sha256, sm3
from core.errors import Permanent
from core.merkle import Digest, Growing, leaf_hash
from hub import log_heads
from hub.log_heads import Head
from signing.detached import sign_detached
from signing.port import Signer
from store.log_renewals import StoredRenewal as Renewal

__all__ = ["DIGESTS", "Covered", "HeadTrees", "Renewal", "RenewalRefused", "from_dict", "statement_of", "to_dict"]

VERSION: Final = 1
#: Each algorithm carries the whole alone.
DIGESTS: Final[Mapping[str, Digest]] = {"sm3": sm3, "sha256": sha256}
_KEYS = {"v", "type", "log", "number", "at", "head", "heads", "entries", "previous", "gap", "signature"}


class RenewalRefused(Permanent):
    """A renewal of a log's timestamps is not what its statement says, or does not fit the log or its file."""

    code: ClassVar[str] = "HUB-989"


@dataclass(frozen=True, slots=True)
class Covered:
    """What a statement says.

    Attributes:
        heads: the tree over all heads up to the newest, by each algorithm; `entries`: over the log's entries by SHA-256
            (by SM3 the newest head has it).
        head: digests of the newest head's statement, signature and stamp, by algorithm.
        previous: digests of the renewal before, by algorithm; None for the first.
        gap: until when the certificate of the stamp before was valid, where this one came too late; else None.
        signature: of the log's key (detached CMS) over `signed`: an authority stamps anybody's statement.
    """

    log: str
    number: int
    at: datetime
    head_number: int
    head: Mapping[str, Mapping[str, str | None]]
    heads: Mapping[str, Growing]
    entries: Growing
    previous: Mapping[str, bytes] | None
    gap: datetime | None
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


class HeadTrees:
    """The trees over a log's heads, one by each algorithm; the leaves are the heads with signature and stamp."""

    def __init__(self) -> None:
        self.trees = {name: Growing(digest) for name, digest in DIGESTS.items()}

    def add(self, head: Head) -> None:
        """The next head."""
        for name, leaf in leaves_of(head).items():
            self.trees[name].add(leaf)

    @property
    def size(self) -> int:
        """How many heads."""
        return self.trees["sm3"].size


def leaves_of(head: Head) -> dict[str, bytes]:
    """The leaf of a head in each tree."""
    body = canonical(log_heads.to_dict(head))
    return {name: leaf_hash(body, digest) for name, digest in DIGESTS.items()}


def statement_of(
    log: str,
    head: Head,
    heads: HeadTrees,
    entries: Growing,
    before: Renewal | None,
    at: datetime,
    gap: datetime | None,
    signer: Signer,
) -> bytes:
    """What is to be stamped, signed.

    Args:
        heads: up to and with `head`.
        entries: the SHA-256 tree over the entries that the head covers.
        signer: the log's key.

    Raises:
        KeyRefused, SignerUnavailable: from the signer.
    """
    said = {
        "v": VERSION,
        "type": "renewal",
        "log": log,
        "number": 0 if before is None else before.number + 1,
        "at": _text(at),
        "head": {"number": head.number, "size": head.size, **head_digests(head)},
        "heads": {"size": heads.size, **{name: _hex(tree.edge) for name, tree in heads.trees.items()}},
        "entries": {"size": entries.size, "sha256": _hex(entries.edge)},
        "previous": None if before is None else {name: one.hex() for name, one in digests_of(before).items()},
        "gap": None if gap is None else _text(gap),
    }
    # within what is stamped, so that the signature is shown to have been there, too
    return canonical({**said, "signature": b64encode(sign_detached(canonical(said), signer, at)).decode()})


def head_digests(head: Head) -> dict[str, dict[str, str | None]]:
    """Of its statement, signature and stamp, by algorithm."""
    parts = {"statement": head.statement, "signature": head.signature, "stamp": head.stamp}
    return {
        name: {part: None if data is None else digest(data).hex() for part, data in parts.items()}
        for name, digest in DIGESTS.items()
    }


def digests_of(renewal: Renewal) -> dict[str, bytes]:
    """By which the next renewal names it: all of it, tokens and certificates too."""
    body = canonical(to_dict(renewal))
    return {name: digest(body) for name, digest in DIGESTS.items()}


def read(renewal: Renewal) -> Covered:
    """What it says, once it was found to be of the form of a statement and to say what stands beside it.

    Raises:
        RenewalRefused: it is not.
    """
    try:
        said = json.loads(renewal.statement)
        head, heads, entries = said["head"], said["heads"], said["entries"]
        covered = Covered(
            log=said["log"],
            number=said["number"],
            at=datetime.fromisoformat(said["at"]),
            head_number=head["number"],
            head={name: head[name] for name in DIGESTS},
            heads={
                name: Growing.with_edge(heads["size"], _bytes(heads[name]), digest) for name, digest in DIGESTS.items()
            },
            entries=Growing.with_edge(entries["size"], _bytes(entries["sha256"]), sha256),
            previous=None
            if said["previous"] is None
            else {name: bytes.fromhex(said["previous"][name]) for name in DIGESTS},
            gap=None if said["gap"] is None else datetime.fromisoformat(said["gap"]),
            signed=canonical({key: value for key, value in said.items() if key != "signature"}),
            signature=b64decode(said["signature"], validate=True),
        )
        fits = (
            (said.keys(), said["v"], said["type"]) == (_KEYS, VERSION, "renewal")
            and all(type(one) is int for one in (covered.number, covered.head_number))
            and all(one.tzinfo is not None for one in (covered.at, covered.gap or covered.at))
            and (covered.number, covered.head_number, covered.at) == (renewal.number, renewal.head, renewal.at)
            and heads["size"] == covered.head_number + 1
            and entries["size"] == head["size"]
            and (covered.previous is None) == (covered.number == 0)
            and canonical(said) == renewal.statement
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise RenewalRefused(
            f"renewal {renewal.number}: its statement is none, or says something else than what stands beside it."
        )
    return covered


def chained(renewals: Sequence[Renewal], log: str, *, whole: bool = True) -> list[Covered]:
    """What renewals that follow each other say; `whole`: the first one is the log's first.

    Raises:
        RenewalRefused: one is missing, in another's place, of another log, or not made after the one before it.
    """
    found: list[Covered] = []
    for place, one in enumerate(renewals):
        said = read(one)
        if said.log != log:
            raise RenewalRefused(f"renewal {one.number} is of another log.")
        if not place and whole and said.number:
            raise RenewalRefused(
                f"the renewals of log `{log}` begin with number {said.number}: earlier ones are missing."
            )
        if place:
            before = found[-1]
            if said.number != before.number + 1:
                raise RenewalRefused(f"renewal {said.number} follows renewal {before.number}: one is missing.")
            if said.previous != digests_of(renewals[place - 1]):
                raise RenewalRefused(f"renewal {said.number} was made after another renewal {before.number} than this.")
            if said.head_number < before.head_number or said.entries.size < before.entries.size:
                raise RenewalRefused(f"renewal {said.number} covers less than the one before it.")
        found.append(said)
    return found


def check_heads(covered: Sequence[Covered], heads: Iterable[Head]) -> HeadTrees:
    """The trees over all heads, given in order, once each renewal was held against those it covers.

    Raises:
        RenewalRefused: a head is another one than a renewal covered, or is missing.
    """
    trees, waiting = HeadTrees(), list(covered)
    for head in heads:
        trees.add(head)
        while waiting and waiting[0].head_number + 1 == trees.size:
            said = waiting.pop(0)
            if said.head != head_digests(head) or any(
                tree.edge != said.heads[name].edge for name, tree in trees.trees.items()
            ):
                raise RenewalRefused(
                    f"renewal {said.number} covers other heads than the {trees.size} of log `{said.log}`: a head, its "
                    "signature or its stamp was changed. Find out which (runbook: log-changed)."
                )
    if waiting:
        raise RenewalRefused(
            f"renewal {waiting[0].number} covers {waiting[0].head_number + 1} heads, the log `{waiting[0].log}` holds "
            f"{trees.size}: heads were removed (runbook: log-changed)."
        )
    return trees


def to_dict(renewal: Renewal) -> dict[str, Any]:
    """As it stands in files and evidence."""
    return {
        "type": "renewal",
        "statement": renewal.statement.decode("utf-8", "backslashreplace"),
        "stamp": b64encode(renewal.stamp).decode(),
        "stamp_sha256": None if renewal.stamp_sha256 is None else b64encode(renewal.stamp_sha256).decode(),
        "certificates": [b64encode(one).decode() for one in renewal.certificates],
    }


def from_dict(value: Any) -> Renewal:
    """The same read again; its stamps are not looked at.

    Raises:
        RenewalRefused: it is not of that form.
    """
    try:
        statement = value["statement"].encode()
        said = json.loads(statement)
        return Renewal(
            number=said["number"],
            head=said["head"]["number"],
            at=datetime.fromisoformat(said["at"]),
            statement=statement,
            stamp=b64decode(value["stamp"], validate=True),
            stamp_sha256=None if value["stamp_sha256"] is None else b64decode(value["stamp_sha256"], validate=True),
            certificates=tuple(b64decode(one, validate=True) for one in value["certificates"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RenewalRefused("this is no renewal as the hub writes them; take the file anew from its source.") from None


def _text(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat(timespec="microseconds")


def _hex(edge: Sequence[bytes]) -> list[str]:
    return [one.hex() for one in edge]


def _bytes(edge: Sequence[str]) -> list[bytes]:
    found = [bytes.fromhex(one) for one in edge]
    if any(len(one) != 32 for one in found):
        raise ValueError("no hash")
    return found

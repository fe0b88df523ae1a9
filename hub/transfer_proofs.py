"""That each package stood in the origin's archive log, and since when: proofs made by the origin, checked by whom it is
handed to, who needs nothing of the origin but its root certificate.

Of each package the proof leads to the first signed head that covers it, with a timestamp where there is such a one:
that head's time is the earliest at which it is proven to have been there. Every such head is shown to be the beginning
of the newest one. Where the origin has renewed the timestamps, the package's evidence goes along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.digest import sm3
from core.errors import HubError
from core.merkle import check_consistency, check_inclusion, consistency, inclusion, leaf_hash
from hub import log_heads
from hub.context import Hub
from hub.evidence_export import evidence_of
from hub.holdings import KEPT
from hub.log_heads import Head
from hub.transfer_letters import TOLERANCE, LetterRefused, LetterUntrusted
from signing.errors import TrustUnknown
from signing.trust import Trust
from store import archive_entries, log_renewals, merkle_log
from store import log_heads as stored
from store.merkle_log import Tree


@dataclass(frozen=True, slots=True)
class Made:
    """Proofs as they stand in a manifest: heads with how they hang together, and a proof for each entry."""

    log: Mapping[str, Any]
    of_entry: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Heads that are good: number to head, and the moment each proves."""

    heads: Mapping[int, Head]
    moments: Mapping[int, datetime]


def make(hub: Hub, entries: Sequence[str]) -> Made:
    """Prove entries of the archive's log; where the newest are under no head yet, one is sealed.

    Raises:
        LogShrunk, LogFilesRefused: the log was changed behind the hub's back.
        SealerBusy: another process seals a head at this moment.
        LogKeyUnset, KeyRefused, SignerUnavailable: no key to sign a head with.
    """
    KEPT.sequence(hub)
    leaves = {
        entry: leaf for entry in entries if (leaf := merkle_log.number_of(hub.connection, KEPT.name, entry)) is not None
    }
    newest = KEPT.head(hub)
    if newest is None or any(leaf.seq >= newest.size for leaf in leaves.values()):
        newest = KEPT.seal_head(hub)
    node = Tree(hub.connection, KEPT.name).node
    bodies = archive_entries.read(hub.connection, list(leaves))
    heads, proofs = {newest.number: newest}, {}
    renewed = bool(log_renewals.every(hub.connection, KEPT.name))
    for entry, leaf in leaves.items():
        head = (
            stored.covering(hub.connection, KEPT.name, leaf.seq, stamped=True)
            or stored.covering(hub.connection, KEPT.name, leaf.seq, stamped=False)
            or newest
        )
        heads[head.number] = head
        said = archive_entries.said_in(bodies[entry].body)
        proofs[entry] = {
            "evidence": evidence_of(hub, said["file_no"]) if renewed and said is not None else None,
            "body": bodies[entry].body.decode(),
            "number": leaf.seq,
            "head": head.number,
            "path": [one.hex() for one in inclusion(leaf.seq, head.size, node)],
        }
    older = sorted(number for number in heads if number != newest.number)
    log = {
        "name": KEPT.name,
        "heads": [log_heads.to_dict(heads[number]) for number in (*older, newest.number)],
        "older": {
            str(number): [one.hex() for one in consistency(heads[number].size, newest.size, node)] for number in older
        },
    }
    return Made(log, proofs)


def check_heads(log: Mapping[str, Any], trust: Trust, at: datetime) -> Shown:
    """Return the heads of a manifest, once each was found good and the beginning of the newest.

    Raises:
        LetterRefused: one is not.
        LetterUntrusted: it cannot be told whom to trust.
    """
    try:
        heads = [log_heads.from_dict(one) for one in log["heads"]]
        newest, moments = heads[-1], {}
        for head in heads:
            signed = log_heads.check(head, trust, log=KEPT.name, at=at + TOLERANCE)
            moments[head.number] = signed.stamped_at or head.at
            if head is not newest:
                path = [bytes.fromhex(one) for one in log["older"][str(head.number)]]
                check_consistency(head.size, head.root, newest.size, newest.root, path)
    except TrustUnknown as error:
        raise LetterUntrusted(f"the heads of the other hub's log cannot be judged: {error.message}") from None
    except HubError as error:
        raise LetterRefused(f"a parcel is refused: its log does not hold: {error.message}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise LetterRefused("a parcel is refused: it has no heads of a log; have it sent anew.") from None
    return Shown({head.number: head for head in heads}, moments)


def check_package(
    proof: Mapping[str, Any] | None, shown: Shown, *, file_no: str, data: bytes, sha256: str
) -> tuple[datetime | None, str | None]:
    """The moment at which a package is proven to have stood in the origin's log, or what is wrong with the proof."""
    if proof is None:
        return None, "移出方档案登记中没有该档案包"
    try:
        head = shown.heads[proof["head"]]
        body = proof["body"].encode()
        path = [bytes.fromhex(one) for one in proof["path"]]
        check_inclusion(leaf_hash(body), proof["number"], head.size, path, head.root)
    except (HubError, KeyError, TypeError, ValueError, AttributeError):
        return None, "存在证明不成立：不能证明该档案包在移出方档案登记中"
    said = archive_entries.said_in(body)
    if said is None or (said["file_no"], said["sm3"], said["sha256"], said["bytes"]) != (
        file_no, sm3(data).hex(), sha256, len(data),
    ):  # fmt: skip
        return None, "档案包与移出方档案登记所记不符"
    return shown.moments[head.number], None

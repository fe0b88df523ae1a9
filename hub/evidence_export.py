"""The evidence of a package: everything that proves, with no database and no network, since when the archive holds it.

The entry in the archive's log, the first stamped head over it, and each renewal of the stamps since: docs/evidence.md.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from core.digest import sha256
from core.errors import HubError
from core.merkle import Growing, inclusion, leaf_hash, node_of
from hub import log_heads, renewals
from hub.context import Hub
from hub.evidence_heads import first_link
from hub.holdings import KEPT, LOG
from hub.log_heads import Head
from hub.log_proofs import EntryUnknown, EntryWaits
from hub.renewals import DIGESTS, Covered, Renewal, RenewalRefused, chained, leaves_of
from hub.stamp_trust import StampTrust, read_stamp
from signing.signed_data import SignedData
from store import archive_entries, log_renewals, merkle_log
from store import log_heads as stored
from store.merkle_log import LogShrunk, Tree

VERSION: Final = 1
_AT_ONCE: Final = 4_096


def evidence_of(hub: Hub, file_no: str) -> dict[str, Any]:
    """As `hub.evidence_check.check` takes it. Reads every entry up to the first renewal that covers the package's own.

    Raises:
        EntryUnknown: the log tells of no such package.
        EntryWaits: a Retryable; no signed head covers it yet.
        LogShrunk, RenewalRefused: log, heads or renewals were changed.
        PressMalformed, CertificateRefused: from the configuration.
    """
    entry = archive_entries.of_package(hub.connection, file_no)
    if entry is None:
        raise EntryUnknown(f"the log `{LOG}` holds no package of this number. Take the number from the package's name.")
    held = log_renewals.every(hub.connection, LOG)
    covered = chained(held, LOG)
    leaf = merkle_log.number_of(hub.connection, LOG, entry)
    link = None if leaf is None else first_link(hub.connection, LOG, leaf.seq, covered)
    if leaf is None or link is None:
        raise EntryWaits("the package waits for a signed head over it. Airflow makes one each hour: hub archive seal.")
    body = KEPT.read(hub.connection, [entry])[entry].body
    head, place = link
    since = held[place:]
    node = Tree(hub.connection, LOG).node
    return {
        "type": "evidence",
        "v": VERSION,
        "log": LOG,
        "file_no": file_no,
        "entry": body.decode(),
        "number": leaf.seq,
        "path": [one.hex() for one in inclusion(leaf.seq, head.size, node)],
        "head": log_heads.to_dict(head),
        "renewed": None if not since else _renewed(hub, leaf.seq, head, covered[place]),
        "renewals": [renewals.to_dict(one) for one in since],
        "certificates": [b64encode(one).decode() for one in _between(hub, head, since)],
    }


def _renewed(hub: Hub, entry: int, head: Head, first: Covered) -> dict[str, Any]:
    """The paths that lead to what the first renewal covers: the head by each algorithm, the entry by SHA-256."""
    leaves: dict[str, list[bytes]] = {name: [] for name in DIGESTS}
    for one in stored.every(hub.connection, LOG):
        if one.number > first.head_number:
            break
        for name, hashed in leaves_of(one).items():
            leaves[name].append(hashed)
    for name, digest in DIGESTS.items():
        tree = Growing(digest)
        for hashed in leaves[name]:
            tree.add(hashed)
        if tree.edge != first.heads[name].edge:
            raise RenewalRefused(
                f"renewal {first.number} covers other heads than log `{LOG}` holds now (runbook: log-changed)."
            )
    size = first.entries.size
    bodies = _leaves_sha256(hub, first)
    return {
        "heads": {
            name: [
                one.hex() for one in inclusion(head.number, len(hashes), node_of(hashes, DIGESTS[name]), DIGESTS[name])
            ]
            for name, hashes in leaves.items()
        },
        "entry_sha256": [one.hex() for one in inclusion(entry, size, node_of(bodies, sha256), sha256)],
    }


def _leaves_sha256(hub: Hub, first: Covered) -> list[bytes]:
    found: list[bytes] = []
    tree = Growing(sha256)
    for start in range(0, first.entries.size, _AT_ONCE):
        rows = merkle_log.leaves(hub.connection, LOG, start, min(first.entries.size, start + _AT_ONCE))
        bodies = KEPT.read(hub.connection, [row.entry for row in rows])
        for row in rows:
            body = bodies.get(row.entry)
            found.append(leaf_hash(b"" if body is None else body.body, sha256))
            tree.add(found[-1])
    if tree.size != first.entries.size or tree.edge != first.entries.edge:
        raise LogShrunk(
            f"renewal {first.number} was made over other entries than log `{LOG}` holds now. Find out which were "
            f"changed: hub {LOG} verify."
        )
    return found


def _between(hub: Hub, head: Head, since: list[Renewal]) -> list[bytes]:
    """What stands between the signers of head, stamp and renewals and their roots, as far as it is known here."""
    trust = StampTrust.of(hub.settings)
    found: list[bytes] = []
    try:
        signed = SignedData.read(head.signature)
        found += [one.raw for one in trust.sm2.check(signed.signer, head.at, others=signed.certificates)[1:]]
        if head.stamp is not None:
            stamp = read_stamp(head.stamp, head.signature, "sm3")
            found += trust.check(stamp.certificate, stamp.others, stamp.time)[0][1:]
    except HubError:
        pass  # whoever checks the evidence is told
    found += [one for renewal in since for one in renewal.certificates]
    return list(dict.fromkeys(found))

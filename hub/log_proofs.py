"""Proofs that anybody can check without the hub: an entry is in the log, an older log is the beginning of a newer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from core.errors import Permanent, Rejected, Retryable
from core.merkle import (
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
)
from core.merkle import root as root_of
from hub import log_heads
from hub.context import Hub
from hub.log_heads import Head, Signed
from signing.trust import Trust
from store import log_heads as stored
from store import merkle_log
from store.connection import transaction
from store.merkle_log import Tree

VERSION: Final = 1


class EntryUnknown(Permanent):
    """The log holds no entry or head of that number."""

    code: ClassVar[str] = "HUB-783"


class EntryWaits(Retryable):
    """The entry is written and waits for its place in the log; within seconds it has one."""

    code: ClassVar[str] = "HUB-784"


class ProofMalformed(Rejected):
    """A file is not a proof as the hub writes them."""

    code: ClassVar[str] = "HUB-787"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows.

    Attributes:
        head: the signed head it leads to; None where the entry was too new for one: then nobody vouches yet.
        first: for a consistency proof, the older head.
        entry: as the proof says; only where the body was at hand it is known that this is its leaf.
    """

    kind: str
    log: str
    head: Head | None
    signed: Signed | None
    first: Head | None = None
    entry: str | None = None
    number: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "kind": self.kind,
            "log": self.log,
            "entry": self.entry,
            "number": self.number,
            "head": self.head.number if self.head else None,
            "size": self.head.size if self.head else None,
            "at": self.head.at.isoformat() if self.head else None,
            "first": self.first.number if self.first else None,
            "signer": self.signed.signer if self.signed else None,
            "stamped_at": self.signed.stamped_at.isoformat() if self.signed and self.signed.stamped_at else None,
            "note": self.signed.note if self.signed else None,
        }


def inclusion_proof(hub: Hub, log: str, entry: str) -> dict[str, Any]:
    """That an entry is in the log: up to the newest signed head where that covers it, else up to the last entry.

    Raises:
        EntryUnknown: there is no such entry.
        EntryWaits: it has no number yet.
        LogShrunk: leaves or tiles are missing.
    """
    leaf = merkle_log.number_of(hub.connection, log, entry)
    if leaf is None:
        if merkle_log.waits(hub.connection, log, entry):
            raise EntryWaits(f"entry {entry} is written and waits for its place in the log. Ask again in a minute.")
        raise EntryUnknown(f"the log `{log}` holds no entry {entry}. Take its number from the answer it stands on.")
    head = stored.newest(hub.connection, log)
    if head is not None and leaf.seq >= head.size:
        head = None
    node = Tree(hub.connection, log).node
    if head is not None:
        size, root = head.size, head.root
    else:
        with transaction(hub.connection) as cursor:
            size = merkle_log.size(cursor, log)
        root = root_of(size, node)
    return {
        "type": "inclusion",
        "v": VERSION,
        "log": log,
        "entry": leaf.entry,
        "number": leaf.seq,
        "leaf": leaf.leaf.hex(),
        "size": size,
        "root": root.hex(),
        "path": [one.hex() for one in inclusion(leaf.seq, size, node)],
        "head": None if head is None else log_heads.to_dict(head),
    }


def consistency_proof(hub: Hub, log: str, first: int, second: int | None = None) -> dict[str, Any]:
    """That what head `first` covers is the beginning of what head `second` covers; by default the newest.

    Raises:
        EntryUnknown: there is no such head, or `second` is the older one.
        LogShrunk: leaves or tiles are missing.
    """
    older = head_of(hub, log, first)
    newer = head_of(hub, log, second)
    if older.number > newer.number:
        raise EntryUnknown(f"head {newer.number} is older than head {older.number}. Name the older one first.")
    path = consistency(older.size, newer.size, Tree(hub.connection, log).node)
    return {
        "type": "consistency",
        "v": VERSION,
        "log": log,
        "first": log_heads.to_dict(older),
        "second": log_heads.to_dict(newer),
        "path": [one.hex() for one in path],
    }


def head_of(hub: Hub, log: str, number: int | None = None) -> Head:
    """A head by its number, the newest by default. Raises EntryUnknown where there is none."""
    found = stored.newest(hub.connection, log) if number is None else stored.numbered(hub.connection, log, number)
    if found is None:
        which = "no signed head yet" if number is None else f"no head {number}"
        raise EntryUnknown(f"the log `{log}` has {which}. hub {log} seal makes one.")
    return found


def check(
    document: Any,
    trust: Trust,
    *,
    at: datetime,
    known: Head | None = None,
    body: bytes | None = None,
) -> Proven:
    """Return what a proof shows, once all of it was found right. Needs no database.

    Args:
        document: the proof, as read from JSON.
        known: a head the caller kept; the proof must begin with it (consistency) or lead to it (inclusion).
        body: what the entry says; its leaf must be that of the proof.

    Raises:
        ProofMalformed: it is no proof.
        ProofRefused: it does not prove it.
        HeadRefused: a head in it is not signed as it must be.
        TrustUnknown: nobody said whom to trust.
    """
    try:
        kind, log = document["type"], document["log"]
        known_form = document["v"] == VERSION and isinstance(log, str)
        if known_form and kind == "inclusion":
            return _check_inclusion(document, log, trust, at, known, body)
        if known_form and kind == "consistency":
            return _check_consistency(document, log, trust, at, known)
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise ProofMalformed("this is no proof of a log as the hub writes them; take it anew from where it was made.")


def _check_inclusion(
    document: Any, log: str, trust: Trust, at: datetime, known: Head | None, body: bytes | None
) -> Proven:
    leaf, root = bytes.fromhex(document["leaf"]), bytes.fromhex(document["root"])
    number, size = _count(document["number"]), _count(document["size"])
    head = None if document["head"] is None else log_heads.from_dict(document["head"])
    if head is not None and (head.size, head.root) != (size, root):
        raise ProofRefused("the proof leads to another root than the head beside it; it proves nothing.")
    if known is not None and (head is None or head.statement != known.statement):
        raise ProofRefused("the proof leads to another head than the one you hold; ask for one that leads to it.")
    check_inclusion(leaf, number, size, [bytes.fromhex(one) for one in document["path"]], root)
    entry = str(document["entry"])
    if body is not None and (leaf_hash(body) != leaf or json.loads(body)["id"] != entry):
        raise ProofRefused("the entry says something else than what the proof is about.")
    signed = None if head is None else log_heads.check(head, trust, log=log, at=at)
    return Proven("inclusion", log, head, signed, entry=entry, number=number)


def _check_consistency(document: Any, log: str, trust: Trust, at: datetime, known: Head | None) -> Proven:
    first, second = log_heads.from_dict(document["first"]), log_heads.from_dict(document["second"])
    if known is not None and known.statement != first.statement:
        raise ProofRefused("the proof begins with another head than the one you hold; the log may have been forked.")
    path = [bytes.fromhex(one) for one in document["path"]]
    check_consistency(first.size, first.root, second.size, second.root, path)
    log_heads.check(first, trust, log=log, at=at)
    return Proven("consistency", log, second, log_heads.check(second, trust, log=log, at=at), first=first)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no count")
    return value

"""Heads are sealed: only over a log that still begins with what the head before it covered."""

from __future__ import annotations

from collections.abc import Iterator

from core.merkle import Growing
from core.merkle import root as root_of
from hub import log_heads
from hub.context import Hub, OnStep, no_step
from hub.log_files import LogFiles, LogFilesRefused
from hub.log_heads import Head
from hub.log_key import log_key
from hub.press import timestamp_client
from hub.press_file import press_file_of
from store import log_heads as stored
from store import merkle_log
from store.connection import transaction
from store.merkle_log import Leaf, LogShrunk, Tree

_AT_ONCE = 20_000


def files_of(hub: Hub, log: str) -> LogFiles:
    """Where the log's heads and leaf hashes lie outside the database."""
    return LogFiles(hub.settings.home / "log" / log)


def seal(hub: Hub, log: str, on_step: OnStep = no_step) -> Head:
    """Sign and store a head over all numbered entries, and write it and the new leaf hashes outside the database.

    What a process that died left to write is written first. Stamped where a timestamp authority is configured; while
    it does not answer the head goes without, and says so.

    Raises:
        SealerBusy: another process seals; nothing was done.
        LogShrunk: the log no longer begins with what the newest head covers; nothing was signed.
        LogFilesRefused: the files outside say something else than the database, or cannot be written.
        LogKeyUnset, KeyRefused, CertificateRefused, DemoKeysBroken, PressMalformed: no key to sign with.
        SignerUnavailable: a Retryable; token or platform does not answer.
    """
    signer = log_key(hub.settings)
    part = press_file_of(hub.settings).timestamp
    tsa = timestamp_client(part) if part is not None else None
    with merkle_log.only_sealer(hub.connection, log):
        complete_files(hub, log)
        before = stored.newest(hub.connection, log)
        with transaction(hub.connection) as cursor:
            size = merkle_log.size(cursor, log)
        node = Tree(hub.connection, log).node
        if before is not None and (size < before.size or root_of(before.size, node) != before.root):
            raise LogShrunk(
                f"the log `{log}` no longer begins with the {before.size} entries that its head {before.number} "
                f"covers: it was changed. No head was signed. Find out what was changed: hub {log} verify."
            )
        root = root_of(size, node)
        on_step("root.known")
        head = log_heads.make(log=log, size=size, root=root, at=hub.clock.now(), before=before, signer=signer, tsa=tsa)
        on_step("head.signed")
        stored.add(hub.connection, log, head)
        on_step("head.stored")
        complete_files(hub, log)
        on_step("files.written")
    return head


def complete_files(hub: Hub, log: str) -> None:
    """Write the files of heads that are stored and have none yet.

    Raises:
        LogFilesRefused: the newest file is not of the head in the database, or the leaves there are not what a head
            was signed over.
    """
    files = files_of(hub, log)
    there = files.numbers()
    last = there[-1] if there else -1
    before = stored.numbered(hub.connection, log, last) if there else None
    if there and (before is None or files.head(last).statement != before.statement):
        raise LogFilesRefused(
            f"the files in {files.folder} end with a head {last} that the database does not hold. The database was "
            f"rewritten or restored from a backup; no head was signed. Find out what it lacks: hub {log} verify "
            "(runbook: log-changed)."
        )
    while missing := stored.after(hub.connection, log, last):
        for head in missing:
            first = 0 if before is None else before.size
            files.write(head, _leaves(hub, log, first, head))
            before, last = head, head.number


def _leaves(hub: Hub, log: str, first: int, head: Head) -> Iterator[Leaf]:
    """What the head adds. That it is what was signed is known at the end, before any file has its name."""
    tree = Growing.at(first, Tree(hub.connection, log).node)
    for start in range(first, head.size, _AT_ONCE):
        for one in merkle_log.leaves(hub.connection, log, start, min(head.size, start + _AT_ONCE)):
            tree.add(one.leaf)
            yield one
    if tree.root() != head.root:
        raise LogFilesRefused(
            f"the entries in the database are not those that head {head.number} was signed over; its files were not "
            f"written. Find out what was changed: hub {log} verify."
        )

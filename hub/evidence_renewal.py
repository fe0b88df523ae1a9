"""Evidence renewal 证据续期: a log's newest head is timestamped anew, over all heads and the renewal before.

A stamp proves something only while the certificate behind it is valid and its algorithms hold. Made anew before that
ends, and again before the new one ends, the chain of stamps proves for as long as it goes on what the first one did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from core.digest import sha256
from core.errors import Permanent
from core.merkle import Growing, leaf_hash
from hub import renewal_files
from hub.context import Hub, OnStep, no_step
from hub.evidence_due import Standing, ends_of, standing
from hub.kept_log import KeptLog
from hub.kept_logs import kept
from hub.log_heads import Head
from hub.log_key import log_key
from hub.log_sealing import complete_files, files_of
from hub.press import timestamp_client
from hub.press_file import press_file_of
from hub.renewals import DIGESTS, Covered, Renewal, chained, check_heads, statement_of
from hub.stamp_trust import OIDS, StampTrust, read_stamp
from signing.errors import CertificateRefused, TimestampUnavailable, TrustUnknown
from signing.tsa import TimestampClient
from store import log_heads, log_renewals, merkle_log
from store.merkle_log import LogShrunk, Tree

_AT_ONCE: Final = 4_096
#: With this share of the days before left, an authority that has no newer certificate is an error, not a note.
_LAST_PART: Final = 3


class EvidenceEnds(Permanent):
    """A log's chain of timestamps has ended, or soon will: the authority has no certificate that is valid longer."""

    code: ClassVar[str] = "HUB-988"


class EvidenceUnset(Permanent):
    """Nobody is configured who could timestamp a log's heads anew, or whom this hub trusts for that."""

    code: ClassVar[str] = "HUB-990"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the renewal that was made, or why none was."""

    log: str
    renewal: Renewal | None
    note: str

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        made = self.renewal
        return {
            "log": self.log,
            "renewed": made is not None,
            "number": None if made is None else made.number,
            "head": None if made is None else made.head,
            "note": self.note,
        }


def renew(hub: Hub, log: str, *, force: bool = False, after_gap: bool = False, on_step: OnStep = no_step) -> Outcome:
    """Timestamp the newest head of a log anew where that is due; what a process that died left is finished first.

    Killed before it is stored, a stamp that was made is lost and the next run asks for another; nothing else is.

    Args:
        force: also when it is not due.
        after_gap: go on after the last stamp's certificate has ended; the renewal says so, and proves from then on.

    Raises:
        EvidenceEnds: the last stamp's certificate has ended and `after_gap` was not said, or will within weeks while
            the authority has no certificate that is valid longer; nothing was stored.
        EvidenceUnset: no authority is configured, or its root is not trusted here.
        RenewalRefused, LogShrunk, LogFilesRefused: database, files, heads, entries or earlier renewals do not fit each
            other; nothing was stamped.
        LogKeyUnset, KeyRefused, CertificateRefused, DemoKeysBroken, PressMalformed: no key to sign with.
        SignerUnavailable: a Retryable; token or platform does not answer.
        TimestampUnavailable: a Retryable; the authority does not answer, nothing changed.
        SealerBusy: a Retryable; another process seals or renews.
    """
    files = files_of(hub, log)
    with merkle_log.only_sealer(hub.connection, log):
        held = log_renewals.every(hub.connection, log)
        renewal_files.complete(files, held)
        stands = standing(hub, log)
        head = log_heads.newest(hub.connection, log)
        if head is None or not (force or stands.due):
            return Outcome(log, None, stands.why)
        if stands.ended and not after_gap:
            raise EvidenceEnds(
                f"log `{log}`: {stands.why}, before it was renewed. What is older can no longer be proven by "
                "timestamps alone. Nothing was stamped. Read runbook evidence-ends; `hub evidence renew --after-gap` "
                "goes on and records the gap."
            )
        complete_files(hub, log)
        covered = chained(held, log)
        heads = check_heads(covered, log_heads.every(hub.connection, log))
        entries = _entries(hub, kept(log), covered[-1] if covered else None, head)
        before = held[-1] if held else None
        gap = stands.latest if stands.ended else None
        at = hub.clock.now()
        statement = statement_of(log, head, heads, entries, before, at, gap, log_key(hub.settings))
        on_step("statement.made")
        made = _stamped(hub, statement, 0 if before is None else before.number + 1, head, at)
        on_step("statement.stamped")
        note = _worth_it(hub, stands, before, made)
        if note and not force:
            return Outcome(log, None, note)
        log_renewals.add(hub.connection, log, made)
        on_step("renewal.stored")
        renewal_files.complete(files, [*held, made])
        on_step("files.written")
    return Outcome(log, made, note or stands.why)


def _entries(hub: Hub, log: KeptLog, before: Covered | None, head: Head) -> Growing:
    """The SHA-256 tree over what the head covers, from where the last renewal ended; bodies are held against leaves."""
    first = 0 if before is None else before.entries.size
    other = Growing.with_edge(first, () if before is None else before.entries.edge, sha256)
    tree = Growing.at(first, Tree(hub.connection, log.name).node)
    for start in range(first, head.size, _AT_ONCE):
        rows = merkle_log.leaves(hub.connection, log.name, start, min(head.size, start + _AT_ONCE))
        bodies = log.read(hub.connection, [row.entry for row in rows])
        for row in rows:
            body = bodies.get(row.entry)
            if body is None or leaf_hash(body.body) != row.leaf:
                raise LogShrunk(
                    f"entry {row.entry} of log `{log.name}` is gone or was changed: nothing was stamped over it. Find "
                    f"out what else was: hub {log.name} verify."
                )
            tree.add(row.leaf)
            other.add(leaf_hash(body.body, sha256))
    if tree.size != head.size or tree.root() != head.root:
        raise LogShrunk(
            f"the entries of log `{log.name}` are not those that its head {head.number} was signed over: nothing was "
            f"stamped. Find out what was changed: hub {log.name} verify."
        )
    return other


def _stamped(hub: Hub, statement: bytes, number: int, head: Head, at: datetime) -> Renewal:
    part = press_file_of(hub.settings).timestamp
    if part is None:
        raise EvidenceUnset("press.toml has no section [timestamp]: nobody is there who could stamp. Nothing was done.")
    client = timestamp_client(replace(part, when_down="wait"), hub.clock)
    trust = StampTrust.of(hub.settings, fetch=True)
    stamps: dict[str, bytes] = {}
    between: list[bytes] = []
    for algorithm in hub.settings.evidence_hashes:
        stamps[algorithm] = token = _token(client, statement, algorithm)
        stamp = read_stamp(token, statement, algorithm)
        try:
            above, _ = trust.check(stamp.certificate, stamp.others, stamp.time)
        except (CertificateRefused, TrustUnknown) as error:
            raise EvidenceUnset(
                f"the timestamp authority's stamp over {algorithm} cannot be relied on here: {error.message} "
                "Nothing was stored. Put the authority's root into keys/trust, or where it stamps no SHA-256 set "
                "HUB_EVIDENCE_HASHES=sm3."
            ) from None
        between += [one for one in above[1:] if one not in between]
    return Renewal(number, head.number, at, statement, stamps["sm3"], stamps.get("sha256"), tuple(between))


def _token(client: TimestampClient, statement: bytes, algorithm: str) -> bytes:
    try:
        token = client.token(DIGESTS[algorithm](statement), OIDS[algorithm])
    except TimestampUnavailable as error:
        raise TimestampUnavailable(
            f"stamp over {algorithm}: {error.message} The log was not renewed; its earlier stamps stay as they are."
        ) from None
    if token is None:
        raise AssertionError("a client that waits gives a token or raises")
    return token


def _worth_it(hub: Hub, stands: Standing, before: Renewal | None, made: Renewal) -> str:
    """Why the new stamps prove no longer than those before, "" where they do or were due anyway."""
    if before is None or not stands.ending or stands.soonest is None:
        return ""
    old, new = ends_of(before), ends_of(made)
    if any(end > old[name] for name, end in new.items() if name in old) or min(new.values()) > stands.soonest:
        return ""
    note = (
        f"{stands.why}, and the authority still stamps with a certificate that ends no later: a stamp more would prove "
        "no longer; none was stored"
    )
    left = stands.soonest - hub.clock.now()
    if left < timedelta(days=hub.settings.evidence_days_before) / _LAST_PART:
        raise EvidenceEnds(
            f"log `{stands.log}`: {note}. {max(left.days, 0)} days are left. Ask the authority for its next "
            "certificate, or configure another authority in press.toml (runbook: evidence-ends)."
        )
    return note

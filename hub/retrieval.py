"""The way of a request to see an archive: asked, decided by the table or a person, withdrawn, expired.

Each step is one transaction with its entry in the audit log, so a machine that dies leaves a request where it stood;
a step that is refused is logged too. Of two who take a step at once the second finds it taken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from core.clock import today
from core.errors import HubError, Retryable
from core.uuid7 import uuid7
from hub.caller import Caller, CallerKind, closing
from hub.context import Hub, OnStep, no_step
from hub.retrieval_checks import check_reason, check_scope, check_who, check_withheld, check_words
from hub.retrieval_counting import count
from hub.retrieval_errors import AskedUnfit, NotForYou, OwnRequest, StageWrong
from hub.retrieval_holder import Found, by_number, by_sign_in, missed
from hub.retrieval_lists import get, of_holder, of_party, offered, open_requests, visible
from hub.retrieval_log import (
    Whose,
    about,
    account_of,
    is_archivist,
    number,
    number_of,
    of_step,
    refuse,
    usage,
    withheld,
)
from hub.retrieval_parts import Asked, By, Holder, Proof, Request, Stage
from hub.retrieval_proofs import files_of
from hub.retrieval_rules import Row, rules_of
from store import archive_requests, audit
from store.archive_requests import RESOURCE, NewFile, NewRequest, Step, Stored
from store.audit import Usage
from store.connection import transaction

__all__ = ["ask", "decide", "expire", "get", "of_holder", "of_party", "offered", "open_requests", "withdraw"]

_RULES: Final = ("rules", "规则表")
_CLOCK: Final = ("clock", "到期")


def ask(hub: Hub, asked: Asked, by: By, on_step: OnStep = no_step) -> Request:
    """Take a request in. It comes back `granted` where the table decides alone, else `waiting`.

    Raises:
        RulesBroken, NoRule: the table allows nobody, or not this.
        NotForYou: `by` may not ask, or not for this requester.
        AskedUnfit, ProofUnfit: what is wrong with it.
        HolderNotHeld, IdentifierRefused, SubjectUnfit, LegacyNumberUnknown, LegacyNumberAmbiguous: of the number.
        RequestQuotaUsedUp, CallerStopped: enough for today.
        HubError: of the store.
    """
    try:
        check_who(asked, by)
        check_words(asked, today(hub.clock))
        proofs = files_of(asked.proofs)
        kinds = [one.kind for one in asked.proofs] + ([Proof.SIGNED_IN] if _signed_in(by) else [])
        rules = rules_of(hub.settings)
        rules.find(asked.requester, asked.form, kinds)
        found = by_sign_in(hub, by) if isinstance(by, Holder) else by_number(hub, asked.subject)
        row = rules.find(asked.requester, asked.form, kinds, found.volume.kind)
        check_withheld(asked, row)
        check_scope(asked, found.volume.entries)
        on_step("request.checked")
        request = _write(hub, asked, by, found, row, kinds, proofs)
    except Retryable:
        raise
    except HubError as error:
        refuse(hub, _of_asking(hub, asked, by), error)
        raise
    on_step("request.recorded")
    return get(hub, request, by)


def decide(hub: Hub, request: str, by: Caller, *, grant: bool, reason: str, masked: bool = True) -> Request:
    """Grant or refuse a waiting request as an archivist; who asked for it may not.

    Args:
        request: its id.
        masked: False lets third parties' data be seen; only where the row of the table lets the decider do so.

    Raises:
        RequestUnknown, NotForYou, OwnRequest, StageWrong, AskedUnfit.
    """
    seen = visible(hub, request, by)

    def check(stored: Stored) -> None:
        if not is_archivist(by):
            raise NotForYou(
                f"request {number_of(stored)} is decided by an archivist (role `archivist`); nothing was decided."
            )
        if stored.asked_by == by.id:
            raise OwnRequest(
                f"request {number_of(stored)} was taken in under this account; another archivist decides it. Nothing "
                "was decided."
            )
        if stored.stage != Stage.WAITING:
            raise _wrong(stored, "decided")
        check_reason(reason, least=1)
        if grant and not masked and stored.terms["unmasked"] == "never":
            raise AskedUnfit(
                f"row {stored.terms['id']} of the table lets nobody see third parties' data; nothing was decided. "
                "Decide with them masked."
            )

    def write(cursor: Any, stored: Stored, now: datetime) -> None:
        hidden = masked and stored.terms["unmasked"] != "always"
        stage = Stage.GRANTED if grant else Stage.REFUSED
        archive_requests.decided(cursor, stored.id, stage=stage, who=by.id, masked=hidden, now=now)

    what = "同意" if grant else "不同意"
    _take(hub, seen, by, what, (Stage.GRANTED if grant else Stage.REFUSED).value, reason.strip(), check, write)
    return get(hub, request, by)


def withdraw(hub: Hub, request: str, by: By, reason: str = "") -> Request:
    """Take an open request back: who asked, the holder who did, or an archivist for a requester who said so.

    Raises:
        RequestUnknown, StageWrong, AskedUnfit.
    """
    seen = visible(hub, request, by)

    def check(stored: Stored) -> None:
        if not Stage(stored.stage).open:
            raise _wrong(stored, "withdrawn")
        check_reason(reason, least=0)

    def write(cursor: Any, stored: Stored, _: datetime) -> None:
        archive_requests.ended(cursor, stored.id, Stage.WITHDRAWN)

    _take(hub, seen, by, "撤回", Stage.WITHDRAWN.value, reason.strip(), check, write)
    return get(hub, request, by)


def expire(hub: Hub) -> int:
    """Close every answer whose time is over, and every granted request nobody answered for so long; how many."""
    now = hub.clock.now()
    closed = 0
    hub.vault.ready(RESOURCE)
    for request in archive_requests.over(hub.connection, now):
        seen = archive_requests.by_id(hub.connection, hub.vault, request)
        if seen is None:
            continue
        entry = of_step(hub, closing(), "到期", seen)
        with transaction(hub.connection) as cursor:
            stored = archive_requests.hold(cursor, hub.vault, request)
            if stored.stage not in (Stage.ANSWERED, Stage.GRANTED):
                continue  # somebody else was quicker
            logged = audit.append(cursor, entry, now)
            archive_requests.ended(cursor, request, Stage.EXPIRED)
            step = Step(Stage.EXPIRED.value, *_CLOCK, "", logged)
            archive_requests.add_step(cursor, hub.vault, request, step, now)
        closed += 1
    return closed


def _take(
    hub: Hub,
    seen: Stored,
    by: By,
    what: str,
    step: str,
    why: str,
    check: Callable[[Stored], None],
    write: Callable[[Any, Stored, datetime], None],
) -> None:
    """Take one step: hold the request, check, log, write, all in one transaction."""
    now = hub.clock.now()
    entry = of_step(hub, by, what, seen)
    hub.vault.ready(RESOURCE)
    try:
        with transaction(hub.connection) as cursor:
            stored = archive_requests.hold(cursor, hub.vault, seen.id)
            check(stored)
            logged = audit.append(cursor, entry, now)
            write(cursor, stored, now)
            archive_requests.add_step(cursor, hub.vault, seen.id, Step(step, *account_of(by), why, logged), now)
    except Retryable:
        raise
    except HubError as error:
        refuse(hub, entry, error)
        raise


def _write(hub: Hub, asked: Asked, by: By, found: Found, row: Row, kinds: list[Proof], proofs: list[NewFile]) -> str:
    """The request, its proofs and first steps, logged; its id."""
    now = hub.clock.now()
    account, name = account_of(by)
    request = str(uuid7(now))
    own = by.subject if isinstance(by, Holder) else None
    new = NewRequest(
        id=request,
        party=found.volume.party,
        requester=asked.requester.value,
        form=asked.form.value,
        terms={**row.model_dump(mode="json"), "limits_verified": rules_of(hub.settings).limits_verified},
        automatic=row.automatic,
        told={
            "organisation": _organisation(asked, by),
            "person": (asked.person or "").strip() or None,
            "purpose": asked.purpose.strip(),
            "subject": found.masked,
            "company": found.company,
            "files": list(asked.scope.files),
            "parts": [part.value for part in asked.scope.parts],
            "proofs": [kind.value for kind in kinds],
            "withheld_until": asked.withheld_until.isoformat() if asked.withheld_until else None,
            "withheld_basis": asked.withheld_basis,
        },
        own=own,
        asked_by=account,
        asked_by_name=name,
    )
    hub.vault.ready(RESOURCE)
    with transaction(hub.connection) as cursor:
        # Whoever asks by himself is counted by his number; his account is everybody's.
        count(cursor, f"holder/{own.hex()[:32]}" if own is not None else account, row, now)
        seq = archive_requests.add(cursor, hub.vault, new, Stage.WAITING, now)
        entry = audit.append(cursor, _entry(asked, by, found.whose, row.basis, number(now, seq)), now)
        archive_requests.add_files(cursor, hub.vault, request, proofs)
        archive_requests.add_step(cursor, hub.vault, request, Step("asked", account, name, "", entry), now)
        if row.automatic:
            archive_requests.decided(
                cursor, request, stage=Stage.GRANTED, who=_RULES[0], masked=row.unmasked != "always", now=now
            )
            granted = Step(Stage.GRANTED.value, *_RULES, f"规则 {row.id}", entry)
            archive_requests.add_step(cursor, hub.vault, request, granted, now)
    return request


def _wrong(stored: Stored, what: str) -> StageWrong:
    stage = Stage(stored.stage)
    return StageWrong(
        f"request {number_of(stored)} is {stage.value} ({stage.chinese}) and cannot be {what} any more; nothing was "
        "changed. Load it again."
    )


def _signed_in(by: By) -> bool:
    return isinstance(by, Holder) or by.kind is CallerKind.PARTNER


def _organisation(asked: Asked, by: By) -> str | None:
    """A partner's system cannot ask in another's name."""
    if isinstance(by, Caller) and by.kind is CallerKind.PARTNER:
        return by.organisation_name
    return (asked.organisation or "").strip() or None


def _entry(asked: Asked, by: By, of: Whose, basis: str, number: str) -> Usage:
    entry = usage(by, f"申请{asked.form.chinese}", of=number, basis=basis, told=about(of))
    if asked.withheld_until is None:
        return entry
    told = {"withheld_until": asked.withheld_until.isoformat(), "withheld_basis": asked.withheld_basis}
    return withheld(entry, told)


def _of_asking(hub: Hub, asked: Asked, by: By) -> Usage:
    """The entry of a request that was refused; the holder sees it at once, as no right to withhold it was proven."""
    return usage(by, f"申请{asked.form.chinese}", told=about(missed(hub, by, asked.subject)))

"""机读档案: the structured facts of a holder, from the catalogue, its licences and the register of companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.clock import second_text, today
from core.errors import HubError, Retryable
from hub.access_file import ARCHIVE
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.masking import masked
from hub.retrieval_checks import check_words
from hub.retrieval_counting import count
from hub.retrieval_errors import NotForYou
from hub.retrieval_holder import Found, by_number, missed
from hub.retrieval_log import about, refuse, usage
from hub.retrieval_parts import Asked, FactsTold, Form, Proof, Requester
from hub.retrieval_rules import Row, rules_of
from hub.volume_parts import Entry, Follows, HeldLicence, Volume
from hub.wording import in_words
from schemas.judge import restore
from schemas.records import Record
from store import archive_parties, audit
from store.connection import transaction
from store.records import select_subject

#: Where a company stands, the first that knows it counts; and what of it is told. Names of persons are masked.
_REGISTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "market.entity": (
        "entity_name", "credit_code", "registration_no", "legal_representative", "office", "established_on", "state",
        "scope", "capital", "capital_currency", "industry", "approved_on", "valid_from", "valid_until",
    ),
    "market.company": (
        "name", "credit_code", "registered_on", "kind", "legal_representative", "capital", "scope", "address",
    ),
}  # fmt: skip
_PERSONS: Final = frozenset({"legal_representative"})


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What was found: `told` as JSON, and the names of what is in it, as the audit log has them."""

    told: dict[str, Any]
    names: tuple[str, ...]


def gather(hub: Hub, volume: Volume, names: Sequence[str], *, company: str | None, mask: bool) -> Facts:
    """The facts that a row of the table names; an absent one is null or empty.

    Args:
        company: the credit code where it is known; else it is taken from a register.
        mask: hide names of persons.
    """
    subjects = [one.subject for one in archive_parties.identities(hub.connection, volume.party)]
    register = _register(hub, subjects)
    told: dict[str, Any] = {}
    seen: list[str] = []
    born = [{"name": one.name, "since": one.since.isoformat()} for one in volume.names]
    makers: Mapping[str, Callable[[], Any]] = {
        "name": lambda: born[-1] if born else None,
        "credit_code": lambda: company or _credit_code(register),
        "former_names": lambda: born[:-1],
        "register": lambda: _told_of(register, mask=mask),
        "licences": lambda: [_licence(one) for one in volume.licences],
        "cases": lambda: [_case(one) for one in volume.entries],
        "successions": lambda: [_succession(one) for one in volume.follows],
    }
    for name in names:
        told[name] = makers[name]()
        if name == "register" and register is not None:
            seen += [f"{register[0]}.{field}" for field in told[name]["fields"]]
        else:
            seen.append(f"archive.{_CHINESE[name]}")
    return Facts({"v": 1, "as_of": second_text(hub.clock.now()), "masked": mask, "facts": told}, tuple(seen))


def facts_for(hub: Hub, caller: Caller, number: str, *, purpose: str) -> FactsTold:
    """Facts for a partner's system, decided by the table alone and logged before they leave.

    Args:
        number: of whose archive it is, as typed.

    Raises:
        RulesBroken, NoRule, NotForYou, AskedUnfit, HolderNotHeld, RequestQuotaUsedUp, CallerStopped, and what is wrong
            with the number.
    """
    what = "机读档案"
    try:
        if caller.kind is not CallerKind.PARTNER or ARCHIVE not in caller.roles:
            raise NotForYou(
                "facts are given at once to partners' systems that have the role `archive` only; nothing was given "
                "out. Make a request at the counter."
            )
        asked = Asked(Requester.PARTNER, caller.organisation_name, None, number, Form.FACTS, purpose)
        check_words(asked, today(hub.clock))
        rules = rules_of(hub.settings)
        rules.find(Requester.PARTNER, Form.FACTS, [Proof.SIGNED_IN])
        found = by_number(hub, number)
        row = rules.find(Requester.PARTNER, Form.FACTS, [Proof.SIGNED_IN], found.volume.kind)
        if not row.automatic:
            raise NotForYou(
                f"row {row.id} of the table has a person decide; nothing was given out. Make a request instead."
            )
        return _given(hub, caller, found, row, purpose.strip())
    except Retryable:
        raise
    except HubError as error:
        refuse(hub, usage(caller, what, told=about(missed(hub, caller, number))), error)
        raise


def _given(hub: Hub, caller: Caller, found: Found, row: Row, purpose: str) -> FactsTold:
    facts = gather(hub, found.volume, row.facts, company=found.company, mask=row.unmasked != "always")
    now = hub.clock.now()
    with transaction(hub.connection) as cursor:
        count(cursor, caller.id, row, now)
        told = about(found.whose, {"archive": facts.names})
        entry = audit.append(cursor, usage(caller, f"机读档案（{purpose}）", basis=row.basis, told=told), now)
    return FactsTold(facts.told, entry, row.id, row.basis, row.verified)


_CHINESE: Final = {
    "name": "名称",
    "credit_code": "统一社会信用代码",
    "former_names": "曾用名称",
    "register": "登记信息",
    "licences": "证照",
    "cases": "办件",
    "successions": "承继关系",
}


def _register(hub: Hub, subjects: Sequence[bytes]) -> tuple[str, Record, str] | None:
    """The resource, record and day of the first register that knows one of the numbers."""
    with transaction(hub.connection) as cursor:
        found = [select_subject(cursor, subject, list(_REGISTERS)) for subject in subjects]
    for resource in _REGISTERS:
        for one in found:
            for row in one[resource]:
                opened = row.open(hub.vault)
                return resource, restore(resource, opened.payload), opened.valid_from.date().isoformat()
    return None


def _told_of(register: tuple[str, Record, str] | None, *, mask: bool) -> dict[str, Any] | None:
    if register is None:
        return None
    resource, record, since = register
    fields = {name: in_words(getattr(record, name)) for name in _REGISTERS[resource]}
    return {
        "source": resource,
        "since": since,
        "fields": {name: masked(words) if mask and name in _PERSONS else words for name, words in fields.items()},
    }


def _credit_code(register: tuple[str, Record, str] | None) -> str | None:
    return (in_words(getattr(register[1], "credit_code", None)) or None) if register is not None else None


def _licence(one: HeldLicence) -> dict[str, Any]:
    return {
        "number": one.number,
        "type": one.title,
        "status": one.status.value,
        "status_zh": one.status.chinese,
        "valid_until": one.valid_until.isoformat() if one.valid_until else None,
        "inherited": one.inherited,
    }


def _case(one: Entry) -> dict[str, Any]:
    return {
        "file_no": one.file_no,
        "archive_code": one.archive_code,
        "part": one.part,
        "item": one.item_name,
        "outcome": one.outcome,
        "accepted_on": one.accepted_on.isoformat(),
        "decided_on": one.decided_on.isoformat(),
        "organ": one.organ,
        "inherited": one.inherited,
    }


def _succession(one: Follows) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "on": one.happened_on.isoformat(),
        "basis": one.basis,
        "direction": "from" if one.before else "to",
        "names": list(one.names),
    }

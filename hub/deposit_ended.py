"""Cases that end without a licence document are archived too: 不予, 撤回, and approved steps that make none (注销).

Their packages hold what the bureau's own system told of the case; the files of the application itself stay there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from archive.case import CaseEvent, CaseFile, CaseFileEntry, CaseFolder, FolderKind, Outcome
from archive.errors import RetentionUnset
from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import HubError, Permanent, Retryable
from hub.context import Hub, OnStep, no_step
from hub.deposit import deposit_all
from hub.packing import Packer, masked, start_of, written
from hub.press import Press
from hub.sources import ACCEPT, RESULT
from schemas.items import all_items
from schemas.judge import restore
from schemas.records import Accept, Result
from schemas.records.bureau import Decision
from store import archive_packages, ended_cases, licence_life, records
from store.connection import transaction
from store.ended_cases import Ended
from store.licence_life import Licence, Taken

_OUTCOMES: Final = {
    Decision.GRANTED: Outcome.GRANTED,
    Decision.REFUSED: Outcome.REFUSED,
    Decision.WITHDRAWN: Outcome.WITHDRAWN,
}
#: Of one case both may be archived, where the bureau corrected its decision.
_MARKS: Final = {Outcome.GRANTED: "", Outcome.REFUSED: "-refused", Outcome.WITHDRAWN: "-withdrawn"}
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,48}")
#: An item's code begins with the credit code of the office that has it.
_OFFICE: Final = 18
_TOLD: Final = 20


class _Outside(Exception):
    """A case of an item the hub does not know and the retention table does not name."""


class EndedLeft(Permanent):
    """Some cases that ended without a licence could not be archived; the others were."""

    code: ClassVar[str] = "HUB-735"


@dataclass(frozen=True, slots=True)
class EndedDeposit:
    """What came of it.

    Attributes:
        packed: electronic file numbers of the packages made.
        left: (approval, code of the error) of each case that could not be packed.
        waiting: how many lack the record of their acceptance or their result, and are packed once it is collected.
        outside: how many are of an item the hub does not know, so that nobody said how long they are kept.
    """

    packed: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    waiting: int = 0
    outside: int = 0

    def demand_whole(self) -> None:
        """Raises EndedLeft: a case could not be packed."""
        if self.left:
            told = ", ".join(f"{approval} ({code})" for approval, code in self.left[:_TOLD])
            more = f" and {len(self.left) - _TOLD} more" if len(self.left) > _TOLD else ""
            raise EndedLeft(
                f"archived {len(self.packed)} cases that ended without a licence, not archived {told}{more}; "
                "docs/errors.md says what each code asks for. They are tried again with the next deposit."
            )


def deposit_ended(hub: Hub, on_step: OnStep = no_step) -> EndedDeposit:
    """Pack every case that ended without a licence document and has no package yet; one that cannot be packed keeps no
    other from it.

    Raises:
        Retryable: the first of those that may succeed later, once all others were tried.
        HubError: of the press or of a table that cannot be read; nothing was packed.
    """
    unpacked = ended_cases.unpacked(hub.connection)
    if not unpacked:
        return EndedDeposit()
    packer = Packer(hub, Press.open(hub.settings), on_step)
    packed: list[str] = []
    left: list[tuple[str, str]] = []
    later: list[Retryable] = []
    waiting = outside = 0
    for ended in unpacked:
        try:
            case = _case(packer, ended)
            if case is None:
                waiting += 1
            elif _deposit(packer, ended, case):
                packed.append(case.electronic_file_no)
        except Retryable as error:
            later.append(error)
        except _Outside:
            outside += 1
        except HubError as error:
            left.append((ended.approval, error.code))
    if later:
        raise later[0]
    return EndedDeposit(tuple(packed), tuple(left), waiting, outside)


def deposit_both(hub: Hub, on_step: OnStep = no_step) -> tuple[list[str], EndedDeposit]:
    """Pack what waits for it: licences with their cases, then cases that ended without one, these also where one of
    those could not be packed.

    Raises:
        As `hub.deposit.deposit_all` and `deposit_ended`.
    """
    try:
        packed = deposit_all(hub, on_step)
    finally:
        ended = deposit_ended(hub, on_step)
    return packed, ended


def _deposit(packer: Packer, ended: Ended, case: CaseFile) -> bool:
    """Whether it was packed here; what another process has packed is left."""
    hub = packer.hub
    licence = licence_life.by_id(hub.connection, ended.licence) if ended.licence is not None else None
    with ended_cases.only_packer(hub.connection, case.electronic_file_no) as unpacked:
        if not unpacked:
            return False
        item = all_items().get(case.item_code)
        new = packer.put(
            case,
            year=case.decided.year,
            step=item.licence_step if item is not None else None,
            licence_number=licence.number if licence is not None else None,
        )
        with transaction(hub.connection) as cursor:
            archive_packages.add(cursor, new, hub.clock.now())
    packer.recorded(case)
    return True


def _case(packer: Packer, ended: Ended) -> CaseFile | None:
    """The case as it is packed; None where a record of it is not there, or tells of another outcome by now."""
    hub, press = packer.hub, packer.press
    found = records.of_subject(hub.connection, hub.vault, hub.subject("case", ended.approval), [ACCEPT, RESULT])
    if not found[ACCEPT] or not found[RESULT]:
        return None
    told, ruled = found[ACCEPT][0].payload, found[RESULT][0].payload
    accept, result = cast(Accept, restore(ACCEPT, told)), cast(Result, restore(RESULT, ruled))
    outcome = _OUTCOMES[result.decision]
    if (outcome is Outcome.GRANTED) != (ended.licence is not None):
        return None
    item = all_items().get(accept.item_code)
    try:
        retention = packer.retention(accept.item_code)
    except RetentionUnset:
        if item is None:
            raise _Outside from None
        raise
    accepted, decided = start_of(accept.accepted_on), start_of(result.decided_on)
    step = _step(hub, ended) if ended.licence is not None else None
    process: list[CaseFileEntry] = []
    events = [
        CaseEvent("受理", accept.office_name, accepted, "已受理"),
        CaseEvent("决定" if outcome is not Outcome.WITHDRAWN else "办结", press.bureau.name, decided, outcome.value),
    ]
    if step is not None:
        licence, taken = step
        at = taken.at.astimezone(SHANGHAI)
        process.append(written("环节登记.json", "证照环节登记", _entered(licence, taken), at))
        events.append(CaseEvent(taken.step.chinese, "一证通办数据共享枢纽", at, f"证照{licence.number}"))
    return CaseFile(
        electronic_file_no=_file_no(accept, outcome),
        project_no=ended.approval,
        item_code=accept.item_code,
        item_name=item.name if item is not None else accept.item_name or "未注明",
        item_version=accept.item_version or "未注明",
        applicant_name=accept.applicant_name,
        applicant_code_masked=masked(accept.applicant_number.number),
        organ_name=press.bureau.name,
        organ_code=press.bureau.credit_code,
        retention=retention,
        accepted=accept.accepted_on,
        decided=result.decided_on,
        outcome=outcome,
        packed_at=ended.at.astimezone(SHANGHAI),
        folders=[
            CaseFolder(FolderKind.APPLICATION, [written("受理信息.json", "受理信息", json.loads(told), accepted)]),
            CaseFolder(FolderKind.PROCESS, process),
            CaseFolder(FolderKind.RESULT, [written("办理结果.json", "办理结果", json.loads(ruled), decided)]),
        ],
        events=events,
    )


def _step(hub: Hub, ended: Ended) -> tuple[Licence, Taken] | None:
    """The licence an approved step was taken of, and the step."""
    licence = licence_life.by_id(hub.connection, ended.licence or "")
    if licence is None:
        return None
    history = licence_life.history(hub.connection, licence.id)
    taken = next((one for one in history if one.at >= ended.at and not one.step.makes_version), None)
    return None if taken is None else (licence, taken)


def _entered(licence: Licence, taken: Taken) -> dict[str, Any]:
    return {
        "licence": licence.number,
        "step": taken.step.value,
        "before": taken.before.value,
        "after": taken.after.value,
        "at": taken.at.astimezone(SHANGHAI).isoformat(),
        "effective_on": taken.grounds.effective_on.isoformat(),
        "basis": taken.grounds.basis,
        "register_entry": taken.entry,
    }


def _file_no(accept: Accept, outcome: Outcome) -> str:
    """Division, item and case: one of its own for each case and outcome, whatever else becomes of them."""
    case = accept.project_no
    if not _PLAIN.fullmatch(case):
        case = f"x{sm3(case.encode()).hex()[:32]}"
    return f"{accept.item_code[2:8]}-{accept.item_code[_OFFICE:]}-{case}{_MARKS[outcome]}"

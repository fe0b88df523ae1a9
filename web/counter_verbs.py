"""The hub itself behind desk and terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pypinyin import lazy_pinyin

from hub import cases
from hub.access import with_holder
from hub.answer import Answer, MaterialAnswer
from hub.caller import Caller, CallerKind
from hub.counter import open_case_for
from hub.items import find
from hub.lookup import Ask
from schemas.items import ServiceItem, all_items, all_purposes
from schemas.items import item as item_of
from schemas.items.model import Level
from web.desk_port import ItemChoice, Outcome, PurposeChoice, Taken
from web.service import Service

_LEVELS: Final = {Level.DISTRICT: "区级", Level.STREET: "街道", Level.COMMUNITY: "社区"}
#: Of several for one material the last of these stands.
_WEIGHT: Final = (Taken.LATER, Taken.PROMISE, Taken.UPLOAD)
#: More than anybody reads; a longer text finds fewer.
_FOUND: Final = 60


def _as_spoken(item: ServiceItem) -> list[str]:
    return lazy_pinyin(item.name)


class HubCounter:
    """To be shared between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def find_items(self, text: str, caller: Caller) -> Sequence[ItemChoice]:
        """Items this caller may ask about, the best first; all in the order of their pinyin for an empty text."""
        found = find(text, _FOUND) if text else sorted(all_items().values(), key=_as_spoken)
        return [choice for one in found if (choice := self._choice(one, caller)).purposes]

    def item(self, code: str, caller: Caller) -> ItemChoice:
        """The item of a code with the purposes this caller may name."""
        return self._choice(item_of(code), caller)

    def open_case(self, *, caller: Caller, item: str, identifier: str) -> str:
        """Open a case of whoever bears the number; its number."""
        with self._service.pool.hub() as hub:
            return open_case_for(hub, caller=caller, item=item, identifier=identifier, means=self._service.means)

    def lookup(self, *, caller: Caller, item: str, identifier: str, purpose: str, case_no: str) -> Answer:
        """Ask; the entry is in the audit log before the answer is here."""
        return self._service.queue.ask(Ask(caller, item, identifier, purpose, case_no)).result()

    def settle(self, *, caller: Caller, case_no: str, item: str, material: MaterialAnswer, way: Taken) -> None:
        """Record what was taken for a material, and why the lookup did not give it."""
        with self._service.pool.hub() as hub:
            cases.settle_material(
                hub,
                case_no=case_no,
                material=material.code,
                way=way.value,
                reason=material.reason or material.state.value,
                caller=caller,
                now=hub.clock.now(),
                item=item_of(item),
                resource=material.origin.resource if material.origin else None,
            )

    def taken(self, *, case_no: str) -> Mapping[str, Taken]:
        """Material code to what was taken for it in this case before."""
        with self._service.pool.hub() as hub:
            settled = [(one.material, Taken(one.way)) for one in cases.settled(hub, case_no)]
        return dict(sorted(settled, key=lambda one: _WEIGHT.index(one[1])))

    def may_close(self, case_no: str) -> bool:
        """Whether the number is of a case opened at a desk or terminal."""
        return cases.is_desk_number(case_no)

    def close_case(self, *, caller: Caller, case_no: str, outcome: Outcome) -> None:
        """End a case that was opened at a desk or terminal."""
        with self._service.pool.hub() as hub:
            cases.close(hub, case_no=case_no, caller=caller, outcome=outcome.value, now=hub.clock.now())

    def _choice(self, item: ServiceItem, caller: Caller) -> ItemChoice:
        words = all_purposes()
        return ItemChoice(
            code=item.code,
            name=item.name,
            organ=item.organ,
            kinds=item.roles["applicant"].kinds,
            purposes=tuple(
                PurposeChoice(purpose.code, words[purpose.code].name, purpose.basis)
                for purpose in item.purposes
                if self._allowed(caller, item, purpose.code)
            ),
            materials=tuple(material.name for material in item.materials),
            levels=tuple(_LEVELS[level] for level in item.levels),
        )

    def _allowed(self, caller: Caller, item: ServiceItem, purpose: str) -> bool:
        # What is offered before the holder has come; the question itself needs him there.
        asking = with_holder(caller) if caller.kind is CallerKind.TERMINAL else caller
        return self._service.means.access.may(asking, item, purpose)

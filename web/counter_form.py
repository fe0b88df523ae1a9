"""Forms of desk and terminal: small, urlencoded, read once; and what is wrong with the desk's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.datastructures import FormData
from starlette.requests import Request

from core.errors import Rejected
from web.desk_port import ItemChoice, PurposeChoice
from web.typed_number import bare, judge

_LARGEST: Final = 16 * 1024
_FIELDS: Final = 64
_LONGEST: Final = 200
_NO_CONTROLS: Final = dict.fromkeys((*range(32), 127))
#: Purposes of the holder himself and of the hub; a clerk is not offered them.
_NOT_AT_DESK: Final = frozenset({"self_service", "issuing"})


class FormRefused(Rejected):
    """A form of the desk or a terminal was too large, of another type, or lacked a field the page always sends."""

    code: ClassVar[str] = "HUB-891"


async def read_form(request: Request, longest: int = _LONGEST) -> Mapping[str, str]:
    """Field to text without control characters; of a field that comes twice the first, of a longer one its beginning.

    Raises:
        FormRefused: no urlencoded form, or larger than any of ours.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise FormRefused("a request was no urlencoded form; nothing was done")
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared) > _LARGEST:
        raise FormRefused("a form was larger than any page sends; nothing was done")
    form: FormData = await request.form(max_files=0, max_fields=_FIELDS, max_part_size=_LARGEST)
    read: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            read.setdefault(name, value[:longest].translate(_NO_CONTROLS))
    return read


@dataclass(slots=True)
class Question:
    """The desk's form as it is filled in; the number is in no text of this but its own field, and that is not shown.

    Attributes:
        found: items that answer the search; None where an item is chosen.
        wrong: field to what is wrong with it, in the order of the page.
        number: as typed; put back into the page only when the form has to be corrected.
    """

    item: ItemChoice | None = None
    search: str = ""
    found: tuple[ItemChoice, ...] = ()
    more: int = 0
    recent: tuple[ItemChoice, ...] = ()
    purpose: str = ""
    case: str = "new"
    case_no: str = ""
    number: str = field(default="", repr=False)
    wrong: dict[str, str] = field(default_factory=dict)

    def check(self) -> PurposeChoice | None:
        """Fill `wrong`; the purpose chosen where nothing is."""
        self.wrong = {}
        if self.item is None:
            self.wrong["item"] = "请先选择办理事项"
        chosen = None
        if self.item is not None:
            chosen = next((one for one in self.purposes if one.code == self.purpose), None)
            if chosen is None:
                self.wrong["purpose"] = (
                    "请选择查询用途" if self.purposes else "您没有查询该事项的权限，请联系本单位系统管理员"
                )
        verdict = judge(self.number, self.item.kinds if self.item else ("citizen", "company"), finished=True)
        if verdict.state != "good":
            self.wrong["number"] = verdict.words
        if self.case == "existing" and not self.case_no:
            self.wrong["case_no"] = "请输入办件编号，或选择新开办件"
        return None if self.wrong else chosen

    @property
    def purposes(self) -> tuple[PurposeChoice, ...]:
        """What a clerk may say he asks for."""
        return tuple(one for one in self.item.purposes if one.code not in _NOT_AT_DESK) if self.item else ()

    @property
    def bare_number(self) -> str:
        """The number without blanks."""
        return bare(self.number)

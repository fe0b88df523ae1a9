"""An answer in the words of a counter: how a material stands, where it comes from, how old it is, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.clock import SHANGHAI
from hub.answer import Answer, MaterialAnswer, MaterialState, Origin
from schemas.items.model import Way
from web.desk_port import Outcome, Taken
from web.kept import View


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: colour class and icon together with its word, never one of them alone."""

    colour: str
    icon: str
    word: str


LOOKS: Final = {
    MaterialState.SATISFIED: Look("good", "ok", "已获取"),
    MaterialState.PROMISED: Look("good", "pen", "已承诺"),
    MaterialState.STALE: Look("warn", "clock", "已超期"),
    MaterialState.CONFLICTING: Look("warn", "differ", "不一致"),
    MaterialState.UNREACHABLE: Look("warn", "off", "未联系上"),
    MaterialState.UNMET: Look("bad", "no", "不符合"),
    MaterialState.MISSING: Look("bad", "no", "无记录"),
}
TAKEN: Final = {Taken.PROMISE: "告知承诺", Taken.UPLOAD: "已收纸质材料", Taken.LATER: "容缺后补"}
OUTCOMES: Final = {Outcome.ACCEPTED: "受理", Outcome.REFUSED: "不予受理", Outcome.WITHDRAWN: "申请人撤回"}
KINDS: Final = {"citizen": "公民身份号码", "company": "统一社会信用代码"}
#: Roles whose facts are not the applicant's own.
ROLES: Final = {"applicant": "申请人", "legal_rep": "法定代表人"}
_OFFICES: Final = ("局", "委", "院", "厅", "中心", "平台", "部门", "窗口")
#: What a clerk does about a state, apart from what the item itself lets the applicant do.
_ADVICE: Final = {
    MaterialState.STALE: "请核对原件，或稍后重新查询",
    MaterialState.CONFLICTING: "请核对原件，不得自行择一采信",
    MaterialState.UNREACHABLE: "请稍后重新查询",
}


def age(then: datetime | None, now: datetime) -> str:
    """How long ago, as people say it; by days of the calendar from yesterday on."""
    if then is None:
        return "时间不明"
    here, there = now.astimezone(SHANGHAI), then.astimezone(SHANGHAI)
    days = (here.date() - there.date()).days
    minutes = int((here - there).total_seconds() // 60)
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟前"
    if days == 0:
        return f"{minutes // 60} 小时前"
    return "昨天" if days == 1 else f"{days} 天前"


def source(origin: Origin, now: datetime) -> str:
    """“3 天前，税务局·税务登记信息，批次 12”; of a live answer that it is one."""
    named = f"{origin.department}·{origin.title}"
    if origin.live:
        asked = f"{origin.as_of.astimezone(SHANGHAI):%H:%M} " if origin.as_of else ""
        return f"{asked}实时核验，{named}"
    batch = f"，批次 {origin.batch}" if origin.batch is not None else ""
    return f"{age(origin.as_of, now)}，{named}{batch}"


def office(department: str) -> str:
    """A department in a sentence: 税务 is 税务部门, 审批局 stays."""
    return department if department.endswith(_OFFICES) else f"{department}部门"


def advice(material: MaterialAnswer) -> str:
    """What the clerk does besides promise and paper; empty where there is nothing to say."""
    said = _ADVICE.get(material.state, "")
    if not said and not material.state.needs_nothing and not material.ways_left:
        return "本事项未规定替代方式，请按办事指南处理"
    return said


def choices(material: MaterialAnswer) -> tuple[Taken, ...]:
    """What may be recorded for a material; a later paper only where a paper may come at all."""
    if material.state.needs_nothing:
        return ()
    ways = []
    if Way.PROMISE in material.ways_left:
        ways.append(Taken.PROMISE)
    if Way.UPLOAD in material.ways_left:
        ways += [Taken.UPLOAD, Taken.LATER]
    return tuple(ways)


def still_open(view: View) -> Sequence[MaterialAnswer]:
    """Materials that are neither there nor taken in another way."""
    return [one for one in view.answer.materials if not one.state.needs_nothing and one.code not in view.taken]


def count_held(answer: Answer) -> int:
    """Materials that need nothing of the applicant."""
    return sum(one.state.needs_nothing for one in answer.materials)

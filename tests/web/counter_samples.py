"""A hub behind the desk that answers with given values, and callers who are always signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request

from core.clock import SHANGHAI, FixedClock
from core.errors import HubError
from core.settings import Mode, Settings
from hub.access import with_holder
from hub.answer import Answer, Contradiction, Fact, MaterialAnswer, MaterialState, Origin
from hub.caller import Caller, CallerKind
from hub.cases import CaseUnknown
from hub.sessions import Session
from schemas.errors import ItemUnknown
from schemas.items.model import Trust, Way
from tests.web.samples import Sample
from web.app import create_app
from web.desk_port import ItemChoice, Outcome, PurposeChoice, Taken
from web.session import check_csrf, session_if_any, staff, terminal

NOW = datetime(2026, 3, 5, 9, 12, tzinfo=SHANGHAI)
CLERK = Caller(
    CallerKind.CLERK,
    "zhang",
    "张敏",
    "420112001",
    "吴家山街道政务服务中心",
    "420112001",
    roles=frozenset({"clerk"}),
)
TERMINAL = Caller(
    CallerKind.TERMINAL, "T-07", "七号终端", "420112001", "吴家山街道政务服务中心", place="吴家山街道一楼大厅"
)

#: Numbers whose check characters are right; the citizen's is the example printed in GB 11643.
PERSON = "11010519491231002X"
COMPLETE, MIXED, PROMISING, DOWN = (
    "91420112MA0KERK01C",
    "91420112MA0KERK02F",
    "91420112MA0KERK03J",
    "91420112MA0KERK04M",
)
WRONG = "110105194912310021"

_ACCEPT = PurposeChoice("acceptance", "受理审查", "国务院关于在线政务服务的若干规定（国务院令第716号）")
_DECIDE = PurposeChoice("decision", "审批决定", "人力资源市场暂行条例")
_SELF = PurposeChoice("self_service", "本人自助办理", "国务院关于在线政务服务的若干规定（国务院令第716号）")


def _item(number: int, name: str, organ: str, kinds: tuple[str, ...], *materials: str) -> ItemChoice:
    return ItemChoice(
        f"11420112MB0000000M30001990{number:02}000", name, organ, kinds, (_ACCEPT, _DECIDE, _SELF), materials, ("街道",)
    )


HR = _item(
    1,
    "人力资源服务许可",
    "区行政审批局",
    ("company",),
    "营业执照",
    "税务登记信息",
    "法定代表人参保缴费记录",
    "专职工作人员职业资格证书",
)
SUBSIDY = _item(
    2, "灵活就业人员社会保险补贴", "区人力资源局", ("citizen",), "居民户口簿", "就业失业登记", "参保缴费记录"
)
ITEMS: dict[str, tuple[ItemChoice, str]] = {
    one.code: (one, initials)
    for one, initials in (
        (HR, "rlzyfwxk"),
        (SUBSIDY, "lhjyryshbxbt"),
        (_item(3, "小餐饮经营登记", "街道办事处", ("company", "citizen"), "市场主体登记信息", "健康证明"), "xcyjydj"),
        (_item(4, "食品经营许可", "区行政审批局", ("company", "citizen"), "营业执照", "完税证明"), "spjyxk"),
        (_item(5, "劳务派遣经营许可", "区行政审批局", ("company",), "营业执照", "不动产权证书"), "lwpqjyxk"),
        (_item(6, "民办非企业单位成立登记", "区行政审批局", ("company",), "社会组织登记信息"), "mbfqydwcldj"),
        (_item(7, "出版物零售业务经营许可", "区行政审批局", ("company",), "营业执照"), "cbwlsywjyxk"),
        (_item(8, "公共场所卫生许可", "区行政审批局", ("company",), "营业执照", "卫生检测报告"), "ggcswsxk"),
        (_item(9, "生育登记", "街道办事处", ("citizen",), "婚姻登记信息", "出生医学证明"), "sydj"),
    )
}


def origin(resource: str, department: str, title: str, days: int, batch: int | None, trust: Trust = Trust.B) -> Origin:
    return Origin(resource, department, title, trust, NOW - timedelta(days=days, hours=1), batch)


MARKET = origin("market.entity", "市场监管局", "市场主体登记信息", 1, 18, Trust.A)
TAX = origin("tax.registration", "税务局", "税务登记信息", 3, 12)
HR_ORIGIN = Origin("hr.insurance", "人社局", "社会保险参保", Trust.B, NOW - timedelta(minutes=0), None, live=True)
VOCATIONAL = origin("hr.vocational", "人社局", "职业资格证书", 0, 41)

LICENCE = MaterialAnswer(
    "M1",
    "营业执照",
    "applicant",
    MaterialState.SATISFIED,
    Way.LICENCE,
    MARKET,
    (
        Fact("entity_name", "市场主体名称", "武汉样例人力资源有限公司", "武汉样例人力资源有限公司"),
        Fact("state", "登记状态", "存续", "存续（在营、开业、在册）"),
        Fact("legal_representative", "法定代表人", "李样例", "李样例"),
        Fact("established_on", "成立日期", "2018-05-21", "2018年5月21日"),
        Fact("capital", "注册资本", "2000000.00", "200 万元人民币"),
        Fact("scope", "经营范围", "", "人力资源服务（不含职业中介活动、劳务派遣服务），企业管理咨询，会议及展览服务"),
    ),
)
TAXES = MaterialAnswer(
    "M2",
    "税务登记信息",
    "applicant",
    MaterialState.SATISFIED,
    Way.SHARED,
    TAX,
    (
        Fact("taxpayer_name", "纳税人名称", "武汉样例人力资源有限公司", "武汉样例人力资源有限公司"),
        Fact("state", "状态", "正常", "正常"),
        Fact("legal_representative", "法定代表人", "李样例", "李样例"),
        Fact("registered_on", "登记日期", "2018-05-25", "2018年5月25日"),
    ),
)
INSURED = MaterialAnswer(
    "M3",
    "法定代表人参保缴费记录",
    "legal_rep",
    MaterialState.SATISFIED,
    Way.LIVE,
    HR_ORIGIN,
    (
        Fact("name", "姓名", "李样例", "李样例"),
        Fact("kind", "险种", "职工养老", "职工养老"),
        Fact("payment_state", "缴费状态", "正常", "正常"),
        Fact("insured_since", "参保日期", "2012-07-01", "2012年7月1日"),
        Fact("paid_through", "缴费至", "2026-02", "2026年2月"),
    ),
)
CERTIFICATE = MaterialAnswer(
    "M4",
    "专职工作人员职业资格证书",
    "legal_rep",
    MaterialState.SATISFIED,
    Way.SHARED,
    VOCATIONAL,
    (
        Fact("certificate_no", "证书编号", "1842000000123", "1842000000123"),
        Fact("occupation", "职业名称", "企业人力资源管理师", "企业人力资源管理师"),
        Fact("level", "等级", "二级", "二级／技师"),
    ),
)
CLAUSE = "本单位承诺有三名以上取得职业资格的专职工作人员，所述属实；如有不实，愿承担法律责任。"
CONFLICT = replace(
    TAXES,
    state=MaterialState.CONFLICTING,
    way=Way.SHARED,
    contradictions=(
        Contradiction("法定代表人", "李样例", MARKET, "legal_representative", "王样例"),
        Contradiction("住所", "东西湖区吴家山街道示例路 1 号", MARKET, "address", "东西湖区金银湖街道示例大道 88 号"),
    ),
    reason="conflict",
    note="两个来源的记载不一致，请核实",
    ways_left=(Way.UPLOAD,),
    upload="税务登记信息打印件（加盖公章）",
)
MISSING = replace(
    CERTIFICATE,
    state=MaterialState.MISSING,
    way=Way.PROMISE,
    facts=(),
    reason="no_record",
    note="来源部门没有该记录",
    ways_left=(Way.PROMISE, Way.UPLOAD),
    promise=CLAUSE,
    upload="职业资格证书原件及复印件",
)
UNREACHABLE = replace(
    INSURED,
    state=MaterialState.UNREACHABLE,
    way=Way.UPLOAD,
    origin=replace(HR_ORIGIN, live=False, as_of=None),
    facts=(),
    reason="never_read",
    note="来源部门未在时限内答复",
    ways_left=(Way.UPLOAD,),
    upload="社会保险参保证明",
)
STALE = replace(
    INSURED,
    state=MaterialState.STALE,
    way=Way.SHARED,
    origin=replace(HR_ORIGIN, live=False, as_of=NOW - timedelta(days=41), batch=7),
    reason="stale",
    note="来源部门未在时限内答复，以下为2026年01月23日采集的数据",
    ways_left=(Way.UPLOAD,),
    upload="社会保险参保证明",
)
SCENES: dict[str, tuple[MaterialAnswer, ...]] = {
    COMPLETE: (LICENCE, TAXES, INSURED, CERTIFICATE),
    MIXED: (LICENCE, CONFLICT, UNREACHABLE, MISSING),
    PROMISING: (LICENCE, TAXES, STALE, MISSING),
    PERSON: (
        replace(INSURED, code="M1", name="居民户口簿", role="applicant"),
        replace(
            MISSING,
            code="M2",
            name="就业失业登记",
            role="applicant",
            promise=None,
            ways_left=(Way.UPLOAD,),
            upload="就业创业证",
        ),
        replace(INSURED, code="M3", name="参保缴费记录", role="applicant"),
    ),
}


@dataclass
class SampleDesk:
    """Answers by number; keeps what was asked and recorded."""

    error: HubError | None = None
    cases: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    settled: list[tuple[str, str, str]] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)

    def find_items(self, text: str, caller: Caller) -> Sequence[ItemChoice]:
        text = text.lower()
        return [
            one for one, initials in ITEMS.values() if text in one.name or text in initials or text.upper() in one.code
        ]

    def item(self, code: str, caller: Caller) -> ItemChoice:
        if code not in ITEMS:
            raise ItemUnknown("no such item")
        return ITEMS[code][0]

    def open_case(self, *, caller: Caller, item: str, identifier: str) -> str:
        number = f"420112202603050{len(self.cases) + 1:04}"
        self.cases[number] = identifier
        return number

    def lookup(self, *, caller: Caller, item: str, identifier: str, purpose: str, case_no: str) -> Answer:
        if self.error is not None:
            raise self.error
        if case_no not in self.cases:
            raise CaseUnknown(f"no case {case_no} is open; nothing was released")
        self.asked.append((caller.id, item, purpose, case_no))
        return Answer(
            entry="0195f6a2-7c11-7d3e-9b52-3f0c6a8d41e7",
            item=item,
            item_name=ITEMS[item][0].name,
            item_version=1,
            case_no=case_no,
            subject_masked=f"{identifier[:6]}********{identifier[-4:]}",
            materials=SCENES[identifier],
        )

    def settle(self, *, caller: Caller, case_no: str, item: str, material: MaterialAnswer, way: Taken) -> None:
        if self.error is not None:
            raise self.error
        self.settled.append((case_no, material.code, way.value))

    def taken(self, *, case_no: str) -> dict[str, Taken]:
        return {material: Taken(way) for number, material, way in self.settled if number == case_no}

    def may_close(self, case_no: str) -> bool:
        return case_no in self.cases

    def close_case(self, *, caller: Caller, case_no: str, outcome: Outcome) -> None:
        self.closed.append((case_no, outcome.value))


TOKEN = "csrf-of-the-test"


def counter_app(home: Path, desk: SampleDesk) -> FastAPI:
    """The application with one clerk and one terminal who are signed in; a form without their token is refused."""
    settings = Settings(home, "postgresql://nowhere", home / "s.toml", home / "keys", Mode.DEMO)
    app = create_app(settings, Sample(), FixedClock(NOW), counter=desk)

    async def visitor(request: Request) -> Session:
        request.state.csrf = TOKEN
        request.state.session = Session("staff", CLERK.id, CLERK.name, TOKEN)
        return request.state.session  # type: ignore[no-any-return]

    async def clerk(request: Request) -> Caller:
        await check_csrf(request, (await visitor(request)).csrf)
        return CLERK

    async def machine(request: Request) -> Caller:
        await check_csrf(request, (await visitor(request)).csrf)
        present = request.method == "POST" and (await request.form()).get("present") == "true"
        return with_holder(TERMINAL) if present else TERMINAL

    app.dependency_overrides |= {staff: clerk, terminal: machine, session_if_any: visitor}
    return app

"""An answer the hub could give, for tests of what the pages make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from core.clock import SHANGHAI
from core.errors import HubError
from web.port import (
    LicenceRow,
    Overview,
    ReturnRow,
    SealRow,
    SourceRow,
    SourceState,
    StepRow,
    StepState,
    Verdict,
    Verification,
)

LAST = datetime(2026, 3, 2, 2, 31, tzinfo=SHANGHAI)
DUE = datetime(2026, 3, 3, 14, 31, tzinfo=SHANGHAI)

OVERVIEW = Overview(
    sources=(
        SourceRow("民政局", "civil.marriage", "婚姻登记", SourceState.UP_TO_DATE, LAST, 412, 400, 5, 7, 7),
        SourceRow("民政局", "civil.social_org", "社会组织登记", SourceState.UP_TO_DATE, LAST, 61, 60, 0, 1, 0),
        SourceRow(
            "税务局", "tax.registration", "税务登记", SourceState.LATE, LAST, 12400, 12391, 0, 9, 9, 2, DUE, False
        ),
        SourceRow("税务局", "tax.clearance", "完税（清税）证明", SourceState.IN_TROUBLE, LAST, 388, 380, 8, 0, 0),
        SourceRow("人社局", "hr.insurance", "社会保险参保", SourceState.NEVER_READ, None, 0, 0, 0, 0, 0),
        SourceRow("人社局", "hr.vocational", "职业资格证书", SourceState.MISSING, LAST, 24, 24, 0, 0, 0, 0, DUE),
    ),
    licences=(LicenceRow("人力资源服务许可证", 14, 14), LicenceRow("食品经营许可证", 9, 8)),
    waiting=5,
    not_granted=3,
)

RETURNS = (
    ReturnRow("民政局", "civil.marriage", "婚姻登记", True, 0, 5, 0, 0, 0, 2, 0, 0, None, False),
    ReturnRow("税务局", "tax.registration", "税务登记", False, 1, 0, 1234, 7, 3, 40, 2, 1, date(2026, 3, 16), False),
    ReturnRow("税务局", "tax.clearance", "完税（清税）证明", False, 0, 0, 4, 0, 0, 0, 0, 0, date(2026, 3, 17), True),
)

VALID = Verification(
    Verdict.VALID,
    (
        StepRow(0, "容器结构", StepState.PASSED, "压缩包结构正常"),
        StepRow(4, "文件摘要", StepState.PASSED, "受保护文件的SM3摘要全部一致"),
    ),
    ("印章已过有效期，签章时有效",),
    (SealRow("武汉市东西湖区行政审批局（测试）", "测试机构", "测试签章人", LAST),),
    {"verdict": "valid"},
)
INVALID = Verification(
    Verdict.INVALID,
    (
        StepRow(0, "容器结构", StepState.FAILED, "<b>不是压缩包</b>"),
        StepRow(4, "文件摘要", StepState.SKIPPED, "前项不通过"),
    ),
    (),
    (),
    {"verdict": "invalid"},
)
CANNOT_TELL = Verification(
    Verdict.CANNOT_TELL,
    (StepRow(7, "证书信任链", StepState.CANNOT_TELL, "未配置可信根证书"),),
    (),
    (),
    {"verdict": "cannot_tell"},
)


@dataclass
class Sample:
    """Answers with given values, or raises a given error."""

    verification: Verification = VALID
    error: Exception | None = None
    seen: list[bytes] = field(default_factory=list)

    def overview(self) -> Overview:
        self._raise()
        return OVERVIEW

    def returns(self) -> tuple[ReturnRow, ...]:
        self._raise()
        return RETURNS

    def verify(self, data: bytes) -> Verification:
        self._raise()
        self.seen.append(data)
        return self.verification

    def check_ready(self) -> None:
        self._raise()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


class Secretive(HubError):
    """An error whose operator's message must not reach a visitor."""

    code = "TEST-9"

    def __init__(self) -> None:
        super().__init__("postgres at db.internal:5432 refused password of hub_owner")

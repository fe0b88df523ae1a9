"""An answer the hub could give, for tests of what the pages make of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.clock import SHANGHAI
from core.errors import HubError
from web.port import (
    LicenceRow,
    Overview,
    ReturnRow,
    SourceRow,
    SourceState,
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


@dataclass
class Sample:
    """Answers with given values, or raises a given error."""

    error: Exception | None = None

    def overview(self) -> Overview:
        self._raise()
        return OVERVIEW

    def returns(self) -> tuple[ReturnRow, ...]:
        self._raise()
        return RETURNS

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

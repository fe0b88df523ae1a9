"""What a person may answer about rows set aside, and for what reason they may be given up. Nothing is imported here:
the DAG processor reads it at every parse."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Answer(StrEnum):
    """The answers; the values are what the buttons say."""

    AGAIN = "再次退回"
    HANDED_OVER = "已转交部门"
    DISMISS = "撤销，不再追"
    NOT_NOW = "暂不处理"


#: Why a row may be given up. The list is ours; which words the bureau wants is not known (unverified).
WHYS: Final[Mapping[str, str]] = {
    "not_a_record": "非业务数据（测试行、表头等）",
    "repeated": "重复报送，另有正确记录",
    "withdrawn": "提供方已撤回该记录",
    "owner_cannot": "提供方确认无法更正",
    "no_answer": "多次退回，提供方不予答复",
    "other": "其他（须注明）",
}

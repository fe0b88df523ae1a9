"""Names of organisations are compared without what sources write differently."""

from __future__ import annotations

import pytest

from schemas.names import folded


@pytest.mark.parametrize(
    "other",
    [
        "武汉(东西湖)ABC贸易有限公司",
        "武汉（东西湖）ＡＢＣ贸易有限公司",
        " 武汉（东西湖） abc 贸易有限公司\u3000",
        "武汉﹙东西湖﹚Abc\u200b贸易有限公司",
    ],
)
def test_brackets_width_case_and_blanks_make_no_difference(other: str) -> None:
    assert folded(other) == folded("武汉（东西湖）ABC贸易有限公司")


def test_different_names_stay_different() -> None:
    assert folded("武汉甲有限公司") != folded("武汉乙有限公司")
    assert folded("武汉（甲）公司") != folded("武汉甲公司")

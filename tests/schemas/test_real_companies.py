"""The 4,779 real companies of the district, judged row by row. They are read where they lie and never kept."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from schemas.judge import Judgement, canonical, judge, restore

#: Why each refused capital is refused, told without the parser: broken thousands, or a lost point.
BROKEN_THOUSANDS = re.compile(r"\d+,\d{4,}\(")
LOST_POINT = re.compile(r"\d{2,}0000\(")


@pytest.fixture(scope="module")
def judged(real_companies: Path) -> list[tuple[dict[str, str], Judgement]]:
    with real_companies.open(encoding="utf-8-sig", newline="") as file:
        return [(line, judge("market.company", line)) for line in csv.DictReader(file)]


def test_every_row_gets_a_verdict_and_the_counts_balance(judged: list[tuple[dict[str, str], Judgement]]) -> None:
    counts = Counter(tuple(reason.code for reason in verdict.reasons) for _, verdict in judged)
    print(f"\n{len(judged)} rows: {dict(counts)}")
    assert len(judged) == 4779
    assert counts == {(): 4708, ("R-050",): 70, ("R-005", "R-050"): 1}


def test_each_refusal_is_right(judged: list[tuple[dict[str, str], Judgement]]) -> None:
    for line, verdict in judged:
        if verdict.record is not None:
            continue
        capital = line["capital"]
        shifted = not any(sign.isdigit() for sign in capital)
        assert shifted or BROKEN_THOUSANDS.match(capital) or LOST_POINT.match(capital)
        assert shifted is ("R-005" in {reason.code for reason in verdict.reasons})


def test_no_row_with_such_a_writing_is_accepted(judged: list[tuple[dict[str, str], Judgement]]) -> None:
    for line, verdict in judged:
        if BROKEN_THOUSANDS.match(line["capital"]) or LOST_POINT.match(line["capital"]):
            assert verdict.record is None


def test_accepted_companies_keep_their_facts(judged: list[tuple[dict[str, str], Judgement]]) -> None:
    currencies: Counter[str] = Counter()
    for line, verdict in judged:
        if verdict.record is None:
            continue
        capital = getattr(verdict.record, "capital")  # noqa: B009
        assert (capital is None) is (line["capital"] == "N/A")
        assert verdict.record.key() == line["code"]
        assert restore("market.company", canonical(verdict.record)) == verdict.record
        currencies[capital.currency if capital else "-"] += 1
    assert set(currencies) == {"CNY", "USD", "HKD", "JPY", "EUR", "FRF", "-"}


def test_no_name_of_a_company_stands_in_a_verdict(judged: list[tuple[dict[str, str], Judgement]]) -> None:
    for line, verdict in judged[:500]:
        assert line["name"] not in repr(verdict)
        assert line["code"] not in repr(verdict)

"""Sealed files of an independent implementation get the verdict a correct verifier gives."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.verdict import Verdict
from signing.ofd.verify import verify
from signing.report import State

#: After every seal among them was made, and while all certificates that should be valid are.
JUDGED_AT = datetime(2027, 3, 1, tzinfo=UTC)
#: Where each forgery has to be found: by the step that is about it.
STEPS = {
    "bad-01": 4, "bad-03": 4, "bad-05": 6, "bad-07": 5, "bad-09": 2, "bad-13": 4, "bad-16": 5, "bad-18": 3, "bad-20": 5,
    "bad-23": 6, "bad-25": 11, "loose-01": 9, "loose-03": 9, "loose-05": 5, "loose-07": 7, "loose-10": 4, "loose-14": 4,
    "loose-18": 4, "loose-20": 0, "loose-23": 4,
}  # fmt: skip


def _manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_every_file_gets_its_verdict_at_the_step_that_is_about_it(ofd_seals: Path) -> None:
    root = (ofd_seals / "pki/root-cert.pem").read_bytes()
    rows = _manifest(ofd_seals)
    assert len(rows) >= 27
    for row in rows:
        report = verify((ofd_seals / row["file"]).read_bytes(), trust=[root], at=JUDGED_AT)
        assert report.verdict.value == row["expected"].split()[0].lower(), row["file"]
        name = "-".join(row["file"].split("-")[:2])
        if report.verdict is Verdict.INVALID:
            assert STEPS[name] in {one.step.number for one in report.findings if one.state is State.FAILED}, row["file"]


def test_without_a_root_good_files_cannot_be_told_and_bad_ones_stay_bad(ofd_seals: Path) -> None:
    for row in _manifest(ofd_seals):
        found = verify((ofd_seals / row["file"]).read_bytes(), trust=[], at=JUDGED_AT).verdict
        if row["expected"] == "VALID":
            assert found is Verdict.CANNOT_TELL, row["file"]
        else:
            assert found is Verdict.INVALID, row["file"]


def test_under_another_root_nothing_is_valid(ofd_seals: Path, world) -> None:
    for row in _manifest(ofd_seals):
        assert (
            verify((ofd_seals / row["file"]).read_bytes(), trust=[world.root], at=JUDGED_AT).verdict is Verdict.INVALID
        )


def test_a_timestamp_authority_may_be_trusted_by_itself(ofd_seals: Path) -> None:
    root, tsa = ((ofd_seals / "pki" / f"{name}-cert.pem").read_bytes() for name in ("root", "tsa"))
    data = (ofd_seals / "ok-12-v4-timestamp.ofd").read_bytes()
    report = verify(data, trust=[root, tsa], at=JUDGED_AT)
    assert report.verdict is Verdict.VALID
    assert report.seals[0].stamped_at is not None


def test_before_they_were_sealed_they_lie_in_the_future(ofd_seals: Path) -> None:
    root = (ofd_seals / "pki/root-cert.pem").read_bytes()
    early = datetime(2026, 6, 1, tzinfo=UTC)
    report = verify((ofd_seals / "ok-01-v4-whole.ofd").read_bytes(), trust=[root], at=early)
    assert report.verdict is Verdict.INVALID
    assert report.first_fault is not None
    assert report.first_fault.step.number == 8


@pytest.mark.parametrize("name", ["ok-01-v4-whole.ofd", "bad-01-content-byte.ofd"])
def test_a_report_can_be_written_as_json_and_read_by_people(ofd_seals: Path, name: str) -> None:
    import json

    root = (ofd_seals / "pki/root-cert.pem").read_bytes()
    report = verify((ofd_seals / name).read_bytes(), trust=[root], at=JUDGED_AT)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["verdict"] == report.verdict.value
    assert all(one["zh"] and one["en"] and one["source"] for one in told["steps"])
    assert report.lines()[0].startswith(report.verdict.zh)
    assert len(report.lines(quiet=True)) == 1

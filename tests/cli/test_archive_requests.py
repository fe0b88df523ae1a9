"""`hub requests`: asked, decided in an archivist's name, answered into a file; and the table it all rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.reading import read_case
from archive.stages import VolumePart
from cli import archive_requests_acts as acts
from documents.package import Package
from hub.catalogue import holder_of
from hub.retrieval_parts import Form, Proof, Requester
from tests.archive.cases import PDF_BYTES
from tests.cli.command import Command


def holder(own: Command) -> str:
    """The number of a company whose package the archive holds."""
    for path in sorted((own.home / "archive").rglob("*.zip")):
        found = holder_of(read_case(path.read_bytes()))
        if found.kind == "company":
            return found.value
    raise AssertionError("no company has a package")


@pytest.fixture
def asked(own: Command, tmp_path: Path) -> tuple[str, ...]:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(PDF_BYTES)
    return (
        "requests", "ask", holder(own), "--requester", "lawyer", "--form", "originals", "--purpose", "某案代理",
        "--organisation", "某律师事务所", "--proof", f"practice_certificate={scan}", "--proof", "firm_certificate",
        "--proof", f"undertaking={scan}",
    )  # fmt: skip


def test_a_request_goes_its_way_by_command(own: Command, asked: tuple[str, ...], tmp_path: Path) -> None:
    said = own(*asked, "--json")
    assert said.status == 0, said.err
    assert said.json.keys() == {
        "id", "number", "requester", "organisation", "form", "purpose", "scope", "proofs", "row", "row_verified",
        "stage", "asked_at", "asked_by", "decided_by_rule", "masked", "events", "answer",
    }  # fmt: skip
    number = said.json["number"]
    assert "waiting 待审核" in own("requests", "list").out
    decide = ("requests", "decide", number, "--grant", "--reason", "材料齐全", "--as")
    assert (own(*decide, "nobody").status, own(*decide, "demo-counter").status) == (1, 1)
    decided = own(*decide, "demo-archivist")
    assert decided.status == 0 and "third parties' data masked" in decided.out
    assert own(*decide, "demo-archivist").status == 1, "it is decided"
    out = tmp_path / "answer.zip"
    answered = own("requests", "answer", number, "--out", str(out), "--json")
    assert answered.status == 0, answered.err
    assert answered.json.keys() == {
        "number", "files", "certificate", "left_out", "answered_at", "expires_at", "pick_up", "path",
    }  # fmt: skip
    assert len(Package.read(out.read_bytes()).entries) == 1 + len(answered.json["files"])
    assert len(answered.json["pick_up"]) == 22
    shown = own("requests", "show", number)
    assert "given out until" in shown.out and answered.json["pick_up"] not in shown.out
    assert own("requests", "answer", number, "--json").json["pick_up"] is None
    assert own("requests", "withdraw", number).status == 0
    assert own("requests", "answer", "--json").json == {"answered": []}
    assert own("requests", "expire", "--json").json == {"closed": 0}
    (every, lawyers) = own("requests", "report", "--json").json["figures"]
    assert (every["answered"], lawyers["requester"]) == (1, "lawyer")
    assert "0 d 00:0" in own("requests", "report").out


def test_what_is_refused_is_a_one_and_says_what_is_needed(own: Command, asked: tuple[str, ...]) -> None:
    said = own(*asked[:-2])
    assert said.status == 1 and "HUB-748" in said.err and "undertaking" in said.err
    assert own("requests", "show", "CX-2026-999999").status == 1
    assert own(*asked, "--proof", "passport").status == 3
    assert own(*asked, "--proof", "valid_id=/no/such/file").status == 3


def test_the_table_is_read_and_a_broken_one_is_a_one(own: Command) -> None:
    assert len(own("requests", "rules", "--json").json["rows"]) == 10
    assert "未核实" in own("requests", "rules").out
    (own.home / "retrieval-matrix.toml").write_text("rows = 3")
    said = own("requests", "rules")
    assert said.status == 1 and "HUB-747" in said.err


def test_the_words_of_the_options_are_those_of_the_hub() -> None:
    assert tuple(Requester) == acts.REQUESTERS
    assert tuple(Form) == acts.FORMS
    assert tuple(one for one in Proof if one is not Proof.SIGNED_IN) == acts.PROOFS
    assert tuple(VolumePart) == acts.PARTS

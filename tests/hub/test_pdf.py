"""A PDF copy says what the licence says, is logged before it is sealed, and is never written unless it is good."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.settings import Mode
from hub import pdf
from hub.context import Hub
from hub.issue import decide, issue_all
from hub.pdf import LicenceNotPublished, PdfRefusedByVerifier, make_pdf
from hub.press import PressUnset
from hub.seals import uses
from hub.verify import verify_file
from store import licences
from store.connection import transaction
from tests.hub.conftest import NOON


@pytest.fixture
def issued(ready: Hub) -> Hub:
    """A hub with one published licence."""
    assert len(issue_all(ready, decide(ready).to_issue[:1])) == 1
    return ready


def approval(hub: Hub) -> str:
    return licences.every(hub.connection)[0].approval


def test_a_copy_is_valid_by_our_verifier_and_says_what_the_licence_says(issued: Hub, tmp_path: Path) -> None:
    out = tmp_path / "copies" / "licence.pdf"
    made = make_pdf(issued, approval(issued), out)
    report = verify_file(out.read_bytes(), issued.settings, at=NOON)
    assert report.verdict.value == "valid", report.lines()
    (seal,) = report.seals
    (licence,) = licences.every(issued.connection)
    assert (made.number, made.timestamped) == (licence.number, True)
    assert seal.organisation.startswith("11420112MB0000000M")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", str(out), "-"], capture_output=True, check=True).stdout.decode()
        facts = licences.facts(issued.connection, issued.vault, licence)
        words = "".join(text.split())
        for line in facts["face"]:
            assert "".join(line["words"].split())[:12] in words, line["label"]


def test_a_use_is_written_down_before_the_seal_is_used(issued: Hub, tmp_path: Path) -> None:
    seen: list[tuple[str, list[str]]] = []

    def on_step(step: str) -> None:
        seen.append((step, [one.use.outcome for one in uses(issued) if one.use.document_kind == "pdf"]))

    make_pdf(issued, approval(issued), tmp_path / "a.pdf", on_step)
    assert seen == [(step, ["intended"]) for step in ("pdf.intended", "pdf.sealed", "pdf.verified", "pdf.written")]
    (use, *_) = uses(issued)
    assert (use.use.outcome, use.use.timestamped, use.use.case_no) == ("sealed", True, approval(issued))


def test_one_that_died_in_between_is_told_as_abandoned_and_the_next_is_made(issued: Hub, tmp_path: Path) -> None:
    class Died(Exception):
        pass

    def die(step: str) -> None:
        if step == "pdf.sealed":
            raise Died

    with pytest.raises(Died):
        make_pdf(issued, approval(issued), tmp_path / "a.pdf", die)
    assert not (tmp_path / "a.pdf").exists()
    make_pdf(issued, approval(issued), tmp_path / "a.pdf")
    assert [one.use.outcome for one in uses(issued) if one.use.document_kind == "pdf"] == ["sealed", "abandoned"]


def test_a_copy_that_our_verifier_refuses_is_not_written(
    issued: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = pdf.PdfSealer.seal

    def damaged(self: Any, *rest: Any) -> bytes:
        data = bytearray(sealed(self, *rest))
        data[len(data) // 3] ^= 1
        return bytes(data)

    monkeypatch.setattr(pdf.PdfSealer, "seal", damaged)
    with pytest.raises(PdfRefusedByVerifier):
        make_pdf(issued, approval(issued), tmp_path / "a.pdf")
    assert list(tmp_path.glob("*.pdf")) == []


def test_only_what_is_published_has_a_copy(issued: Hub, tmp_path: Path) -> None:
    with pytest.raises(LicenceNotPublished, match="in the register"):
        make_pdf(issued, "no such number", tmp_path / "a.pdf")
    with transaction(issued.connection) as cursor:
        cursor.execute("update licence_version set state = 'sealed'")
    with pytest.raises(LicenceNotPublished, match="not published yet"):
        make_pdf(issued, approval(issued), tmp_path / "a.pdf")


def test_a_key_for_pdf_is_configured_in_production(issued: Hub, tmp_path: Path) -> None:
    from dataclasses import replace

    seal = """
[{part}]
kind = "file"
key_file = "demo/seal/{folder}signer-key.pem"
certificate_file = "demo/seal/{folder}signer-cert.pem"
passphrase_file = "demo/passphrase"
"""
    file = issued.settings.keys / "press.toml"
    file.write_text(seal.format(part="pdf", folder="pdf/") + 'chain_file = "demo/pdf/intermediate-cert.pem"\n')
    made = make_pdf(issued, approval(issued), tmp_path / "a.pdf")
    assert not made.timestamped, "a configured key is stamped by a configured authority only"
    production = replace(issued, settings=replace(issued.settings, mode=Mode.PRODUCTION))
    file.unlink()
    with pytest.raises(PressUnset):
        make_pdf(production, approval(issued), tmp_path / "a.pdf")

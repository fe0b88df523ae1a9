"""档案查询证明: says what was given out, is verified by our verifier, and is found by its QR code and by its file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.settings import Settings
from core.verdict import Verdict
from documents.package import Package
from documents.reader import Reader
from hub import retrieval
from hub.checking import Checked, Way
from hub.checking_ask import by_file, by_token
from hub.context import Hub, open_hub
from hub.retrieval_answer import answer, fetch
from hub.retrieval_parts import CERTIFICATE, Answered, Request
from hub.seals import uses
from hub.sheets import seal_sheet
from hub.verify import verify_file
from tests.databases import databases
from tests.hub.checked_world import token_in
from tests.hub.conftest import NOON
from tests.hub.retrieval_world import ARCHIVIST, CLERK, NAME, NUMBER, archive_of_three, lawyers


@pytest.fixture(scope="module")
def world(
    collected: Settings, postgres_url: str, _owner_url: str, database_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:  # fmt: skip
    with databases(postgres_url, _owner_url, database_template) as make:
        url = make(collected.database_url)
        with archive_of_three(collected, url, tmp_path_factory.mktemp("certificate") / "home") as settings:
            yield settings


@pytest.fixture(scope="module")
def made(world: Settings) -> tuple[Request, Answered, bytes]:
    """A lawyer's answer, masked, and its certificate."""
    with open_hub(world, FixedClock(NOON)) as hub:
        asked = retrieval.ask(hub, lawyers(), CLERK)
        retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="材料齐全")
        answered = answer(hub, asked.id, ARCHIVIST)
        return retrieval.get(hub, asked.id, CLERK), answered, fetch(hub, asked.id, CLERK, CERTIFICATE).data


@pytest.fixture(scope="module")
def token(made: tuple[Request, Answered, bytes]) -> str:
    """In its QR code, read from the picture once."""
    return token_in(made[2])


@contextmanager
def days_later(world: Settings, days: int) -> Iterator[Hub]:
    with open_hub(world, FixedClock(NOON + timedelta(days=days))) as hub:
        yield hub


def of_file(world: Settings, data: bytes, days: int = 0) -> Checked:
    clock = FixedClock(NOON + timedelta(days=days))
    return by_file(world, lambda: open_hub(world, clock), data, clock)


def test_it_is_valid_says_everything_and_every_page_bears_the_mark(
    made: tuple[Request, Answered, bytes], world: Settings
) -> None:
    request, answered, data = made
    assert verify_file(data, world, at=NOON).verdict is Verdict.VALID
    package = Package.read(data)
    text = "".join("".join(Reader(package).page_text().values()).split())
    for words in (
        request.number, "某某律师事务所", "某合同纠纷案代理", NAME, NUMBER, "律师执业证、律师事务所证明、承诺书",
        "书式档案", f"{len(answered.files)}件", "第三人个人信息已遮盖", "2026年12月05日23:59", "2026年11月20日",
    ):  # fmt: skip
        assert words in text, words
    for one in answered.files:
        assert one.sm3[:32] in text and one.sm3[32:] in text and (one.file_no or "") in text
    assert "未提供文件清单" in text and len(answered.left_out) == 3
    pages = [package.entries[where.lstrip("/")].decode() for _, where in Reader(package).pages()]
    assert answered.certificate.pages == len(pages) > 1
    assert all("查询人：某某律师事务所" in page and "用途：某合同纠纷案代理" in page for page in pages)
    with days_later(world, 0) as hub:
        (use,) = [one.use for one in uses(hub) if one.use.case_no == request.number]
    assert (use.outcome, use.document_kind, (use.document_sm3 or b"").hex()) == (
        "sealed", "sheet", answered.certificate.sm3,
    )  # fmt: skip


def test_its_code_and_its_file_say_the_same_to_anybody(
    made: tuple[Request, Answered, bytes], token: str, world: Settings
) -> None:
    request, answered, data = made
    with days_later(world, 0) as hub:
        by_code = by_token(hub, token)
        assert by_token(hub, "x" * 22).outcome == "not_found"
    for checked in (by_code, of_file(world, data)):
        assert checked.outcome == "certificate"
        told = checked.certificate
        assert told is not None
        assert (told.number, told.holder, told.purpose, told.files) == (
            request.number, NAME, "某合同纠纷案代理", len(answered.files),
        )  # fmt: skip
        assert told.document_sm3.hex() == answered.certificate.sm3
        assert "张律师" not in repr(checked)
        assert checked.licence is None
    assert (by_code.way, of_file(world, data).way) == (Way.CODE, Way.FILE)


def test_after_its_time_it_has_ended_and_so_has_one_taken_back(
    made: tuple[Request, Answered, bytes], token: str, world: Settings
) -> None:
    _, _, data = made
    assert of_file(world, data, days=15).outcome == "certificate"
    assert of_file(world, data, days=16).outcome == "certificate_expired"
    with days_later(world, 16) as hub:
        assert by_token(hub, token).outcome == "certificate_expired"
    with days_later(world, 0) as hub:
        asked = retrieval.ask(hub, lawyers(), CLERK)
        retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="材料齐全")
        answer(hub, asked.id, CLERK)
        other = fetch(hub, asked.id, CLERK, CERTIFICATE).data
        retrieval.withdraw(hub, asked.id, CLERK)
    assert of_file(world, other).outcome == "certificate_expired"


def test_one_changed_byte_is_told(made: tuple[Request, Answered, bytes], world: Settings) -> None:
    _, _, data = made
    parts = dict(Package.read(data).entries)
    name = next(one for one in parts if one.endswith("Content.xml"))
    parts[name] = parts[name].replace("某某律师事务所".encode(), "某某律师事务二".encode())
    forged = Package(parts).to_bytes()
    assert forged != data
    checked = of_file(world, forged)
    assert checked.outcome == "tampered"
    assert checked.certificate is None


def test_a_certificate_never_recorded_is_not_the_registers(world: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine died between seal and record: the sheet may lie somewhere, and nobody is to rely on it."""
    caught: list[bytes] = []

    def sealed_and_died(*args: Any, **options: Any) -> None:
        caught.append(seal_sheet(*args, **options).data)
        raise KeyboardInterrupt

    with days_later(world, 0) as hub:
        asked = retrieval.ask(hub, lawyers(), CLERK)
        retrieval.decide(hub, asked.id, ARCHIVIST, grant=True, reason="材料齐全")
        monkeypatch.setattr("hub.retrieval_answer.seal_sheet", sealed_and_died)
        with pytest.raises(KeyboardInterrupt):
            answer(hub, asked.id, CLERK)
    assert of_file(world, caught[0]).outcome == "not_registered"

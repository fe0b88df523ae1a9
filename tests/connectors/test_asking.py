"""What every adapter promises that can be asked about one person, against a real server of each protocol."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.asking import NoRoomToAsk, NotAskable, spellings
from connectors.declaration import Declaration
from connectors.port import Askable, Operation, SourceGarbled, SourceRefused, SourceUnavailable
from connectors.registry import declarations
from tests.connectors import mariadb, worlds
from tests.connectors.stalling import stalling
from tests.connectors.test_rest_gateway import self_signed
from tests.connectors.worlds import SECRET, Row, declared, live

CITIZEN, COMPANY = "11010519491231002X", "91420112MA0000001E"
NAMES = sorted(name for name in worlds.ADAPTERS if name.partition(" ")[0] in worlds.ASKABLE)
HTTP = [name for name in NAMES if name.startswith(("rest", "soap"))]
TABLES = [name for name in NAMES if name.startswith("exchange")]


@pytest.fixture(scope="session")
def maria_port() -> Iterator[int]:
    with mariadb.running() as port:
        yield port


@pytest.fixture(params=NAMES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    def ask(what: str) -> Any:
        return request.getfixturevalue({"postgres": "database_url", "mariadb": "maria_port"}[what])

    yield from worlds.opened(request.param, tmp_path, ask)


def row(code: str, second: int = 0, name: str = "某某食品有限公司", how: Operation = Operation.INSERT) -> Row:
    return Row(code, name, f"2026-03-01 00:00:{second:02}", how)


@pytest.fixture
def source(world: Any) -> Iterator[Askable]:
    world.put([row("C001"), row(COMPANY, 1), row(CITIZEN, 2, "张三")])
    made = world.source()
    assert isinstance(made, Askable)
    yield made
    made.close()


def codes(source: Askable, kind: Any, number: str, seconds: float = 5.0) -> list[str]:
    found = source.ask(kind, number, seconds=seconds)
    assert all(one.problem is None for one in found)
    return [str(one.fields["code"]) for one in found]


def test_it_answers_about_the_one_and_about_nobody_else(source: Askable) -> None:
    assert codes(source, "company", COMPANY) == [COMPANY]
    assert codes(source, "citizen", CITIZEN) == [CITIZEN]
    assert codes(source, "citizen", "110105199001010019") == []
    (found,) = source.ask("citizen", CITIZEN, seconds=5)
    assert found.fields["name"] == "张三"
    assert found.raw


def test_what_was_written_a_moment_ago_is_in_the_answer(world: Any, source: Askable) -> None:
    assert codes(source, "company", "C777") == []
    world.put([row("C777")])
    assert codes(source, "company", "C777") == ["C777"]


def test_many_ask_at_once_and_each_gets_their_own(source: Askable) -> None:
    numbers = [COMPANY, CITIZEN, "C001", "C002"] * 4
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda number: codes(source, "company", number), numbers))
    assert answers == [[] if number == "C002" else [number] for number in numbers]


def test_a_slow_department_is_given_up_in_time_and_asked_again_later(world: Any, source: Askable) -> None:
    codes(source, "company", COMPANY)
    with world.slow():
        began = time.monotonic()
        with pytest.raises(SourceUnavailable) as caught:
            codes(source, "company", COMPANY, seconds=0.6)
        assert 0.3 < time.monotonic() - began < 1.0
    _tells_nothing(caught.value)
    assert codes(source, "company", COMPANY) == [COMPANY]


def test_a_department_that_falls_silent_is_cut_off_in_time(world: Any, source: Askable) -> None:
    """No timeout of the server's helps here, and none that counts one reading at a time."""
    with stalling(world.port) as wire:
        far = world.through(wire.port)
        assert codes(far, "company", COMPANY) == [COMPANY]
        wire.silent.set()
        began = time.monotonic()
        with pytest.raises(SourceUnavailable) as caught:
            codes(far, "company", COMPANY, seconds=0.6)
        assert 0.3 < time.monotonic() - began < 1.0
        _tells_nothing(caught.value)
        wire.silent.clear()
        assert codes(far, "company", COMPANY) == [COMPANY]
        far.close()


def test_the_connection_is_kept_between_two_questions_and_replaced_when_dropped(world: Any, source: Askable) -> None:
    with stalling(world.port) as wire:
        far = world.through(wire.port)
        for _ in range(5):
            assert codes(far, "company", COMPANY) == [COMPANY]
        assert wire.opened == 1
        wire.drop()
        time.sleep(0.1)
        assert codes(far, "company", COMPANY) == [COMPANY]
        assert wire.opened == 2
        far.close()
        far.close()


def test_nobody_there_means_again_and_a_refusal_means_stop(world: Any) -> None:
    world.put([row(COMPANY)])
    for source, error in ((world.away(), SourceUnavailable), (world.refused(), SourceRefused)):
        with pytest.raises(error, match=r"^HUB-10[12] test\.rows: asked live, ") as caught:
            source.ask("company", COMPANY, seconds=3)
        _tells_nothing(caught.value)
        source.close()


def test_no_number_stands_in_any_log(world: Any, source: Askable, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        codes(source, "citizen", CITIZEN)
        world.away()
        with pytest.raises(SourceRefused):
            world.refused().ask("citizen", CITIZEN, seconds=3)
    assert CITIZEN[:17] not in caplog.text
    assert CITIZEN[:17] not in repr([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("world", HTTP, indirect=True)
def test_what_a_service_says_wrongly_is_told_by_its_kind(world: Any, source: Askable) -> None:
    for kind, error in (
        ("ask_down", SourceUnavailable),
        ("ask_refused", SourceRefused),
        ("ask_garbage", SourceGarbled),
    ):
        worlds.order(world.server.admin_url, kind, times=9)  # a refusal may only mean an old secret: asked once more
        with pytest.raises(error) as caught:
            codes(source, "company", COMPANY)
        _tells_nothing(caught.value)
        assert not getattr(caught.value, "body", b"")
        worlds.order(world.server.admin_url, None)
    worlds.order(world.server.admin_url, "ask_other_person")
    assert codes(source, "company", COMPANY) == ["C001"]  # whoever asked has to look


@pytest.mark.parametrize("world", TABLES, indirect=True)
def test_a_table_answers_with_the_last_edition_and_forgets_the_withdrawn(world: Any, source: Askable) -> None:
    world.put([row(COMPANY, 1, "旧名称"), row(COMPANY, 2, "新名称")])
    (found,) = source.ask("company", COMPANY, seconds=5)
    assert found.fields["name"] == "新名称"
    world.put([row(COMPANY, 1), row(COMPANY, 2, how=Operation.DELETE)])
    assert codes(source, "company", COMPANY) == []


@pytest.mark.parametrize("world", ["exchange_db in PostgreSQL", "exchange_db in MariaDB"], indirect=True)
@pytest.mark.parametrize(("later", "how"), [("", Operation.DELETE), ("110105199001010019", Operation.UPDATE)])
def test_what_a_later_row_does_to_a_record_counts_though_it_names_only_the_key(
    world: Any, source: Askable, later: str, how: Operation
) -> None:
    """A deletion holds nothing but the key; a correction may make the record somebody else's."""
    made = world.source(asked=live(citizen=["name"], company=["name"]))
    world.put([row("C001", 0, CITIZEN), row("C002", 1, CITIZEN)])
    assert codes(made, "citizen", CITIZEN) == ["C001", "C002"]
    world.put([row("C001", 0, CITIZEN), row("C002", 1, CITIZEN), row("C001", 2, later, how)])
    assert codes(made, "citizen", CITIZEN) == ["C002"]
    made.close()


@pytest.mark.parametrize("world", TABLES, indirect=True)
@pytest.mark.parametrize("written", ["11010519491231002x", "110105491231002"])
def test_a_table_may_write_a_number_as_it_was_written_before(world: Any, source: Askable, written: str) -> None:
    world.put([row(written)])
    assert codes(source, "citizen", CITIZEN) == [written]


@pytest.mark.parametrize("world", TABLES, indirect=True)
def test_more_rows_than_one_person_has_are_no_answer(world: Any, source: Askable) -> None:
    world.put([row(COMPANY, number % 60, f"第{number}") for number in range(201)])
    with pytest.raises(SourceGarbled, match="more than 200 rows"):
        source.ask("company", COMPANY, seconds=20)


@pytest.mark.parametrize("world", ["exchange_blob in PostgreSQL"], indirect=True)
def test_a_number_elsewhere_in_a_document_is_not_the_persons(world: Any, source: Askable) -> None:
    world.put([row("C001", 0, f"{CITIZEN}的配偶")])
    assert codes(source, "citizen", CITIZEN) == []


def test_a_gateway_keeps_the_agreed_rate_and_says_when_it_leaves_no_room(tmp_path: Path) -> None:
    for world in worlds.opened("rest_gateway", tmp_path, lambda _: None):
        world.put([row(COMPANY)])
        source = world.source()
        source._client._space_s = 0.4
        began = time.monotonic()
        assert [codes(source, "company", COMPANY), codes(source, "company", COMPANY)] == [[COMPANY], [COMPANY]]
        assert time.monotonic() - began >= 0.4
        with pytest.raises(NoRoomToAsk, match=r"^HUB-151 test\.rows: "):
            source.ask("company", COMPANY, seconds=0.2)
        assert codes(source, "company", COMPANY) == [COMPANY]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("silent_head", [False, True])
def test_a_gateway_that_sends_a_byte_at_a_time_is_cut_off(tmp_path: Path, tls: bool, silent_head: bool) -> None:
    certificate = self_signed(tmp_path / "gateway.pem") if tls else None
    with _dripping(certificate, b"" if silent_head else b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") as url:
        for world in worlds.opened("rest_gateway", tmp_path, lambda _: None):
            source = world.source(base_url=url, **({"ca_file": str(certificate)} if tls else {}))
            began = time.monotonic()
            with pytest.raises(SourceUnavailable):
                source.ask("company", COMPANY, seconds=0.6)
            assert 0.5 < time.monotonic() - began < 1.0
            source.close()


@contextmanager
def _dripping(certificate: Path | None, head: bytes) -> Iterator[str]:
    """The head at once where there is one, then a blank every 50 ms; without a head nothing at all."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context is not None and certificate is not None:
        context.load_cert_chain(certificate)

    def serve() -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            client = context.wrap_socket(client, server_side=True) if context else client
            client.sendall(head)
            while not over.wait(0.05):
                client.sendall(b" " if head else b"")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


def test_files_are_not_asked(tmp_path: Path) -> None:
    for name in set(worlds.ADAPTERS) - set(NAMES):
        for world in (
            worlds.opened(name, tmp_path / name.replace(" ", "_"), lambda _: None) if name != "sftp_csv" else ()
        ):
            assert not isinstance(world.source(), Askable)


def test_an_undeclared_question_is_not_sent(tmp_path: Path) -> None:
    for world in worlds.opened("rest_gateway", tmp_path, lambda _: None):
        source = world.source()
        kept = source._declaration
        for question in (None, kept.live.model_copy(update={"citizen": ()})):
            source._declaration = kept.model_copy(update={"live": question})
            with pytest.raises(NotAskable, match=r"^HUB-150 test\.rows cannot be asked about a citizen"):
                source.ask("citizen", CITIZEN, seconds=1)
        assert world.gateway.answered == 0


@pytest.mark.parametrize(
    ("access", "question", "fault"),
    [
        (worlds.TYPED_ACCESS, {"citizen": ["nowhere"]}, "nowhere is none of `columns`"),
        (worlds.TYPED_ACCESS, {"path": "x"}, "path is not for a table"),
        (worlds.TYPED_ACCESS, {"citizen": [], "company": []}, "where the number goes"),
        (worlds.TYPED_ACCESS, {"unknown": []}, "must list under `unknown`"),
        (worlds.BLOB_ACCESS, {}, "either `number_column`"),
        (worlds.BLOB_ACCESS, {"stored": "bytes", "number_column": "code"}, "either `number_column`"),
        (worlds.daily_access("folder_csv"), {}, "brings files"),
        ({"protocol": "csv_file", "pattern": "*", "cursor": "file+offset", "page_size": 3}, {}, "brings files"),
    ],
)
def test_a_question_that_does_not_fit_is_refused_on_load(
    access: dict[str, Any], question: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        declared(access, asked=live(**question))


def test_a_question_of_a_service_takes_the_number_under_one_name_and_no_password() -> None:
    rest = {"protocol": "rest_gateway", "path": "x", "sid": "sid_x", "cursor": "update_time", "page_size": 2,
            "requests_per_second": 1}  # fmt: skip
    for question, fault in (
        ({}, "`path` is missing"),
        ({"path": "x", "citizen": ["a", "b"]}, "under one name"),
        ({"path": "x", "operation": "y"}, "operation is not for this protocol"),
        ({"path": "x", "parameters": {"pw": "open"}}, "belongs into the sources file"),
    ):
        with pytest.raises(ValueError, match=fault):
            declared(rest, asked=live(**question))


def _asked() -> list[Declaration]:
    return [one for one in declarations().values() if one.live is not None]


@pytest.mark.parametrize("declared", _asked(), ids=lambda one: one.name)
def test_every_declared_question_is_honest_and_shown(declared: Declaration) -> None:
    assert declared.live is not None
    assert declared.access.protocol in worlds.ASKABLE
    assert not declared.live.verified
    assert "未核实" in declared.doc_md().partition("实时核验")[2].partition("\n")[0]


def test_what_can_be_asked_is_declared_for_the_open_sources_it_can_be_asked_of() -> None:
    assert {one.name for one in _asked()} == {
        "bureau.accept", "civil.marriage", "civil.social_org", "health.birth_certificate", "market.entity",
        "platform.legal_person", "platform.permit", "police.birth", "police.household", "tax.clearance",
        "tax.registration",
    }  # fmt: skip


def test_spellings_of_a_number() -> None:
    assert spellings("citizen", CITIZEN) == (CITIZEN, CITIZEN.lower(), "110105491231002")
    assert spellings("citizen", "420112200601010019") == ("420112200601010019",)
    assert spellings("company", COMPANY) == (COMPANY,)


def _tells_nothing(error: Exception) -> None:
    for hidden in (CITIZEN, COMPANY, SECRET, "张三", "食品"):
        assert hidden not in str(error)

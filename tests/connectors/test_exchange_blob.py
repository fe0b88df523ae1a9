"""Consumed markers: set after the page is durable, never for content nobody read, told again after a crash."""

from __future__ import annotations

import json

import pytest

from connectors.access import Marker
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint, SourceNotConfigured
from connectors.exchange_blob import ExchangeBlob
from connectors.port import Source, SourceRefused
from tests.connectors.worlds import BLOB_ACCESS, QUICK, PostgresBlobWorld, Row, declared, document, run, script


@pytest.fixture
def world(database_url: str) -> PostgresBlobWorld:
    return PostgresBlobWorld(database_url)


def _codes(source: Source, cursor: object = None) -> list[str]:
    pages = source.pages(cursor or {})  # type: ignore[arg-type]
    return [str(record.fields.get("code")) for page in pages for record in source.records(page)]


def _states(world: PostgresBlobWorld) -> list[tuple[object, ...]]:
    return run(world.url, "SELECT state, count(*) FROM cityinfo GROUP BY state ORDER BY state")


def _collected(world: PostgresBlobWorld, cursor: object = None) -> tuple[list[str], object]:
    """As the hub does it: tell what is stored, then page by page land, store the cursor, tell."""
    source = world.source()
    position = json.loads(json.dumps(cursor or {}))
    source.acknowledge(position)
    codes: list[str] = []
    for page in source.pages(position):
        codes += [str(record.fields["code"]) for record in source.records(page)]
        position = json.loads(json.dumps(page.next_cursor))
        source.acknowledge(position)
    return codes, position


def test_rows_are_marked_only_once_they_are_acknowledged(world: PostgresBlobWorld) -> None:
    world.put(script(5))
    page = next(world.source().pages({}))
    assert _states(world) == [("0", 5)]
    world.source().acknowledge(page.next_cursor)
    assert _states(world) == [("0", 2), ("1", 3)]


def test_a_row_committed_late_with_an_old_time_is_found_at_the_next_run(world: PostgresBlobWorld) -> None:
    world.put(script())
    codes, cursor = _collected(world)
    assert len(codes) == 11
    late = Row("LATE", "迟到", "2020-01-01 00:00:00")
    run(world.url, "INSERT INTO cityinfo VALUES ('late', %s, 'I', %s, '0')", (late.time, document(late)))
    assert _collected(world, cursor)[0] == ["LATE"]
    assert _states(world) == [("1", 12)]


def test_a_row_rewritten_between_reading_and_receipt_is_not_marked(world: PostgresBlobWorld) -> None:
    world.put(script(1))
    source = world.source()
    (page,) = source.pages({})
    changed = Row("C000", "改名之后", "2026-03-01 00:00:00")
    run(world.url, "UPDATE cityinfo SET content = %s", (document(changed),))
    source.acknowledge(page.next_cursor)
    assert _states(world) == [("0", 1)]
    assert source.count(page.next_cursor) == 1
    codes, _ = _collected(world, page.next_cursor)
    assert codes == ["C000"]
    assert _states(world) == [("1", 1)]


def test_a_marker_that_cannot_be_set_loses_nothing_and_is_set_at_the_next_start(world: PostgresBlobWorld) -> None:
    world.put(script(5))
    source = world.source()
    reading = source.pages({})
    page = next(reading)
    run(world.url, "ALTER TABLE cityinfo RENAME COLUMN state TO status")
    with pytest.raises(SourceRefused, match=r"the markers of the last one are set before the next reading"):
        source.acknowledge(page.next_cursor)
    run(world.url, "ALTER TABLE cityinfo RENAME COLUMN status TO state")
    codes, _ = _collected(world, page.next_cursor)
    assert len(codes) == 2
    assert _states(world) == [("1", 5)]


def test_rows_without_a_time_come_last_and_once(world: PostgresBlobWorld) -> None:
    world.put(script(7))
    run(world.url, "UPDATE cityinfo SET createtime = NULL WHERE unid LIKE '%-1' OR unid LIKE '%-2' OR unid LIKE '%-4'")
    run(world.url, "UPDATE cityinfo SET createtime = NULL WHERE unid LIKE '%-5'")
    codes = _codes(world.source())
    assert sorted(codes) == [f"C{number:03}" for number in range(7)]
    assert sorted(codes[:3]) == ["C000", "C003", "C006"]


def test_a_document_that_cannot_be_read_is_one_row_for_quarantine(world: PostgresBlobWorld) -> None:
    world.put(script(4))
    bad = [
        b"<record><code>1",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><record><code>&x;</code></record>',
        '<?xml version="1.0" encoding="UTF-8"?><record><code>张</code></record>'.encode("gb18030"),
        b'<?xml version="1.0" encoding="EBCDIC"?><record/>',
    ]
    for place, content in enumerate(bad):
        run(world.url, "UPDATE cityinfo SET content = %s WHERE unid LIKE %s", (content, f"%-{place}"))
    source = world.source()
    records = [record for page in source.pages({}) for record in source.records(page)]
    assert sorted(record.raw for record in records) == sorted(bad)
    assert sorted(str(record.problem) for record in records) == [
        "the document cannot be read: it has a document type or an entity",
        "the document cannot be read: it is not well-formed XML",
        "the document cannot be read: it names an encoding other than UTF-8 and GB18030",
        "the document cannot be read: its bytes are not in the encoding it names",
    ]


def test_types_of_other_resources_and_empty_states_are_told_apart(world: PostgresBlobWorld) -> None:
    world.put(script(4))
    run(world.url, "ALTER TABLE cityinfo ADD COLUMN type varchar(4) DEFAULT '10'")
    run(world.url, "UPDATE cityinfo SET type = '20' WHERE unid LIKE '%-0'")
    run(world.url, "UPDATE cityinfo SET state = NULL WHERE unid LIKE '%-1'")
    access = BLOB_ACCESS | {"type_column": "type", "types": ["10"]}
    section = DatabaseEndpoint.model_validate({"dsn": world.url, "write_dsn": world.url})

    def codes(marker: dict[str, object]) -> list[str]:
        found: Declaration = declared(access | {"marker": marker})
        return _codes(ExchangeBlob(found, section, patience=QUICK))

    assert codes({"state_column": "state"}) == ["C002", "C003"] or codes({"state_column": "state"}) == ["C003", "C002"]
    assert sorted(codes({"state_column": "state", "null_is_new": True})) == ["C001", "C002", "C003"]


def test_json_documents_keep_their_digits(world: PostgresBlobWorld) -> None:
    run(world.url, "INSERT INTO cityinfo VALUES ('a', now(), 'U', %s, '0')", (b'{"code":"C1","area":0.10}',))
    section = DatabaseEndpoint.model_validate({"dsn": world.url, "write_dsn": world.url})
    source = ExchangeBlob(declared(BLOB_ACCESS | {"document": "json"}), section, patience=QUICK)
    (record,) = [record for page in source.pages({}) for record in source.records(page)]
    assert (record.fields["area"], record.operation) == ("0.10", "U")


def test_without_a_login_that_may_write_nothing_is_begun(world: PostgresBlobWorld) -> None:
    with pytest.raises(SourceNotConfigured, match="no `write_dsn`"):
        ExchangeBlob(declared(BLOB_ACCESS), DatabaseEndpoint.model_validate({"dsn": world.url}))


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ({}, "either state_column or table"),
        ({"state_column": "a", "table": "b", "id_column": "c"}, "either state_column or table"),
        ({"table": "b"}, "belong together"),
        ({"state_column": "a", "new": "1"}, "must differ"),
    ],
)
def test_a_marker_is_declared_in_one_way(marker: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Marker.model_validate(marker)

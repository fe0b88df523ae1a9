"""Data keys change under working processes: what was sealed opens, and a key in use is never dropped."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from store import data_keys, licence_making, licences, quarantine, raw_pages, records, resealing
from store.batches import begin_or_resume
from store.connection import Connection, connect, fetch_all, fetch_one, transaction
from store.errors import DataKeyRetired, KekNotHere, KeysBusy
from store.landing import BadRow, GoodRow, JudgedPage, land_page
from store.migrate import migrate
from store.register_entries import Grounds
from store.vault import Vault, make_keyring

R = "hr.insurance"


@pytest.fixture
def other(database_url: str, tmp_path: Path, vault: Vault) -> Iterator[tuple[Connection, Vault]]:
    """Another process's hold on the same database and keys folder."""
    opened = connect(database_url)
    yield opened, Vault.open(opened, tmp_path / "keys")
    opened.close()


def new_key(connection: Connection, vault: Vault, resource: str = R) -> None:
    rotation = data_keys.begin_or_resume(connection, resource)
    assert data_keys.replace(connection, vault, rotation, resource)
    data_keys.finish(connection, rotation)
    vault.refresh(resource)


def land(connection: Connection, vault: Vault, now: datetime, rows: int, *, first: int = 0) -> None:
    batch = begin_or_resume(connection, R)
    raw_pages.keep(connection, vault, batch, number=first, body=f"page {first}".encode() * 99, context={})
    texts = {n: b"%d of page %d" % (n, first) for n in range(first, first + rows)}
    land_page(
        connection,
        vault,
        batch,
        JudgedPage(
            number=first,
            page_sm3=b"\0" * 32,
            good=[
                GoodRow(
                    position=n,
                    key=vault.index("key", str(n)),
                    subjects=(vault.index("one", str(n)), vault.index("two", str(n))),
                    canonical=text,
                    digest=vault.digest(text),
                )
                for n, text in texts.items()
            ],
            bad=[BadRow(rows, None, b"raw %d" % first, b"fields", "I", None, [{"code": "R-011", "field": "id"}])],
        ),
        expected_position=batch.position,
        next_position={"row": first + rows},
        now=now,
    )


def walk_through(connection: Connection, vault: Vault, resource: str | None = None) -> resealing.Walked:
    *_, last = resealing.walk(connection, vault, resource)
    return last


def test_a_process_opens_what_another_sealed_with_a_key_made_since(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault]
) -> None:
    vault.seal(R, b"", b"")
    there, their = other
    before = their.seal(R, b"row", b"before")
    new_key(connection, vault)
    after = vault.seal(R, b"row", b"after")
    assert (before[3], after[3]) == (1, 2)
    assert their.seal(R, b"row", b"late")[3] == 1, "it has not looked yet, and that breaks nothing"
    assert their.open_sealed(R, b"row", after) == b"after"
    assert their.seal(R, b"row", b"now")[3] == 2, "it has seen the new key"
    assert vault.open_sealed(R, b"row", before) == b"before"
    assert Vault.open(there, vault.keyring.folder).open_sealed(R, b"row", before) == b"before"


def test_a_transaction_seals_with_the_key_that_is_current_when_it_begins(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault]
) -> None:
    there, their = other
    their.ready(R)
    new_key(connection, vault)
    with transaction(there) as cursor:
        their.hold(cursor, R)
        assert their.seal(R, b"", b"")[3] == 2


def test_a_key_that_a_transaction_holds_is_not_dropped_until_its_rows_are_counted(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault], now: datetime
) -> None:
    there, their = other
    their.ready(R)
    dropped: list[bool] = []
    with transaction(there) as cursor:
        their.hold(cursor, R)
        sealed = their.seal(R, b"mark", b"x")
        new_key(connection, vault)
        drop = threading.Thread(target=lambda: dropped.append(data_keys.drop_unused(connection, R, 1)))
        drop.start()
        time.sleep(0.5)
        assert drop.is_alive(), "it waits for the writer"
        cursor.execute("insert into batch (resource, state) values (%s, 'running') returning id", (R,))
        cursor.execute(
            "insert into raw_page (resource, sm3, number, batch, body, bytes, context) "
            "values (%s, %s, 0, %s, %s, 1, '{}')",
            (R, b"mark", cursor.fetchone()[0], sealed),
        )
    drop.join(20)
    assert dropped == [False]
    assert walk_through(connection, vault).sealed == 1
    assert data_keys.drop_unused(connection, R, 1)


def test_who_was_about_to_write_under_a_dropped_key_writes_nothing_and_begins_again(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault]
) -> None:
    there, their = other
    sealed = their.seal(R, b"", b"x")
    new_key(connection, vault)
    assert data_keys.drop_unused(connection, R, 1)
    with pytest.raises(DataKeyRetired), transaction(there) as cursor:
        their.hold(cursor, R)
    with transaction(there) as cursor:
        their.hold(cursor, R)
        assert their.seal(R, b"", b"x")[3] == 2
    with pytest.raises(DataKeyRetired, match="Read it again"):
        Vault.open(there, vault.keyring.folder).open_sealed(R, b"", sealed)


def test_waiting_for_writers_leaves_nobody_who_seals_under_the_old_key(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault]
) -> None:
    there, their = other
    their.ready(R)
    with transaction(there) as cursor:
        their.hold(cursor, R)
        new_key(connection, vault)
        waiting = threading.Thread(target=data_keys.let_writers_end, args=(connection, R))
        waiting.start()
        time.sleep(0.3)
        assert waiting.is_alive()
        assert their.seal(R, b"", b"")[3] == 1, "the transaction that began before goes on as it was"
    waiting.join(20)
    assert not waiting.is_alive()


def test_every_kind_of_row_is_sealed_anew_and_opens(
    vault: Vault, connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_BLOCKS", 3)
    monkeypatch.setattr(
        resealing, "PLACES", tuple(replace(place, at_once=min(place.at_once, 70)) for place in resealing.PLACES)
    )
    for first in (0, 400, 200):  # the third page changes 400 records
        land(connection, vault, now, 400, first=first)
    facts = {"holder": "张三"}
    licence = licence_making.reserve(
        connection, vault, licence_type="food", year=2026, approval="case-1", item="item", holder=b"h",
        grounds=Grounds("a law", date(2026, 3, 4), "hub", "the bureau"),
        compose=lambda number, _: licence_making.Composed(f"no-{number}", f"id-{number}", facts), now=now,
    )  # fmt: skip
    before = _opened(connection, vault)
    assert {kind: len(values) for kind, values in before.items()} == {
        "records": 800, "pages": 3, "quarantine": 3, "history": 800,
    }  # fmt: skip
    total = resealing.counts(connection)
    new_key(connection, vault)
    new_key(connection, vault, "licence")
    assert resealing.stale(connection, None) == sum(total.values())
    assert walk_through(connection, vault, R).sealed == total[R, 1]
    assert resealing.counts(connection) == {(R, 2): total[R, 1], ("licence", 1): 1}
    assert walk_through(connection, vault).sealed == 1
    assert walk_through(connection, vault).sealed == 0, "another walk finds nothing to do"
    assert resealing.counts(connection) == {(R, 2): total[R, 1], ("licence", 2): 1}
    assert data_keys.drop_unused(connection, R, 1)
    assert data_keys.drop_unused(connection, "licence", 1)
    fresh = Vault.open(connection, vault.keyring.folder)
    assert _opened(connection, fresh) == before
    assert licences.facts(connection, fresh, licence) == facts


def test_a_row_that_does_not_open_is_left_and_keeps_its_key(
    vault: Vault, connection: Connection, now: datetime
) -> None:
    land(connection, vault, now, 20)
    with transaction(connection) as cursor:
        cursor.execute("update quarantine set raw = substring(raw from 1 for 16) || '\\x00'::bytea")
    new_key(connection, vault)
    assert walk_through(connection, vault).unopened == 1
    assert resealing.stale(connection, None) == 1
    assert not data_keys.drop_unused(connection, R, 1)


def test_rows_in_the_hands_of_others_are_passed_over_without_waiting(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault], now: datetime
) -> None:
    land(connection, vault, now, 20)
    there, _ = other
    new_key(connection, vault)
    with transaction(there) as cursor:
        cursor.execute("delete from record where key = %s", (vault.index("key", "7"),))
        walk_through(connection, vault)
        assert resealing.stale(connection, None) == 2
    walk_through(connection, vault)
    assert resealing.stale(connection, None) == 0


def test_no_column_with_sealed_values_is_forgotten(vault: Vault, connection: Connection) -> None:
    """Whoever adds one of them names it in `resealing.PLACES`: else a rotation would leave it, and a retire lose it."""
    said = fetch_all(
        connection,
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid "
        "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition "
        "and a.atttypid = 'bytea'::regtype and a.attnum > 0",
    )
    not_sealed = {
        ("data_key", "wrapped"), ("raw_page", "sm3"), ("record", "subject"), ("record", "key"),
        ("record_history", "subject"), ("record_history", "key"), ("record_head", "key"), ("record_head", "digest"),
        ("record_head", "mark"), ("snapshot_seen", "key"),
        ("quarantine", "fingerprint"), ("quarantine", "key"), ("quarantine", "page_sm3"), ("licence", "holder"),
        ("approval_outcome", "subject"),
        ("licence_version", "document_sm3"), ("licence_version", "token_sm3"), ("register_entry", "body"),
        ("archive_entry", "body"), ("register_month", "document_sm3"), ("register_month", "head_sm3"),
        ("archive_package", "sha256"), ("seal_use", "draft_sm3"), ("seal_use", "document_sm3"),
        ("log_renewal", "statement"), ("log_renewal", "stamp"), ("log_renewal", "stamp_sha256"),
        ("archive_check", "sm3"), ("archive_check_sheet", "document_sm3"),
        ("archive_identity", "subject"), ("archive_name", "key"),
        ("annotated_copy", "document_sm3"), ("annotated_copy", "token_sm3"), ("reseal_order", "seal_sm3"),
        ("archive_package", "sm3"), ("audit_entry", "body"), ("audit_about", "subject"),
        ("audit_about", "near"), ("log_waiting", "leaf"), ("log_leaf", "leaf"), ("log_tile", "hashes"),
        ("log_tile", "root"), ("log_head", "root"), ("log_head", "statement"), ("log_head", "signature"),
        ("log_head", "stamp"), ("seal", "picture"), ("seal", "sealed"), ("seal", "sm3"),
        ("seal", "maker_certificate"), ("desk_case", "subject"), ("doubt", "subject"),
        ("improper_report", "subject"), ("web_session", "subject"), ("web_session", "token"),
        ("machine_token", "token"), ("transfer", "subject"), ("transfer_entry", "body"), ("transfer_letter", "sm3"),
        ("transfer_item", "sm3"),
        ("archive_request", "own"), ("archive_request", "certificate_sm3"),
        ("archive_request", "token_sm3"), ("archive_request", "pick_up_sm3"), ("archive_request_file", "sm3"),
    }  # fmt: skip
    places = {(place.table, place.column) for place in resealing.PLACES}
    assert {(table, column) for table, column in said} - not_sealed == places


def test_only_one_process_changes_keys(connection: Connection, other: tuple[Connection, Vault]) -> None:
    with data_keys.only_keeper(connection), pytest.raises(KeysBusy), data_keys.only_keeper(other[0]):
        pass
    with data_keys.only_keeper(other[0]):
        pass


def test_a_process_that_began_before_a_new_kek_reads_the_folder_again(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault]
) -> None:
    sealed = vault.seal(R, b"", b"x")
    there, their = other
    new = vault.keyring.next_kek()
    assert data_keys.wrap_anew(connection, vault, new) == 1
    vault.keyring.name_files(new)
    assert their.open_sealed(R, b"", sealed) == b"x"
    their.ready("tax.clearance")
    assert [key.kek for key in data_keys.every(there)] == [new, new], "a first data key is wrapped by the new KEK"


def test_a_machine_without_the_new_kek_is_told_which_file_to_copy(
    vault: Vault, connection: Connection, other: tuple[Connection, Vault], tmp_path: Path
) -> None:
    sealed = vault.seal(R, b"", b"x")
    make_keyring(tmp_path / "elsewhere")
    for name in ("index.key", "data-kek.key"):
        (tmp_path / "elsewhere" / name).write_text((tmp_path / "keys" / name).read_text())
    new = vault.keyring.next_kek()
    data_keys.wrap_anew(connection, vault, new)
    their = Vault.open(other[0], tmp_path / "elsewhere")
    with pytest.raises(KekNotHere, match=f"data-kek-{new}.key"):
        their.open_sealed(R, b"", sealed)
    with pytest.raises(KekNotHere):
        their.ready("tax.clearance")
    # As the file lay there before it was taken into use:
    name = f"data-kek-{new}.next.key"
    (tmp_path / "elsewhere" / name).write_text((tmp_path / "keys" / name).read_text())
    assert their.open_sealed(R, b"", sealed) == b"x"


def test_what_was_sealed_before_keys_had_numbers_is_taken_along(
    new_database: Callable[..., str], tmp_path: Path, now: datetime
) -> None:
    url = new_database(copy_of="postgresql:///template1")
    migrate(url, "0003")
    make_keyring(tmp_path / "keys")
    kek, key = bytes.fromhex((tmp_path / "keys" / "data-kek.key").read_text()), os.urandom(32)

    def sealed(bound_to: bytes, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)

    connection = connect(url)
    with transaction(connection) as cursor:
        for resource in (R, "licence"):
            cursor.execute(
                "insert into data_key (resource, wrapped) values (%s, %s)", (resource, aes_key_wrap(kek, key))
            )
        cursor.execute("insert into batch (resource, state) values (%s, 'running') returning id", (R,))
        batch = cursor.fetchone()[0]
        cursor.execute(
            "insert into record (subject, resource, key, version, digest, payload, batch, valid_from) "
            "values ('s', %s, 'k', 1, 'd', %s, %s, %s)",
            (R, sealed(b"k", b"record"), batch, now),
        )
        cursor.execute(
            "insert into raw_page (resource, sm3, number, batch, body, bytes, context) "
            "values (%s, 'p', 0, %s, %s, 4, '{}')",
            (R, batch, sealed(b"p", b"page")),
        )
        cursor.execute(
            "insert into quarantine (resource, fingerprint, raw, fields, operation, reasons, page_sm3, position, "
            "batch) values (%s, 'f', %s, %s, 'I', '[]', 'p', 0, %s) returning id",
            (R, sealed(b"f", b"raw"), sealed(b"f", b"fields"), batch),
        )
        entry = cursor.fetchone()[0]
        cursor.execute(
            "insert into licence (licence_type, year, sequence, number, identifier, approval, item, holder, facts, "
            "reserved_at) values ('food', 2026, 1, 'no', 'id', 'case-1', 'item', '', %s, %s)",
            (sealed(b"case-1", json.dumps({"a": 1}).encode()), now),
        )
    migrate(url)
    vault = Vault.open(connection, tmp_path / "keys")
    assert [row.payload for row in records.of_subject(connection, vault, b"s", [R])[R]] == [b"record"]
    assert raw_pages.load(connection, vault, R, b"p").body == b"page"
    content = quarantine.open_content(connection, vault, entry)
    assert (content.raw, content.fields) == (b"raw", b"fields")
    (licence,) = licences.every(connection)
    assert licences.facts(connection, vault, licence) == {"a": 1}
    assert {key.kek for key in data_keys.every(connection)} == {None}
    data_keys.note_keks(connection, vault)
    assert {key.kek for key in data_keys.every(connection)} == {vault.keyring.in_use()}
    new_key(connection, vault)
    walk_through(connection, vault)
    assert fetch_one(connection, "select count(*) from data_key where state = 'old'") == (1,)
    assert resealing.counts(connection) == {(R, 2): 4, ("licence", 1): 1}
    connection.close()


def _opened(connection: Connection, vault: Vault) -> dict[str, list[Any]]:
    return {
        "records": sorted(row.payload for row in records.of_resource(connection, vault, R)),
        "pages": sorted(
            raw_pages.load(connection, vault, R, bytes(row[0])).body
            for row in fetch_all(connection, "select sm3 from raw_page")
        ),
        "quarantine": sorted(
            (content.raw, content.fields)
            for entry in quarantine.list_entries(connection)
            for content in [quarantine.open_content(connection, vault, entry.id)]
        ),
        "history": sorted(
            vault.open_sealed(R, bytes(key), payload)
            for key, payload in fetch_all(connection, "select key, payload from record_history")
        ),
    }

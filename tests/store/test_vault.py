"""A dump of the database shows no citizen, and a changed or moved row does not open."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from store.batches import begin_or_resume
from store.connection import Connection, fetch_all, transaction
from store.errors import KeyringUnusable
from store.landing import BadRow, GoodRow, JudgedPage, land_page
from store.vault import Vault, make_keyring


def test_what_was_sealed_opens_only_where_it_was_bound(vault: Vault) -> None:
    sealed = vault.seal("hr.insurance", b"row 1", "张三".encode())
    assert vault.open_sealed("hr.insurance", b"row 1", sealed).decode() == "张三"
    with pytest.raises(KeyringUnusable, match=r"hr\.insurance"):
        vault.open_sealed("hr.insurance", b"row 2", sealed)
    with pytest.raises(KeyringUnusable):
        vault.open_sealed("hr.insurance", b"row 1", sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_sealed_value_begins_with_the_number_of_its_key(vault: Vault) -> None:
    one, other = (vault.seal("hr.insurance", b"row 1", b"same") for _ in range(2))
    assert one[:4] == other[:4] == b"\0\0\0\1"
    assert one[4:16] != other[4:16], "the nonce is drawn anew each time"
    assert len(one) == 4 + 12 + len(b"same") + 16


def test_many_at_once_are_sealed_as_one_by_one(vault: Vault) -> None:
    pairs = [(f"row {number}".encode(), f"plain {number}".encode() * number) for number in range(50)]
    sealed = vault.seal_many("hr.insurance", pairs)
    assert [
        vault.open_sealed("hr.insurance", bound_to, value) for (bound_to, _), value in zip(pairs, sealed, strict=True)
    ] == [plain for _, plain in pairs]
    assert len({value[4:16] for value in sealed}) == len(pairs)
    assert vault.seal_many("hr.insurance", []) == []


def test_a_number_that_was_never_given_is_told_as_another_keyring(vault: Vault) -> None:
    sealed = vault.seal("hr.insurance", b"", b"x")
    for number in (0, 2, 2**32 - 1):
        with pytest.raises(KeyringUnusable, match="never made here"):
            vault.open_sealed("hr.insurance", b"", number.to_bytes(4) + sealed[4:])
    for short in (b"", sealed[:4], sealed[:20]):
        with pytest.raises(KeyringUnusable):
            vault.open_sealed("hr.insurance", b"", short)


def test_another_keyring_opens_nothing(vault: Vault, connection: Connection, tmp_path: Path) -> None:
    vault.seal("hr.insurance", b"", b"")
    make_keyring(tmp_path / "other")
    with pytest.raises(KeyringUnusable, match="key-encryption key"):
        Vault.open(connection, tmp_path / "other").seal("hr.insurance", b"", b"")


def test_a_missing_or_short_key_file_is_named(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(KeyringUnusable, match=r"index\.key"):
        Vault.open(connection, tmp_path)
    make_keyring(tmp_path)
    (tmp_path / "data-kek.key").write_text("abcd")
    with pytest.raises(KeyringUnusable, match=r"data-kek\.key"):
        Vault.open(connection, tmp_path)


def test_a_keyring_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    make_keyring(tmp_path / "keys")
    first = (tmp_path / "keys" / "index.key").read_text()
    make_keyring(tmp_path / "keys")
    assert (tmp_path / "keys" / "index.key").read_text() == first
    assert (tmp_path / "keys" / "index.key").stat().st_mode & 0o777 == 0o600


def test_no_table_holds_a_name_or_a_number_in_the_clear(vault: Vault, connection: Connection, now: datetime) -> None:
    number, name = "110105194912310021", "欧阳测试"
    text = f'{{"id":"{number}","name":"{name}"}}'.encode()
    batch = begin_or_resume(connection, "hr.insurance")
    land_page(
        connection,
        vault,
        batch,
        JudgedPage(
            1,
            b"\0" * 32,
            [GoodRow(0, vault.index("hr.insurance", number), (vault.index("citizen", number),), text)],
            [BadRow(1, vault.index("hr.insurance", number), text, text, "I", None, [{"code": "R-011", "field": "id"}])],
        ),
        expected_position={},
        next_position={"page": 1},
        now=now,
    )
    tables = fetch_all(connection, "select tablename from pg_tables where schemaname = 'public'")
    with transaction(connection) as cursor:
        for (table,) in tables:
            cursor.execute(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")
            dump = cursor.fetchone()[0]
            for secret in (number, name, number.encode().hex(), name.encode().hex()):
                assert secret not in dump, table


def test_a_start_hashed_once_gives_the_digests_of_the_whole(vault: Vault) -> None:
    after = vault.digests_after(b"start")
    for data in (b"", b"one", b"two" * 100, b"one"):
        assert after(data) == vault.digest(b"start" + data)

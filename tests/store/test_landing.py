"""A page lands whole or not at all, and the same page twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from core.edition import written
from store import batches, quarantine, records
from store.batches import Counts
from store.connection import Connection, fetch_all, transaction
from store.errors import BatchMoved, PartsCollided
from store.landing import BadRow, GoodRow, JudgedPage, land_page
from store.vault import Vault

RESOURCE = "tax.registration"
PAGE_1, PAGE_2 = b"\x01" * 32, b"\x02" * 32


class Bench:
    """Lands rows written as (key, text) or (key, None) for a deletion, one page after the other."""

    def __init__(self, connection: Connection, vault: Vault, now: datetime) -> None:
        self.connection, self.vault, self.now = connection, vault, now
        self.batch = batches.begin_or_resume(connection, RESOURCE)
        self.position: dict[str, Any] = dict(self.batch.position)

    def land(
        self,
        rows: Sequence[tuple[str, str | None]],
        bad: Sequence[BadRow] = (),
        page: bytes = PAGE_1,
        subjects: Sequence[str] = ("someone",),
        edition: str | None = None,
        known: Sequence[str] = (),
        new: bool = False,
    ) -> Counts:
        good = [
            GoodRow(
                position=number,
                key=self.vault.index(RESOURCE, key),
                subjects=tuple(self.vault.index("citizen", name) for name in subjects),
                canonical=None if text is None else text.encode(),
                digest=None if text is None else self.vault.digest(text.encode()),
                edition=edition,
            )
            for number, (key, text) in enumerate(rows)
        ]
        following = {"page": self.position.get("page", 0) + 1}
        counts = land_page(
            self.connection,
            self.vault,
            self.batch,
            JudgedPage(
                number=1, page_sm3=page, good=good, bad=bad, known=[self.vault.index(RESOURCE, key) for key in known]
            ),
            expected_position=self.position,
            next_position=following,
            now=self.now,
            new=new,
        )
        self.position = following
        return counts

    def bad(self, raw: str, key: str | None = None, position: int = 0) -> BadRow:
        return BadRow(
            position=position,
            key=self.vault.index(RESOURCE, key) if key else None,
            raw=raw.encode(),
            fields=b"{}",
            operation="I",
            problem=None,
            reasons=[{"code": "R-001", "field": "name"}],
        )

    def texts(self, subject: str = "someone") -> list[tuple[str, int]]:
        found = records.of_subject(self.connection, self.vault, self.vault.index("citizen", subject), [RESOURCE])
        return [(row.payload.decode(), row.version) for row in found[RESOURCE]]

    def history(self) -> list[tuple[int, str]]:
        return fetch_all(self.connection, "select version, ended_as from record_history order by version")


@pytest.fixture
def bench(connection: Connection, vault: Vault, now: datetime) -> Bench:
    return Bench(connection, vault, now)


def test_new_rows_are_inserted_and_found_by_their_subject(bench: Bench) -> None:
    counts = bench.land([("a", "alpha"), ("b", "beta")])
    assert (counts.landed, counts.inserted, counts.accepted) == (2, 2, 2)
    assert sorted(bench.texts()) == [("alpha", 1), ("beta", 1)]


def test_the_same_rows_again_change_nothing(bench: Bench) -> None:
    bench.land([("a", "alpha")])
    counts = bench.land([("a", "alpha")])
    assert (counts.unchanged, counts.inserted, counts.changed) == (1, 0, 0)
    assert bench.texts() == [("alpha", 1)]
    assert bench.history() == []


def test_a_changed_row_keeps_what_it_was(bench: Bench) -> None:
    bench.land([("a", "alpha")])
    assert bench.land([("a", "alpha two")]).changed == 1
    assert bench.texts() == [("alpha two", 2)]
    assert bench.history() == [(1, "changed")]


def test_a_deleted_row_leaves_its_history_and_may_come_back(bench: Bench) -> None:
    bench.land([("a", "alpha")])
    assert bench.land([("a", None)]).deleted == 1
    assert bench.texts() == []
    assert bench.land([("a", "alpha")]).inserted == 1
    assert bench.texts() == [("alpha", 2)]
    assert bench.history() == [(1, "deleted")]


def test_a_deletion_of_what_was_never_there_is_no_error(bench: Bench) -> None:
    assert bench.land([("never", None)]).unchanged == 1


def test_every_edition_of_one_page_is_a_version_and_the_last_one_stands(bench: Bench, vault: Vault) -> None:
    counts = bench.land([("a", "first"), ("a", "second"), ("b", "other"), ("a", "third")])
    assert (counts.landed, counts.inserted, counts.changed) == (4, 2, 2)
    assert sorted(bench.texts()) == [("other", 1), ("third", 3)]
    assert bench.history() == [(1, "changed"), (2, "changed")]
    rows = fetch_all(
        bench.connection, "select key, payload, valid_from, valid_to, ended_by from record_history order by version"
    )
    assert [vault.open_sealed(RESOURCE, bytes(key), payload) for key, payload, *_ in rows] == [b"first", b"second"]
    assert {(start, end, batch) for *_, start, end, batch in rows} == {(bench.now, bench.now, bench.batch.id)}


def test_a_page_may_end_and_begin_a_record_it_brought(bench: Bench) -> None:
    counts = bench.land([("a", "first"), ("a", None), ("a", None), ("a", "again")])
    assert (counts.inserted, counts.deleted, counts.unchanged) == (2, 1, 1)
    assert bench.texts() == [("again", 2)]
    assert bench.history() == [(1, "deleted")]


def test_an_older_edition_read_again_changes_nothing(bench: Bench) -> None:
    bench.land([("a", "first")], edition=written("2026-03-01"))
    bench.land([("a", "second")], edition=written("2026-03-02"))
    assert bench.land([("a", "first")], edition=written("2026-03-01")).unchanged == 1
    assert bench.texts() == [("second", 2)]
    bench.land([("a", None)], edition=written("2026-03-03"))
    assert bench.land([("a", "second")], edition=written("2026-03-02")).unchanged == 1
    assert bench.texts() == []
    assert bench.history() == [(1, "changed"), (2, "deleted")]


def test_a_late_edition_that_is_newer_than_what_stands_is_taken(bench: Bench) -> None:
    bench.land([("a", "first")], edition=written("2026-03-01"))
    assert bench.land([("a", "same text"), ("a", "first")], edition=written("2026-03-03")).changed == 2
    assert bench.land([("a", "late")], edition=written("2026-03-02")).unchanged == 1
    assert bench.texts() == [("first", 3)]


def test_a_repetition_with_a_newer_edition_moves_the_order_on(bench: Bench) -> None:
    bench.land([("a", "text")], edition=written("2026-03-01"))
    assert bench.land([("a", "text")], edition=written("2026-03-05")).unchanged == 1
    assert bench.land([("a", "late")], edition=written("2026-03-03")).unchanged == 1
    assert bench.texts() == [("text", 1)]


def test_rows_known_by_their_bytes_count_and_close_what_was_set_aside(bench: Bench) -> None:
    bench.land([("a", "alpha")])
    bench.land([], bad=[bench.bad("bad row", key="a")], page=PAGE_2)
    counts = bench.land([("b", "beta")], known=["a"], page=b"\x03" * 32)
    assert (counts.landed, counts.unchanged, counts.inserted) == (2, 1, 1)
    assert [entry.state for entry in quarantine.list_entries(bench.connection, state=None)] == ["corrected"]


def test_a_page_of_new_records_lands_without_a_look_and_is_refused_whole_where_one_was_there(bench: Bench) -> None:
    assert bench.land([("a", "one"), ("a", "two"), ("b", "one")], new=True).inserted == 2
    with pytest.raises(PartsCollided):
        bench.land([("c", "one"), ("b", "two")], new=True)
    assert sorted(bench.texts()) == [("one", 1), ("two", 2)]
    counts = bench.land([("c", "one"), ("b", "two")])
    assert (counts.inserted, counts.changed) == (1, 1)
    assert sorted(bench.texts()) == [("one", 1), ("two", 2), ("two", 2)]


def test_a_page_with_a_deletion_is_always_looked_up(bench: Bench) -> None:
    bench.land([("a", "one"), ("b", "one")], new=True)
    assert bench.land([("a", None), ("c", "one")], new=True).deleted == 1
    assert bench.texts() == [("one", 1), ("one", 1)]
    assert bench.history() == [(1, "deleted")]


def test_a_record_that_moves_to_another_subject_leaves_the_first(bench: Bench) -> None:
    bench.land([("a", "for one")], subjects=["one", "two"])
    bench.land([("a", "for three")], subjects=["three"])
    assert bench.texts("one") == bench.texts("two") == []
    assert bench.texts("three") == [("for three", 2)]


def test_a_record_that_newer_rules_find_under_more_subjects_is_stored_under_them(bench: Bench) -> None:
    bench.land([("a", "one")])
    assert bench.land([("a", "one")], page=PAGE_2, subjects=("someone", "an old number")).changed == 1
    assert bench.texts() == bench.texts("an old number") == [("one", 2)]
    assert bench.land([("a", "one")], subjects=("an old number", "someone")).unchanged == 1
    assert bench.history() == [(1, "changed")]


def test_a_bad_row_is_set_aside_once_however_often_it_comes(bench: Bench) -> None:
    for page in (PAGE_1, PAGE_2):
        assert bench.land([], bad=[bench.bad("bad row")], page=page).quarantined == 1
    assert len(quarantine.list_entries(bench.connection)) == 1


def test_a_good_row_on_a_later_page_closes_the_entry_of_the_bad_one(bench: Bench) -> None:
    bench.land([], bad=[bench.bad("bad row", key="a")])
    bench.land([("a", "mended")], page=PAGE_2)
    assert [entry.state for entry in quarantine.list_entries(bench.connection, state=None)] == ["corrected"]


def test_a_bad_row_after_a_good_one_stays_open_when_the_page_is_read_again(bench: Bench) -> None:
    for _ in range(2):
        bench.land([("a", "good")], bad=[bench.bad("bad row", key="a", position=5)])
    assert [entry.state for entry in quarantine.list_entries(bench.connection, state=None)] == ["open"]


def test_the_quarantined_row_comes_back_as_it_was(bench: Bench, vault: Vault) -> None:
    bench.land([], bad=[bench.bad('"张三","bad"')])
    (entry,) = quarantine.list_entries(bench.connection)
    assert quarantine.open_content(bench.connection, vault, entry.id).raw.decode() == '"张三","bad"'


def test_a_page_is_refused_when_the_cursor_was_moved_meanwhile(bench: Bench) -> None:
    bench.land([("a", "alpha")])
    bench.position = {}
    with pytest.raises(BatchMoved):
        bench.land([("b", "beta")])
    assert bench.texts() == [("alpha", 1)]


def test_a_page_that_fails_half_way_leaves_nothing(bench: Bench, connection: Connection) -> None:
    with transaction(connection) as cursor:
        cursor.execute("alter table quarantine add constraint no_more check (position < 0) not valid")
    with pytest.raises(Exception, match="no_more"):
        bench.land([("a", "alpha")], bad=[bench.bad("bad row")])
    assert bench.texts() == []
    counts, _ = batches.counts(connection, bench.batch.id)
    assert counts == Counts()
    assert batches.begin_or_resume(connection, RESOURCE).position == {}


def test_a_running_batch_is_taken_up_again_where_it_stood(bench: Bench, connection: Connection) -> None:
    bench.land([("a", "alpha")])
    again = batches.begin_or_resume(connection, RESOURCE)
    assert (again.id, again.resumed, again.position) == (bench.batch.id, True, {"page": 1})
    batches.finish(connection, again)
    fresh = batches.begin_or_resume(connection, RESOURCE)
    assert fresh.id != bench.batch.id
    assert fresh.position == {"page": 1}


def test_counts_add_up_to_what_landed(bench: Bench, connection: Connection) -> None:
    bench.land([("a", "1"), ("b", "2"), ("b", "3")], bad=[bench.bad("x")])
    bench.land([("a", "1"), ("b", "4"), ("c", None)], bad=[bench.bad("y")], page=PAGE_2)
    counts, _ = batches.counts(connection, bench.batch.id)
    assert counts.landed == 8
    assert counts.balanced and counts.landed == counts.accepted + counts.unchanged + counts.quarantined


def test_two_readers_of_one_resource_take_turns(connection: Connection, database_url: str) -> None:
    from store.connection import connect

    other = connect(database_url)
    try:
        with batches.only_reader(connection, RESOURCE):
            with pytest.raises(batches.BatchBusy), batches.only_reader(other, RESOURCE):
                pass
            with batches.only_reader(other, "another.resource"):
                pass
        with batches.only_reader(other, RESOURCE):
            pass
    finally:
        other.close()


def test_every_resource_pages_through_all_its_records(bench: Bench, connection: Connection, vault: Vault) -> None:
    bench.land([(str(n), f"text {n}") for n in range(25)], subjects=["one", "two"])
    seen = [row.payload for row in records.of_resource(connection, vault, RESOURCE, page=10)]
    assert len(seen) == len(set(seen)) == 25


def test_a_digest_of_the_version_before_is_known_as_the_same_and_replaced(bench: Bench, vault: Vault) -> None:
    bench.land([("a", "alpha"), ("b", "beta")])
    with transaction(bench.connection) as cursor:
        for text in ("alpha", "beta"):
            cursor.execute(
                "update record_head set digest = %s where digest = %s",
                (vault.fingerprint(text.encode()), vault.digest(text.encode())),
            )
    assert bench.land([("a", "alpha"), ("b", "changed")]).unchanged == 1
    assert sorted(bench.texts()) == [("alpha", 1), ("changed", 2)]
    digests = fetch_all(bench.connection, "select digest from record_head")
    assert {bytes(row[0]) for row in digests} == {vault.digest(b"alpha"), vault.digest(b"changed")}

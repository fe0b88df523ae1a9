"""The licence register proves what it holds, and whoever changes it or a table beside it is found out and named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.merkle import ProofRefused, leaf_hash
from hub import licence_register as register
from hub import log_heads, log_proofs
from hub.context import Hub
from hub.licence_register import RegisterNotSound
from hub.log_proofs import EntryUnknown, EntryWaits
from hub.trust import trust_of
from schemas.licence_life import Step
from store.connection import fetch_one
from store.licences import LicenceVersion
from tests.hub.logs import Superuser, superuser_of
from tests.hub.registers import entries, issued, next_version, step
from tests.preparing import demo_keys


@pytest.fixture
def kept(hub: Hub) -> tuple[Hub, list[LicenceVersion]]:
    """Six licences under a head: one suspended, one revoked and cancelled, one in its second version."""
    demo_keys(hub.settings, hub.clock)
    made = issued(hub, 6)
    step(hub, made[1], Step.SUSPEND)
    step(hub, made[2], Step.REVOKE, Step.CANCEL)
    next_version(hub, made[3])
    register.seal_head(hub)
    return hub, made


@pytest.fixture
def attacker(hub: Hub, postgres_url: str) -> Superuser:
    return superuser_of(hub, postgres_url)


def tables(hub: Hub) -> list[str]:
    """What verifying finds of the tables; nothing else is wrong."""
    report = register.verify(hub)
    assert set(report.counts) <= {"table"}
    return [finding.text for finding in report.findings]


def test_a_register_nobody_touched_is_sound_and_all_of_it_was_read(kept: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, _ = kept
    report = register.verify(hub)
    assert report.findings == [] and report.unsure == []
    assert (report.log, report.entries, report.covered, report.heads, report.files) == ("register", 10, 10, 1, 1)


def test_steps_that_nobody_numbered_yet_are_compared_all_the_same(kept: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, made = kept
    step(hub, made[1], Step.RESUME)
    next_version(hub, made[1])
    report = register.verify(hub)
    assert report.sound and report.waiting == 2, report.findings


def test_a_document_is_proved_to_be_in_the_register_by_its_identifier(kept: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, made = kept
    proof = register.inclusion_of(hub, made[4].identifier)
    body = fetch_one(hub.connection, "select body from register_entry where id = %s", (proof["entry"],))
    assert body is not None and f'"identifier":"{made[4].identifier}"'.encode() in bytes(body[0])
    shown = log_proofs.check(proof, trust_of(hub.settings), at=hub.clock.now(), body=bytes(body[0]))
    assert (shown.log, shown.number, shown.head and shown.head.number) == ("register", 4, 0)
    with pytest.raises(EntryUnknown):
        register.inclusion_of(hub, "none")
    late = issued(hub, 1, first=7)[0]
    with pytest.raises(EntryWaits):
        register.inclusion_of(hub, late.identifier)


def test_an_old_head_is_proved_to_hold_and_a_rewritten_register_cannot(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser
) -> None:
    hub, made = kept
    old = register.head(hub)
    assert old is not None
    step(hub, made[0], Step.SUSPEND)
    register.seal_head(hub)
    proof = register.consistency(hub, 0)
    shown = log_proofs.check(proof, trust_of(hub.settings), at=hub.clock.now(), known=old)
    assert shown.first is not None and (shown.first.size, shown.head and shown.head.size) == (10, 11)
    forged = proof | {
        "first": log_heads.to_dict(old) | {"statement": old.statement.decode().replace('"size":10', '"size":9')}
    }
    with pytest.raises(ProofRefused):
        log_proofs.check(forged, trust_of(hub.settings), at=hub.clock.now(), known=old)
    attacker.run("update log_leaf set leaf = %s where log = 'register' and seq = 2", (b"x" * 32,))
    with pytest.raises(ProofRefused):
        log_proofs.check(register.consistency(hub, 0), trust_of(hub.settings), at=hub.clock.now(), known=old)


# --- a superuser and the log itself ---


def test_a_changed_entry_is_named_though_its_leaf_was_made_to_fit(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser
) -> None:
    hub, _ = kept
    entry = entries(hub)[7]
    row = fetch_one(hub.connection, "select body from register_entry where id = %s", (entry,))
    assert row is not None and b'"revoked"' in bytes(row[0])
    body = bytes(row[0]).replace(b'"revoked"', b'"valid"')
    with attacker.at_work() as cursor:
        cursor.execute("update register_entry set body = %s where id = %s", (body, entry))
    assert {(one.kind, one.number) for one in register.verify(hub).findings} >= {("changed", 7), ("table", 7)}
    with attacker.at_work() as cursor:
        cursor.execute("update log_leaf set leaf = %s where log = 'register' and seq = 7", (leaf_hash(body),))
    assert {(one.kind, one.number) for one in register.verify(hub).findings} >= {("changed", 7), ("head", None)}


def test_a_step_taken_out_with_its_entry_is_named(kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser) -> None:
    hub, made = kept
    entry = entries(hub)[6]
    with attacker.at_work() as cursor:
        cursor.execute("delete from licence_step where entry = %s", (entry,))
        cursor.execute("delete from register_entry where id = %s", (entry,))
        cursor.execute("update licence set status = 'valid' where id = %s", (made[1].licence,))
    assert ("removed", 6, entry) in {(one.kind, one.number, one.entry) for one in register.verify(hub).findings}


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("update register_entry set at = at - interval '1 day' where licence = %s", "the column at"),
        ("update register_entry set licence = (select id from licence where number = 'T-00006') where licence = %s",
         "the column licence"),
        ("update register_entry set body = convert_to('{}', 'UTF8') where licence = %s", "not of the form of an entry"),
    ],
)  # fmt: skip
def test_a_column_that_says_something_else_than_the_body_is_named(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser, statement: str, text: str
) -> None:
    hub, made = kept
    attacker.run(statement, (made[0].licence,))
    found = [one for one in register.verify(hub).findings if one.kind == "column"]
    assert [one.number for one in found] == [0] and text in found[0].text


def test_an_entry_put_beside_the_log_is_found(kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser) -> None:
    hub, _ = kept
    attacker.run("insert into register_entry select gen_random_uuid(), at, licence, body from register_entry limit 1")
    assert "inserted" in register.verify(hub).counts


# --- a superuser and the tables beside the log ---

REVOKED, TWICE = "T-00003", "T-00004"


CASES: list[tuple[str, str, str]] = [
    ("update licence set status = 'valid' where number = %s", REVOKED, "status = valid, its last entry says"),
    ("update licence set status = 'reserved' where number = %s", REVOKED, "status = reserved"),
    ("update licence set status_since = '2020-01-01' where number = %s", REVOKED, "status_since = 2020-01-01"),
    ("update licence set valid_until = '2099-01-01' where number = %s", TWICE, "valid_until = 2099-01-01"),
    ("update licence set valid_until = null where number = %s", TWICE, "valid_until = nothing"),
    ("update licence set current_version = 1 where number = %s", TWICE, "current_version = 1, its last"),
    ("update licence set licence_type = 'ngo' where number = %s", TWICE, "licence_type = ngo"),
    (
        "update licence_version v set document_sm3 = '\\x00' from licence l where l.id = v.licence and version = 2 "
        "and number = %s",
        TWICE,
        "another document_sm3",
    ),
    (
        "update licence_version v set identifier = 'other' from licence l where l.id = v.licence and version = 2 "
        "and number = %s",
        TWICE,
        "another identifier",
    ),
    (
        "update licence_version v set valid_until = null from licence l where l.id = v.licence and version = 2 "
        "and number = %s",
        TWICE,
        "another valid_until",
    ),
    (
        "update licence_version v set superseded_at = null from licence l where l.id = v.licence and version = 1 "
        "and number = %s",
        TWICE,
        "another superseded_at",
    ),
    (
        "update licence_version v set superseded_at = now() from licence l where l.id = v.licence and version = 2 "
        "and number = %s",
        TWICE,
        "another superseded_at",
    ),
    (
        "update licence_version v set state = 'dropped' from licence l where l.id = v.licence and version = 2 "
        "and number = %s",
        TWICE,
        "another state of its making",
    ),
    (
        "update licence_version v set status_index = status_index # 1 from licence l where l.id = v.licence "
        "and version = 2 and number = %s",
        TWICE,
        "another status_index than the document bears",
    ),
    (
        "delete from licence_version v using licence l where l.id = v.licence and version = 1 and number = %s",
        TWICE,
        "version 1 is gone",
    ),
    (
        "insert into licence_version (licence, version, cause, identifier, made_for, item, facts, reserved_at, state, "
        "published_at) select id, 9, 'replace', 'forged', 'forged', 'item', '', now(), 'published', now() "
        "from licence where number = %s",
        TWICE,
        "is public, and no entry tells",
    ),
    (
        "update licence_step s set after = 'valid' from licence l where l.id = s.licence and step = 'cancel' "
        "and number = %s",
        REVOKED,
        "another after than the entry",
    ),
    (
        "update licence_step s set effective_on = '2020-01-01' from licence l where l.id = s.licence "
        "and step = 'revoke' and number = %s",
        REVOKED,
        "another effective_on than the entry",
    ),
    (
        "update licence_step s set basis = 'x' from licence l where l.id = s.licence and step = 'revoke' "
        "and number = %s",
        REVOKED,
        "another basis than the entry",
    ),
    (
        "update licence_step s set at = now() from licence l where l.id = s.licence and step = 'revoke' "
        "and number = %s",
        REVOKED,
        "another at than the entry",
    ),
    (
        "delete from licence_step s using licence l where l.id = s.licence and step = 'revoke' and number = %s",
        REVOKED,
        "lacks the step of this entry",
    ),
    (
        "insert into licence_step (licence, at, step, before, after, effective_on, basis, by_user, by_organisation, "
        "entry) select id, now(), 'resume', 'cancelled', 'valid', now(), 'x', 'x', 'x', gen_random_uuid() "
        "from licence where number = %s",
        REVOKED,
        "a step resume without an entry",
    ),
    (
        "insert into licence (licence_type, year, sequence, number, item, holder, status, status_since, "
        "current_version) values ('food', 2026, 99, %s, 'item', 'h', 'valid', now(), 1)",
        "T-00099",
        "status = valid, the register, which holds no entry of it, says reserved",
    ),
]


def test_a_table_that_says_something_else_than_the_register_is_named(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser
) -> None:
    hub, _ = kept
    names = ("licence_version", "licence_step", "licence")
    with attacker.at_work() as cursor:
        for name in names:
            cursor.execute(f"create table kept_{name} as table {name}; grant all on kept_{name} to public")
    for statement, number, text in CASES:
        attacker.run(statement, (number,))
        found = tables(hub)
        assert any(text in one for one in found), (statement, found)
        assert all(number in one for one in found), (statement, found)
        with attacker.at_work() as cursor:
            for name in names:
                cursor.execute(f"delete from {name}")
                cursor.execute(f"insert into {name} overriding system value select * from kept_{name}")
    assert tables(hub) == []


def test_a_licence_taken_out_of_all_tables_is_missed_by_the_log(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser
) -> None:
    hub, made = kept
    with attacker.at_work() as cursor:
        for table in ("licence_step", "register_entry", "licence_version"):
            cursor.execute(f"delete from {table} where licence = %s", (made[5].licence,))
        cursor.execute("delete from licence where id = %s", (made[5].licence,))
    assert {("removed", 5)} == {(one.kind, one.number) for one in register.verify(hub).findings}
    with attacker.at_work() as cursor:
        cursor.execute("delete from licence where id = %s", (made[4].licence,))
    text = " ".join(one.text for one in register.verify(hub).findings if one.kind == "table")
    assert "a step of the table licence_step" in text and "a document of the table licence_version" in text


def test_the_nightly_look_fails_with_what_was_found(
    kept: tuple[Hub, list[LicenceVersion]], attacker: Superuser
) -> None:
    hub, _ = kept
    assert register.require_sound(hub).entries == 10
    attacker.run("update licence set status = 'valid' where number = %s", (REVOKED,))
    with pytest.raises(RegisterNotSound, match=r"1 findings: table: .* T-00003: the table licence has status = valid"):
        register.require_sound(hub)


def test_a_clock_that_is_a_little_behind_is_no_contradiction(kept: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, made = kept
    early = Hub(hub.settings, FixedClock(hub.clock.now() - timedelta(seconds=3)), hub.connection, hub.vault)
    step(early, made[1], Step.RESUME)
    step(hub, made[1], Step.REVOKE)
    assert register.verify(hub).sound

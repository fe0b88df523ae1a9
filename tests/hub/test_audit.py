"""The audit log is sealed, proves what it holds, and whoever changes it behind its back is found out and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from core.clock import FixedClock
from core.merkle import ProofRefused, leaf_hash
from core.settings import Mode
from hub import audit, install, log_heads, log_proofs
from hub.context import Hub, open_hub
from hub.log_files import LogFilesRefused
from hub.log_heads import HeadRefused
from hub.log_key import LogKeyUnset
from hub.log_proofs import EntryUnknown, EntryWaits, ProofMalformed, check
from hub.log_sealing import files_of
from hub.trust import trust_of
from signing.trust import Trust
from store import log_heads as stored
from store.connection import fetch_all
from store.merkle_log import LogShrunk, SealerBusy, only_sealer
from tests.hub.conftest import NOON
from tests.hub.logs import Superuser, add, found, kinds, superuser_of
from tests.preparing import demo_keys

#: More than a tile, and two heads.
FIRST, SECOND = 260, 300


@pytest.fixture
def log(hub: Hub) -> Hub:
    demo_keys(hub.settings, hub.clock)
    return hub


@pytest.fixture
def sealed(log: Hub) -> tuple[Hub, list[str]]:
    """A log of 300 entries under two heads, and five more that no head covers."""
    entries = add(log, FIRST)
    audit.seal_head(log)
    entries += add(log, SECOND - FIRST)
    audit.seal_head(log)
    entries += add(log, 5)
    audit.sequence(log)
    return log, entries


@pytest.fixture
def attacker(log: Hub, postgres_url: str) -> Superuser:
    return superuser_of(log, postgres_url)


def test_a_log_nobody_touched_is_sound_and_all_of_it_was_read(sealed: tuple[Hub, list[str]]) -> None:
    hub, entries = sealed
    read: list[tuple[int, int]] = []
    report = audit.verify(hub, on_read=lambda done, total: read.append((done, total)))
    assert report.findings == [] and report.sound
    assert (report.entries, report.covered, report.heads, report.files) == (len(entries), SECOND, 2, 2)
    assert read[-1] == (305, 305)
    assert report.signers == ["测试日志签名 (一证通办测试机构)"]
    assert report.unsure == []
    assert report.notes == ["2 of 2 heads without a timestamp that was judged good"]


def test_an_empty_log_is_sound_and_can_be_sealed(log: Hub) -> None:
    assert audit.verify(log).sound
    head = audit.seal_head(log)
    assert (head.number, head.size) == (0, 0)
    add(log, 1)
    audit.seal_head(log)
    assert audit.verify(log).sound


# --- tampering, the files outside being there ---


def _body(case: str, entry: str) -> bytes:
    return json.dumps({"v": 1, "id": entry, "case": case}).encode()


def test_a_changed_body_is_named(sealed: tuple[Hub, list[str]], attacker: Superuser) -> None:
    hub, entries = sealed
    attacker.run(
        "update audit_entry set body = convert_to(replace(convert_from(body, 'utf8'), 'A-7', 'B-7'), 'utf8'), "
        "case_no = 'B-7' where id = %s", (entries[7],),
    )  # fmt: skip
    assert found(hub) == {("changed", 7, entries[7])}
    (finding,) = audit.verify(hub).findings
    assert entries[7] in finding.line() and "2026-11-20 12:00:07" in finding.line()


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"about": 3}'])
def test_a_body_that_is_no_entry_at_all_is_named(log: Hub, attacker: Superuser, body: str) -> None:
    (entry,) = add(log, 1)
    audit.sequence(log)
    attacker.run("update audit_entry set body = %s", (body.encode(),))
    assert found(log) == {("changed", 0, entry), ("column", 0, entry)}


def test_of_very_many_faults_the_first_are_named_and_the_rest_counted(log: Hub, attacker: Superuser) -> None:
    add(log, 600)
    audit.sequence(log)
    attacker.run("update audit_entry set caller = 'wang', body = body || ' '::bytea")
    report = audit.verify(log)
    assert (len(report.findings), report.counts["changed"], report.counts["column"]) == (1_000, 600, 600)
    assert report.unnamed == 200


def test_a_changed_body_and_its_leaf_are_named(sealed: tuple[Hub, list[str]], attacker: Superuser) -> None:
    hub, entries = sealed
    held = attacker.held()
    body = held[7][1].replace(b'"A-7"', b'"B-7"')
    with attacker.at_work() as cursor:
        cursor.execute("update audit_entry set body = %s, case_no = 'B-7' where id = %s", (body, entries[7]))
        cursor.execute("update log_leaf set leaf = %s where seq = 7", (leaf_hash(body),))
    assert ("changed", 7, entries[7]) in found(hub)
    assert {"changed", "tile", "head"} == kinds(hub)


def test_a_changed_leaf_alone_is_named(sealed: tuple[Hub, list[str]], attacker: Superuser) -> None:
    hub, entries = sealed
    attacker.run("update log_leaf set leaf = %s where seq = 270", (b"x" * 32,))
    assert ("changed", 270, entries[270]) in found(hub)


@pytest.mark.parametrize("place", [0, 150, SECOND - 1])
def test_a_removed_entry_is_named_wherever_it_was(
    sealed: tuple[Hub, list[str]], attacker: Superuser, place: int
) -> None:
    hub, entries = sealed
    with attacker.at_work() as cursor:
        for table, column in (("audit_entry", "id"), ("audit_about", "entry"), ("log_leaf", "entry")):
            cursor.execute(f"delete from {table} where {column} = %s", (entries[place],))
    assert {("removed", place, entries[place]), ("gap", place, None)} <= found(hub)


@pytest.mark.parametrize("place", [0, 150, SECOND - 1])
def test_a_removed_entry_is_named_though_all_the_rest_was_made_to_fit(
    sealed: tuple[Hub, list[str]], attacker: Superuser, place: int
) -> None:
    hub, entries = sealed
    held = attacker.held()
    attacker.rewrite(held[:place] + held[place + 1 :])
    with attacker.at_work() as cursor:
        cursor.execute("delete from audit_entry where id = %s", (entries[place],))
        cursor.execute("delete from audit_about where entry = %s", (entries[place],))
    of_entries = {one for one in found(hub) if one[2] is not None}
    assert of_entries == {("removed", place, entries[place])}
    assert "head" in kinds(hub)


def test_a_removed_body_whose_leaf_is_left_is_named(sealed: tuple[Hub, list[str]], attacker: Superuser) -> None:
    hub, entries = sealed
    attacker.run("delete from audit_entry where id = %s", (entries[20],))
    assert ("removed", 20, entries[20]) in found(hub)


def test_an_inserted_entry_is_named_though_all_the_rest_was_made_to_fit(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, _ = sealed
    (forged,) = add(hub, 1)
    with attacker.at_work() as cursor:
        cursor.execute("delete from log_waiting")
        cursor.execute("select body from audit_entry where id = %s", (forged,))
        body = bytes(cursor.fetchone()[0])
    held = attacker.held()
    attacker.rewrite([*held[:100], (forged, body), *held[100:]])
    assert {one for one in found(hub) if one[2] is not None} == {("inserted", 100, forged)}


def test_two_that_changed_places_are_named_though_all_the_rest_was_made_to_fit(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, entries = sealed
    held = attacker.held()
    held[10], held[290] = held[290], held[10]
    attacker.rewrite(held)
    assert {one for one in found(hub) if one[2] is not None} == {
        ("reordered", 10, entries[10]),
        ("reordered", 290, entries[290]),
    }


def test_two_that_changed_places_in_the_leaves_alone_are_named(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, entries = sealed
    with attacker.at_work() as cursor:
        cursor.execute("update log_leaf set seq = 9999 where seq = 10")
        cursor.execute("update log_leaf set seq = 10 where seq = 11")
        cursor.execute("update log_leaf set seq = 11 where seq = 9999")
    assert {("reordered", 10, entries[10]), ("reordered", 11, entries[11])} <= found(hub)


def test_a_tail_that_was_cut_is_named_though_new_entries_took_its_numbers(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, entries = sealed
    held = attacker.held()
    attacker.rewrite(held[:290])
    with attacker.at_work() as cursor:
        cursor.execute("delete from audit_entry where id = any(%s::uuid[])", (entries[290:],))
        cursor.execute("delete from audit_about where entry = any(%s::uuid[])", (entries[290:],))
    new = add(hub, 20)
    with pytest.raises(LogShrunk, match="290 entries, but a signed head covers 300"):
        audit.sequence(hub)
    assert {("removed", n, entries[n]) for n in range(290, 300)} <= found(hub)
    assert "head" in kinds(hub)
    # the attacker numbers them himself
    with attacker.at_work() as cursor:
        cursor.execute("delete from log_waiting")
        cursor.execute("select id::text, body from audit_entry where id = any(%s::uuid[]) order by id", (new,))
        held = held[:290] + [(entry, bytes(body)) for entry, body in cursor]
    attacker.rewrite(held)
    assert {("removed", n, entries[n]) for n in range(290, 300)} <= found(hub)
    with pytest.raises(LogShrunk, match="no longer begins with"):
        audit.seal_head(hub)


def test_everything_rewritten_to_fit_is_found_by_the_files_and_every_entry_named(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, _ = sealed
    held = [(entry, body.replace(b'"zhang"', b'"wang"')) for entry, body in attacker.held()]
    with attacker.at_work() as cursor:
        cursor.execute("update audit_entry set caller = 'wang'; update audit_about set caller = 'wang'")
    attacker.rewrite(held)
    report = audit.verify(hub)
    assert {(one.kind, one.number) for one in report.findings if one.entry} == {("changed", n) for n in range(SECOND)}
    assert report.counts["head"] == 1 and "was signed over another tree" in str(report.findings[-1].text)
    with pytest.raises(LogShrunk, match="no longer begins with"):
        audit.seal_head(hub)


def test_heads_taken_out_with_all_they_covered_are_found_by_the_files(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, entries = sealed
    attacker.rewrite(attacker.held()[:FIRST])
    with attacker.at_work() as cursor:
        cursor.execute("delete from log_head where number = 1")
        cursor.execute("delete from audit_entry where id = any(%s::uuid[])", (entries[FIRST:],))
        cursor.execute("delete from audit_about where entry = any(%s::uuid[])", (entries[FIRST:],))
    lines = [one.line() for one in audit.verify(hub).findings]
    assert any("head 1 lies outside the database, which does not hold it any more" in line for line in lines)
    assert {("removed", n, entries[n]) for n in range(FIRST, SECOND)} <= found(hub)
    with pytest.raises(LogFilesRefused, match="does not hold"):
        audit.seal_head(hub)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("update audit_entry set caller = 'wang' where id = %s", "the column caller"),
        ("update audit_entry set at = at - interval '1 day' where id = %s", "the column at"),
        ("update audit_entry set withheld_until = '2099-01-01' where id = %s", "the column withheld_until"),
        ("update audit_about set subject = '\\x00' where entry = %s", "audit_about"),
        ("update audit_about set found = false where entry = %s", "audit_about"),
        ("update audit_about set near = null where entry = %s", "audit_about"),
        ("delete from audit_about where entry = %s", "audit_about"),
        ("insert into audit_about select entry, 1, at, caller, subject, near, found from audit_about where entry = %s",
         "audit_about"),
    ],
)  # fmt: skip
def test_a_column_that_says_something_else_than_the_body_is_named(
    sealed: tuple[Hub, list[str]], attacker: Superuser, statement: str, text: str
) -> None:
    hub, entries = sealed
    attacker.run(statement, (entries[33],))
    (finding,) = audit.verify(hub).findings
    assert (finding.kind, finding.number, finding.entry) == ("column", 33, entries[33])
    assert text in finding.text


@pytest.mark.parametrize(
    "statement",
    [
        "update log_tile set hashes = overlay(hashes placing '\\x00' from 9)",
        "update log_tile set root = hashes where false; update log_tile set root = substring(hashes for 32)",
        "delete from log_tile",
        "insert into log_tile select log, level, n + 1, hashes, root from log_tile",
    ],
)
def test_a_tile_that_is_not_that_of_its_leaves_is_found(
    sealed: tuple[Hub, list[str]], attacker: Superuser, statement: str
) -> None:
    attacker.run(statement)
    assert kinds(sealed[0]) == {"tile"}


@pytest.mark.parametrize(
    "statement",
    [
        "update log_head set statement = convert_to(replace(convert_from(statement, 'utf8'), '260', '259'), 'utf8'), "
        "size = 259 where number = 0",
        "update log_head set at = at + interval '1 minute' where number = 0",
        "update log_head set signature = overlay(signature placing '\\x00' from 300) where number = 0",
        "update log_head set unstamped = null, stamp = signature where number = 0",
        "delete from log_head where number = 0",
        "delete from log_head where number = 1",
    ],
)
def test_a_head_that_was_changed_or_removed_is_found(
    sealed: tuple[Hub, list[str]], attacker: Superuser, statement: str
) -> None:
    attacker.run(statement)
    assert kinds(sealed[0]) == {"head"}


def test_an_entry_put_beside_the_log_is_found(sealed: tuple[Hub, list[str]], attacker: Superuser) -> None:
    hub, entries = sealed
    forged = str(uuid4())
    attacker.run(
        "insert into audit_entry select %s, at, caller, channel, outcome, case_no, item, withheld_until, body "
        "from audit_entry where id = %s", (forged, entries[0]),
    )  # fmt: skip
    assert found(hub) == {("inserted", None, forged)}


def test_an_entry_changed_while_it_waits_is_named(log: Hub, attacker: Superuser) -> None:
    (entry,) = add(log, 1)
    attacker.run("update audit_entry set body = body || ' '::bytea")
    assert found(log) == {("changed", None, entry)}


def test_an_entry_that_waits_too_long_is_found(log: Hub, attacker: Superuser) -> None:
    add(log, 1)
    assert audit.verify(log).sound
    assert audit.behind(log) < 30
    attacker.run("update log_waiting set since = now() - interval '2 minutes'")
    assert kinds(log) == {"waiting"}
    assert audit.behind(log) >= 120
    assert audit.sequence(log) == 1
    assert audit.behind(log) == 0


# --- the files outside ---


def test_files_that_are_gone_or_cut_or_changed_are_found(sealed: tuple[Hub, list[str]]) -> None:
    hub, _ = sealed
    folder = files_of(hub, "audit").folder
    leaves, head = folder / "00000001.leaves", folder / "00000000.head.json"
    kept = leaves.read_bytes()
    assert len(kept) == 48 * (SECOND - FIRST)
    for wrong in (kept[:-1], kept[:-48], kept[48:] + kept[:48], kept[:20] + b"x" + kept[21:]):
        leaves.chmod(0o644)
        leaves.write_bytes(wrong)
        assert "file" in kinds(hub)
    leaves.unlink()
    assert kinds(hub) == {"file"}
    leaves.write_bytes(kept)
    assert audit.verify(hub).sound
    text = head.read_text(encoding="utf-8")
    head.chmod(0o644)
    head.write_text(text.replace("260", "261"), encoding="utf-8")
    assert "head" in kinds(hub) or "file" in kinds(hub)
    head.unlink()
    assert kinds(hub) == {"file"}


def test_without_the_files_a_rewritten_log_is_found_though_nobody_can_say_where(
    sealed: tuple[Hub, list[str]], attacker: Superuser
) -> None:
    hub, _ = sealed
    for path in files_of(hub, "audit").folder.iterdir():
        path.unlink()
    held = attacker.held()
    held[7] = (held[7][0], held[7][1].replace(b'"A-7"', b'"B-7"'))
    attacker.rewrite(held)
    attacker.run("update audit_entry set case_no = 'B-7' where id = %s", (held[7][0],))
    assert kinds(hub) == {"head", "file"}


@pytest.mark.parametrize("step", ["root.known", "head.signed", "head.stored", "files.written"])
def test_a_sealing_that_dies_anywhere_is_made_good_by_the_next(log: Hub, step: str) -> None:
    add(log, 3)

    def die(at: str) -> None:
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit.seal_head(log, die)
    add(log, 2)
    audit.seal_head(log)
    report = audit.verify(log)
    assert report.sound, report.findings
    assert report.covered == 5
    assert files_of(log, "audit").numbers() == list(range(report.heads))


def test_files_are_not_written_over(log: Hub) -> None:
    add(log, 1)
    audit.seal_head(log)
    folder = files_of(log, "audit").folder
    (folder / "00000001.leaves").write_bytes(b"somebody else's")
    add(log, 1)
    with pytest.raises(LogFilesRefused, match="says something else"):
        audit.seal_head(log)
    assert (folder / "00000001.leaves").read_bytes() == b"somebody else's"


def test_a_folder_that_cannot_be_written_is_told_and_made_good_later(log: Hub) -> None:
    files = files_of(log, "audit")
    files.folder.parent.mkdir()
    files.folder.write_text("in the way")
    add(log, 1)
    with pytest.raises(LogFilesRefused, match="cannot be read"):
        audit.seal_head(log)
    files.folder.unlink()
    files.folder.mkdir()
    # a folder where a file should come
    in_the_way = files.folder / "00000000.head.json" / "x"
    in_the_way.mkdir(parents=True)
    with pytest.raises(LogFilesRefused, match="head 0"):
        audit.seal_head(log)
    shutil.rmtree(in_the_way.parent)
    audit.seal_head(log)
    assert audit.verify(log).sound


# --- heads ---


def test_two_do_not_seal_at_once(log: Hub) -> None:
    with open_hub(log.settings, log.clock) as other, only_sealer(other.connection, "audit"), pytest.raises(SealerBusy):
        audit.seal_head(log)


def test_production_without_a_key_of_its_own_seals_nothing_and_numbers_all_the_same(log: Hub) -> None:
    add(log, 1)
    productive = replace(log, settings=replace(log.settings, mode=Mode.PRODUCTION))
    with pytest.raises(LogKeyUnset, match=r"\[log\]"):
        audit.seal_head(productive)
    assert audit.size(log) == 1
    demo = log.settings.keys / "demo"
    (log.settings.keys / "press.toml").write_text(
        f'[log]\nkind = "file"\nkey_file = "{demo}/log/log-key.pem"\ncertificate_file = "{demo}/log/log-cert.pem"\n'
        f'passphrase_file = "{demo}/passphrase"\n'
    )
    with pytest.raises(LogKeyUnset, match="demo key"):
        audit.seal_head(productive)
    assert audit.seal_head(log).size == 1, "in demo mode the configured key is taken"


def test_a_clock_set_back_leaves_the_log_sound_and_is_noted(log: Hub) -> None:
    with open_hub(log.settings, FixedClock(NOON + timedelta(days=3))) as ahead:
        first = add(ahead, 2)
        audit.seal_head(ahead)
    later = add(log, 2)
    audit.seal_head(log)
    assert later < first, "their own numbers say an earlier time"
    rows = fetch_all(log.connection, "select entry::text from log_leaf order by seq")
    assert [row[0] for row in rows] == first + later
    report = audit.verify(log)
    assert report.sound, report.findings
    assert any("the clock went back: head 1" in note for note in report.notes)
    assert any("head 0 says a time that has not come" in note for note in report.notes)


def test_without_anybody_to_trust_heads_are_not_judged_and_that_is_said(sealed: tuple[Hub, list[str]]) -> None:
    hub, _ = sealed
    productive = replace(hub, settings=replace(hub.settings, mode=Mode.PRODUCTION))
    report = audit.verify(productive)
    assert report.sound
    assert report.unsure
    assert report.signers == []


# --- proofs ---


@pytest.fixture
def trust(log: Hub) -> Trust:
    return trust_of(log.settings)


def test_every_entry_is_proved_to_the_newest_head_that_covers_it(sealed: tuple[Hub, list[str]], trust: Trust) -> None:
    hub, entries = sealed
    for place in (0, 1, 255, 256, 299):
        proof = json.loads(json.dumps(audit.inclusion(hub, entries[place])))
        ((body,),) = fetch_all(hub.connection, "select body from audit_entry where id = %s", (entries[place],))
        shown = check(proof, trust, at=NOON + timedelta(hours=1), body=bytes(body))
        assert (shown.number, shown.entry) == (place, entries[place])
        assert shown.head is not None and shown.signed is not None
        assert (shown.head.number, shown.signed.signer) == (1, "测试日志签名")
    new = check(audit.inclusion(hub, entries[304]), trust, at=NOON)
    assert (new.number, new.head, new.signed) == (304, None, None)


def test_a_proof_that_was_meddled_with_is_refused(sealed: tuple[Hub, list[str]], trust: Trust) -> None:
    hub, entries = sealed
    good = audit.inclusion(hub, entries[5])
    at = NOON + timedelta(hours=1)
    other = audit.inclusion(hub, entries[6])
    for changed in (
        good | {"number": 6}, good | {"leaf": other["leaf"]}, good | {"path": other["path"]},
        good | {"path": good["path"][1:]}, good | {"size": 299}, good | {"root": "00" * 32},
        good | {"head": log_heads.to_dict(_numbered(hub, 0))},
    ):  # fmt: skip
        with pytest.raises(ProofRefused):
            check(changed, trust, at=at)
    for changed in (good | {"head": good["head"] | {"signature": other["head"]["stamp"]}}, good | {"log": "register"}):
        with pytest.raises((HeadRefused, ProofMalformed)):
            check(changed, trust, at=at)
    with pytest.raises(ProofRefused, match="something else"):
        check(good, trust, at=at, body=b"another")
    with pytest.raises(ProofRefused, match="another head"):
        check(good, trust, at=at, known=_numbered(hub, 0))
    for broken in (None, [], {}, {"type": "inclusion"}, good | {"v": 2}, good | {"number": True}, good | {"path": 3}):
        with pytest.raises(ProofMalformed):
            check(broken, trust, at=at)


def test_an_old_head_is_proved_to_be_the_beginning_of_the_newest(sealed: tuple[Hub, list[str]], trust: Trust) -> None:
    hub, _ = sealed
    kept = _numbered(hub, 0)
    proof = json.loads(json.dumps(audit.consistency(hub, 0)))
    at = NOON + timedelta(hours=1)
    shown = check(proof, trust, at=at, known=kept)
    assert shown.first is not None and shown.head is not None
    assert (shown.first.size, shown.head.size) == (FIRST, SECOND)
    with pytest.raises(ProofRefused, match="forked"):
        check(proof, trust, at=at, known=_numbered(hub, 1))
    with pytest.raises(ProofRefused):
        check(proof | {"path": proof["path"][::-1]}, trust, at=at)
    with pytest.raises(ProofRefused):
        check(proof | {"first": proof["second"], "second": proof["first"]}, trust, at=at)
    with pytest.raises(EntryUnknown, match="older"):
        audit.consistency(hub, 1, 0)
    with pytest.raises(EntryUnknown, match="no head 9"):
        audit.consistency(hub, 0, 9)


def test_a_head_by_a_stranger_proves_nothing(sealed: tuple[Hub, list[str]], other_hub: Callable[[], Hub]) -> None:
    hub, entries = sealed
    proof = audit.inclusion(hub, entries[0])
    away = other_hub()
    elsewhere = replace(away, settings=replace(away.settings, keys=away.settings.home / "others"))
    install.demo_keys(elsewhere.settings, elsewhere.clock)  # others than all tests have
    with pytest.raises(HeadRefused):
        check(proof, trust_of(elsewhere.settings), at=NOON + timedelta(hours=1))


def test_an_entry_that_waits_or_never_was_has_no_proof(log: Hub) -> None:
    (entry,) = add(log, 1)
    with pytest.raises(EntryWaits):
        audit.inclusion(log, entry)
    with pytest.raises(EntryUnknown):
        audit.inclusion(log, str(uuid4()))
    with pytest.raises(EntryUnknown, match="no signed head yet"):
        log_proofs.head_of(log, "audit")


def test_every_entry_is_exported_with_what_its_leaf_is_of(sealed: tuple[Hub, list[str]]) -> None:
    hub, entries = sealed
    lines = [json.loads(line) for line in audit.export(hub, 250)]
    assert [line["number"] for line in lines] == list(range(250, 305))
    assert all(leaf_hash(line["body"].encode()).hex() == line["leaf"] for line in lines)
    assert json.loads(lines[0]["body"])["id"] == entries[250] == lines[0]["entry"]


def _numbered(hub: Hub, number: int) -> log_heads.Head:
    found_head = stored.numbered(hub.connection, "audit", number)
    assert found_head is not None
    return found_head

"""A company's archive moves from one hub to another: whole, once, provably, and nothing that was tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.settings import Settings
from hub.context import Hub, open_hub
from hub.keeping import walk
from hub.press import DEMO
from hub.transfer_ask import NothingToHandOver, ReturnRefused, TransferOpen, accept, request, return_
from hub.transfer_clocks import TransfersOverdue, demand_in_time, overdue
from hub.transfer_desk import Desk
from hub.transfer_intake import take_in
from hub.transfer_letters import opened, own
from hub.transfer_parcel import NothingToSend, assemble
from hub.transfer_post import LettersSetAside, open_inbox
from hub.transfer_register import KEPT, entries
from hub.transfer_run import run, run_all
from hub.transfer_told import items_of, receipt_of, sheet_of, told
from schemas.transfer import Fault, Letter, NotNow, State
from signing.demo_pki import open_encryption_key
from signing.envelope import open_with
from signing.errors import EnvelopeRefused
from store import archive_packages, archive_parties, volumes
from store.transfer_letters import Kept, of_transfer
from store.turns import TurnTaken
from tests.faults.dying import run_and_die_anew
from tests.hub.conftest import NOON
from tests.hub.transfer_world import EARLIER_NAME, EARLIER_NUMBER, Pair

Step = Callable[[str], None]


def begin(pair: Pair) -> str:
    world = pair.world
    made = request(pair.into, world.number, "dongxihu", name=world.name, reason="住所迁入本区", who="officer")
    return made.id


def carry(pair: Pair, rounds: int = 3) -> None:
    for _ in range(rounds):
        for desk in (pair.into, pair.out):
            run_all(desk).demand_sound()


def standing(hub: Hub, id_: str) -> dict[str, str]:
    return {one.file_no: one.standing for one in items_of(hub, id_)}


def letters_of(hub: Hub, id_: str) -> list[Kept]:
    return of_transfer(hub.connection, id_)


def package(hub: Hub, file_no: str) -> Path:
    filed = archive_packages.by_file_no(hub.connection, file_no)
    assert filed is not None
    return hub.settings.home / filed.path


def moves(hub: Hub, id_: str) -> list[tuple[str, str]]:
    return [(one["move"], one["after"]) for one in told(hub, id_)["moves"]]


def assert_moved(pair: Pair, id_: str) -> None:
    """All is there, once, on both sides; nothing is left to do."""
    every = pair.world.file_nos
    for desk in (pair.into, pair.out):
        assert desk.get(id_).state is State.SETTLED
        assert standing(desk.hub, id_) == dict.fromkeys(every, "accepted")
        assert all(one.delivered_at for one in letters_of(desk.hub, id_))
        assert KEPT.verify(desk.hub).sound
        assert list(pair.world.medium.rglob("*.env")) == []
        assert list((desk.hub.settings.home / "transfers" / id_).glob("*.env")) == []
        for parcel in (one for one in letters_of(desk.hub, id_) if one.kind is Letter.PARCEL):
            with opened(desk.hub.settings.home / parcel.path) as enclosed:
                assert not any(name.startswith("packages/") for name in enclosed.names()), "no second copy is kept"
    for file_no in every:
        here = archive_packages.by_file_no(pair.destination.connection, file_no)
        there = archive_packages.by_file_no(pair.origin.connection, file_no)
        assert here is not None and there is not None
        assert (here.sm3, here.origin, here.moved) == (there.sm3, id_, None)
        assert (there.origin, there.moved) == (None, id_)
        assert package(pair.destination, file_no).read_bytes() == package(pair.origin, file_no).read_bytes()


def test_the_whole_archive_of_a_company_moves(pair: Pair) -> None:
    id_ = begin(pair)
    with pytest.raises(TransferOpen):
        begin(pair)
    for desk in (pair.into, pair.out, pair.into):
        run_all(desk).demand_sound()
    on_the_way = [path.read_bytes() for path in pair.world.medium.rglob("*.env")]
    assert on_the_way and not any(pair.world.number.encode() in data for data in on_the_way)
    carry(pair)
    assert_moved(pair, id_)
    assert moves(pair.destination, id_) == [
        ("request", "requested"), ("send", "notified"), ("accept", "promised"), ("receive", "received"),
        ("receipt", "receipted"), ("settle", "settled"),
    ]  # fmt: skip
    assert moves(pair.origin, id_) == [
        ("ask", "asked"), ("accept", "accepted"), ("answer", "accepted"), ("assemble", "assembled"),
        ("send", "sent"), ("settle", "settled"),
    ]  # fmt: skip
    with open_hub(pair.world.destination, FixedClock(NOON + timedelta(days=1))) as tomorrow, pytest.raises(NotNow):
        take_in(Desk(tomorrow), pair.into.get(id_))
    receipts = [receipt_of(desk, id_) for desk in (pair.into, pair.out)]
    assert receipts[0] == receipts[1] and receipts[0]["complete"]
    sheets = [sheet_of(desk, id_) for desk in (pair.into, pair.out)]
    assert sheets[0] == sheets[1] and pair.into.press.verify(sheets[0], NOON).verdict.value == "valid"
    said = json.dumps([one.said for one in entries(pair.destination)], ensure_ascii=False)
    assert pair.world.number not in said and pair.world.name not in said


def test_two_officers_who_ask_at_the_same_moment_write_one_notice(pair: Pair) -> None:
    class Late(Exception):
        pass

    def second(step: str) -> None:
        assert step == "notice.written"
        with open_hub(pair.world.destination, FixedClock(NOON)) as hub, pytest.raises(TurnTaken):
            begin(replace(pair, destination=hub))
        raise Late

    world = pair.world
    with pytest.raises(Late):
        request(pair.into, world.number, "dongxihu", name=world.name, reason="迁入", who="officer", on_step=second)
    assert entries(pair.destination) == []
    assert begin(pair), "who was late, or failed, may ask again"


def test_what_moved_is_found_at_both_under_every_name_and_number_and_is_walked(pair: Pair) -> None:
    id_ = begin(pair)
    carry(pair)
    for hub in (pair.origin, pair.destination):
        earlier = archive_parties.party_of(hub.connection, hub.subject("company", EARLIER_NUMBER))
        later = archive_parties.party_of(hub.connection, hub.subject("company", pair.world.number))
        assert earlier and later
        (followed,) = archive_parties.successions(hub.connection, [later])
        assert (followed.earlier, followed.later, followed.kind) == (earlier, later, "个转企")
        assert [one.name for one in archive_parties.names(hub.connection, earlier)] == [EARLIER_NAME]
        assert len(volumes.shelved(hub.connection, [earlier, later])) == 3
        with open_hub(hub.settings, FixedClock(NOON + timedelta(days=1))) as tomorrow:
            walked = walk(tomorrow, days=0)
        assert (walked.checked, walked.invalid, walked.unjudged) == (3, (), ())
    assert {one.filed.origin for one in volumes.shelved(pair.destination.connection, [later])} == {id_}


def test_killed_after_every_step_on_both_sides_nothing_is_lost_or_done_twice(pair: Pair) -> None:
    died: dict[str, set[str]] = {"in": set(), "out": set()}
    world = pair.world

    def asks(on_step: Step) -> None:
        with open_hub(world.destination, FixedClock(NOON)) as hub:
            request(Desk(hub), world.number, "dongxihu", name=world.name, reason="迁入", who="officer", on_step=on_step)

    def carries(settings: Settings) -> Callable[[Step], None]:
        def life(on_step: Step) -> None:
            with open_hub(settings, FixedClock(NOON)) as hub:
                run_all(Desk(hub), on_step).demand_sound()

        return life

    def lives(side: str, work: Callable[[Step], None]) -> bool:
        """Until one comes to its end; whether any died."""
        before = len(died[side])
        while (step := run_and_die_anew(work, died[side])) is not None:
            died[side].add(step)
        return len(died[side]) > before

    for written in ("notice.written", "notice.recorded"):
        assert run_and_die_anew(asks, died["in"]) == written
        died["in"].add(written)  # written and not recorded, nothing has begun
    (id_,) = {one.transfer for one in entries(pair.destination)}
    while any([lives("in", carries(world.destination)), lives("out", carries(world.origin))]):
        pass
    carry(pair)
    assert_moved(pair, id_)
    steps = {
        "out": {
            "letter.fetched", "letter.taken", "answer.written", "answer.recorded", "package.looked_at",
            "parcel.written", "parcel.recorded", "letter.sealed", "letter.delivered", "letter.noted",
        },
        "in": {
            "notice.written", "notice.recorded", "letter.sealed", "letter.delivered", "letter.noted",
            "letter.fetched", "letter.taken", "package.written", "package.settled", "receipt.sealed", "receipt.written",
            "receipt.recorded",
        },
    }  # fmt: skip
    assert died == steps
    assert [move for move, _ in moves(pair.destination, id_)] == [
        "request", "send", "accept", "receive", "receipt", "settle",
    ]  # fmt: skip
    assert [move for move, _ in moves(pair.origin, id_)] == ["ask", "accept", "answer", "assemble", "send", "settle"]


def test_a_package_that_was_tampered_with_or_is_gone_is_named_and_only_that_is_sent_again(pair: Pair) -> None:
    good, bad, gone = pair.world.file_nos
    path, away = package(pair.origin, bad), package(pair.origin, gone)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"bureau.accept/1", b"bureau.accept/2"))
    away.rename(pair.world.medium / "away")
    id_ = begin(pair)
    with pytest.raises(NothingToSend):
        carry(pair)
    assert standing(pair.origin, id_) == standing(pair.destination, id_) == {
        good: "accepted", bad: "refused", gone: "missing",
    }  # fmt: skip
    receipt = receipt_of(pair.out, id_)
    assert (receipt["complete"], receipt["counts"]) == (
        False, {"accepted": 1, "missing": 1, "refused": 1, "given_up": 0},
    )  # fmt: skip
    (refused,) = receipt["refused"]
    assert "档案包与移出方档案登记所记不符" in refused["reasons"] and any("四性" in one for one in refused["reasons"])
    (parcel,) = [one for one in letters_of(pair.destination, id_) if one.kind is Letter.PARCEL]
    listed = own(pair.destination.settings.home / parcel.path, parcel.sm3)
    assert [one["file_no"] for one in listed["packages"] if one["fault"]] == [bad], "the origin named it itself"
    assert [one["file_no"] for one in listed["absent"]] == [gone]
    assert archive_packages.by_file_no(pair.destination.connection, bad) is None
    filed = archive_packages.by_file_no(pair.origin.connection, good)
    assert filed is not None and filed.moved is None, "nothing is marked before all is accepted"

    path.write_bytes(whole)
    (pair.world.medium / "away").rename(away)
    carry(pair)
    again = [one for one in letters_of(pair.destination, id_) if (one.kind, one.round) == (Letter.PARCEL, 2)]
    said = own(pair.destination.settings.home / again[0].path, again[0].sm3)
    assert sorted(one["file_no"] for one in said["packages"]) == sorted([bad, gone])
    assert_moved(pair, id_)


def test_what_can_never_be_handed_over_is_given_up_by_an_officer_with_a_reason(pair: Pair) -> None:
    *rest, gone = pair.world.file_nos
    package(pair.origin, gone).unlink()
    id_ = begin(pair)
    with pytest.raises(NothingToSend, match=gone):
        carry(pair)
    assemble(pair.out, pair.out.get(id_), who="officer", without=[gone], reason="原件于 2019 年灭失")
    carry(pair)
    for desk in (pair.into, pair.out):
        assert desk.get(id_).state is State.SETTLED
        assert standing(desk.hub, id_) == {**dict.fromkeys(rest, "accepted"), gone: "given_up"}
    assert receipt_of(pair.out, id_)["given_up"] == [{"file_no": gone, "reasons": ["原件于 2019 年灭失"]}]


def test_letters_that_come_again_change_nothing(pair: Pair, tmp_path: Path) -> None:
    kept: dict[Path, bytes] = {}
    id_ = begin(pair)
    for _ in range(4):
        for desk in (pair.into, pair.out):
            run_all(desk).demand_sound()
            kept |= {path: path.read_bytes() for path in pair.world.medium.rglob("*.env")}
    assert len(kept) == 4
    for path, data in kept.items():
        path.write_bytes(data)
    assert sorted(open_inbox(pair.into).had + open_inbox(pair.out).had) == sorted(path.name for path in kept)
    assert_moved(pair, id_)


def test_nobody_but_the_receiver_can_open_a_letter(pair: Pair, tmp_path: Path) -> None:
    begin(pair)
    run_all(pair.into)
    (letter,) = pair.world.medium.rglob("*.env")
    wrong = open_encryption_key(pair.destination.settings.keys / DEMO)
    with pytest.raises(EnvelopeRefused):
        open_with(wrong, letter, tmp_path / "opened")
    # as it would be for a hub whose key was changed: set aside, and told
    keys = pair.destination.settings.keys / DEMO
    toml = pair.origin.settings.home / "peers.toml"
    toml.write_text(
        f"""
[hub.encryption]
key_file = "{keys / "encryption" / "encryption-key.pem"}"
certificate_file = "{keys / "encryption" / "encryption-cert.pem"}"
passphrase_file = "{keys / "passphrase"}"
{toml.read_text()}"""
    )
    with pytest.raises(LettersSetAside, match="for another certificate"):
        open_inbox(pair.out).demand_sound()


def test_a_notice_is_returned_for_a_formal_fault_and_for_nothing_else(pair: Pair) -> None:
    toml = pair.origin.settings.home / "peers.toml"
    toml.write_text(toml.read_text().replace('accept = "automatic"', 'accept = "officer"'))
    right = begin(pair)
    wrong = request(pair.into, EARLIER_NUMBER, "dongxihu", name="另一家公司", reason="住所迁入本区", who="officer").id
    strange = request(
        pair.into, "91420112MA4K000005", "dongxihu", name="某公司", reason="住所迁入本区", who="officer"
    ).id
    carry(pair, 1)
    out = pair.out
    assert {out.get(one).state for one in (right, wrong, strange)} == {State.ASKED}
    for fault in Fault:
        with pytest.raises(ReturnRefused):
            return_(out, out.get(right), fault, who="officer")
    with pytest.raises(NothingToHandOver):
        accept(out, out.get(strange), who="officer")
    accept(out, out.get(right), who="officer")
    (answer,) = [one for one in letters_of(pair.origin, right) if one.kind is Letter.ANSWER]
    with open_hub(pair.world.origin, FixedClock(NOON + timedelta(days=1))) as tomorrow, pytest.raises(NotNow):
        accept(Desk(tomorrow), out.get(right), who="officer")
    assert own(pair.origin.settings.home / answer.path, answer.sm3)["accepted"]
    return_(out, out.get(wrong), Fault.WRONG_COMPANY, who="officer")
    return_(out, out.get(strange), Fault.NOTHING_HELD, who="officer")
    carry(pair)
    assert_moved(pair, right)
    assert {pair.into.get(one).state for one in (wrong, strange)} == {State.RETURNED}
    assert told(pair.destination, strange)["moves"][-1]["fault"] == "nothing_held"


def test_what_is_late_is_told_on_both_sides(pair: Pair) -> None:
    id_ = begin(pair)
    run_all(pair.into)
    run_all(Desk(pair.origin))
    found = pair.into.get(id_)
    assert (found.due - found.requested_on).days in (91, 92) and not found.verified
    for settings in (pair.world.origin, pair.world.destination):
        for days, what in ((0, None), (92, "hand_over")):
            with open_hub(settings, FixedClock(NOON + timedelta(days=days + 1))) as hub:
                late = overdue(hub)
                assert [(one.transfer, one.what) for one in late] == ([(id_, what)] if what else [])
                if late:
                    with pytest.raises(TransfersOverdue, match=id_):
                        demand_in_time(late)


def test_one_transfer_is_carried_alone(pair: Pair) -> None:
    id_ = begin(pair)
    assert run(pair.into, id_).state is State.NOTIFIED

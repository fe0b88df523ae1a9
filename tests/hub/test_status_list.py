"""The status list tells each document's state to whoever has nothing but the list, the file and a root."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.canonical import canonical
from core.clock import FixedClock
from core.verdict import Verdict
from documents.licence import LicencePage, fields, seal_places, set_sheets
from documents.ofd import write
from documents.package import Package
from hub import status_list
from hub.compose import data_xml
from hub.context import Hub, open_hub
from hub.designation import STATUS_ELEMENT
from hub.install import DEMO_BUREAU
from hub.log_key import log_key
from hub.offline_check import OfflineAnswer, check
from hub.press import Press
from hub.status_list import make, path_of, refresh
from hub.status_reading import StatusList, StatusListRefused
from hub.status_slots import PLACES, Slot, pack, slot_at, unpack
from schemas.licence_life import Step
from signing.detached import sign_detached
from store.licences import LicenceVersion
from store.turns import TurnTaken, only_one
from tests.hub import status_list_reader
from tests.hub.conftest import NOON
from tests.hub.registers import issued, next_version, step
from tests.preparing import demo_keys


@pytest.fixture
def listed(hub: Hub) -> tuple[Hub, list[LicenceVersion]]:
    demo_keys(hub.settings, hub.clock)
    return hub, issued(hub, 3)


def at(hub: Hub, moment: datetime) -> Hub:
    return Hub(hub.settings, FixedClock(moment), hub.connection, hub.vault)


def document(hub: Hub, of: LicenceVersion, **changed: str) -> bytes:
    """A sealed file that says what the document says."""
    press = Press.open(hub.settings)
    metadata = {
        "ZZBH": of.number, "ZZBS": of.identifier, "ZZBFJG": DEMO_BUREAU.name, "ZZBFJGDM": DEMO_BUREAU.credit_code,
        "ZZYXQJZRQ": "2031-11-19", STATUS_ELEMENT: str(of.status_index),
    } | changed  # fmt: skip
    face = [{"label": one.name, "words": "测试"} for one in fields("food")]
    page = LicencePage(
        template="food", fields={one.key: "测试" for one in fields("food")}, metadata=metadata,
        data_xml=data_xml({"metadata": metadata, "face": face}), qr_text="https://example.cn/v/x", doc_id="0" * 32,
        title="测试", creator=DEMO_BUREAU.name, created=date(2026, 11, 20), test_mark=True,
    )  # fmt: skip
    sheets = set_sheets([page])
    return press.seal(write(sheets), seal_places(sheets), hub.clock.now())


def asked(hub: Hub, data: bytes, moment: datetime = NOON, **more: Any) -> OfflineAnswer:
    return check(data, path_of(hub.settings).read_bytes(), hub.settings, at=moment, **more)


# --- the list ---


def test_every_state_stands_in_its_slot_and_a_reader_that_knows_nothing_of_us_reads_it(
    listed: tuple[Hub, list[LicenceVersion]], tmp_path: Path
) -> None:
    hub, _ = listed
    made = issued(hub, 7, first=10) + issued(hub, 1, first=20, valid_until=date(2026, 11, 19))
    step(hub, made[1], Step.SUSPEND)
    newer = next_version(hub, made[2])
    step(hub, made[3], Step.CANCEL)
    step(hub, made[4], Step.WITHDRAW)
    step(hub, made[5], Step.REVOKE)
    gone = next_version(hub, made[6])
    step(hub, made[6], Step.REVOKE)
    make(hub)
    data = path_of(hub.settings).read_bytes()
    said = (
        status_list_reader.read(data, tmp_path)
        if shutil.which("openssl")
        else json.loads(json.loads(data)["statement"])
    )
    expected = {
        made[0]: 0, made[1]: 2, made[2]: 3, newer: 0, made[3]: 0xB, made[4]: 0xC, made[5]: 0xD, made[6]: 0xD, gone: 0xD,
        made[7]: 0xE,
    }  # fmt: skip
    for version, value in expected.items():
        assert version.status_index is not None
        assert status_list_reader.slot(said, version.status_index) == value, version.number
    read = StatusList.read(data)
    taken = {version.status_index for version in (*expected, *listed[1])}
    assert all(slot_at(read.packed, place) is Slot.NOT_ASSIGNED for place in range(2_000) if place not in taken)
    assert (said["issuer_code"], said["entries"]) == (DEMO_BUREAU.credit_code, 3 + 8 + 2 + 5)
    assert (said["issued_at"], said["valid_until"]) == ("2026-11-20T12:00:00+08:00", "2026-11-21T12:00:00+08:00")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_the_other_reader_notices_a_changed_statement(listed: tuple[Hub, list[LicenceVersion]], tmp_path: Path) -> None:
    make(listed[0])
    file = json.loads(path_of(listed[0].settings).read_bytes())
    forged = json.dumps(file | {"statement": file["statement"].replace("2026-11-21", "2027-11-21")})
    with pytest.raises(AssertionError, match="another statement"):
        status_list_reader.read(forged.encode(), tmp_path)


def test_slots_survive_packing_and_a_list_of_another_length_is_none() -> None:
    slots = {0: Slot.VALID, 1: Slot.EXPIRED, 2: Slot.REVOKED, PLACES - 1: Slot.SUSPENDED}
    packed = unpack(pack(slots), PLACES)
    assert {place: slot_at(packed, place) for place in slots} == slots
    assert slot_at(packed, 3) is Slot.NOT_ASSIGNED
    for places in (PLACES - 2, PLACES * 2):
        with pytest.raises(ValueError, match="length"):
            unpack(pack(slots), places)


def test_it_is_made_anew_for_a_change_a_new_day_or_an_hour_and_for_nothing_else(
    listed: tuple[Hub, list[LicenceVersion]],
) -> None:
    hub, made = listed
    assert refresh(hub) is not None
    assert refresh(at(hub, NOON + timedelta(minutes=59))) is None
    step(hub, made[0], Step.SUSPEND)
    changed = refresh(hub)
    assert changed is not None and made[0].status_index is not None
    assert changed.slot(made[0].status_index) is Slot.SUSPENDED
    assert refresh(at(hub, NOON + timedelta(hours=1))) is not None
    late = NOON.replace(hour=23, minute=50)
    assert refresh(at(hub, late)) is not None
    assert refresh(at(hub, late + timedelta(minutes=9))) is None
    assert refresh(at(hub, late + timedelta(minutes=10))) is not None
    assert refresh(at(hub, NOON)) is not None, "a clock set back"


def test_two_makers_at_once_are_one_and_one_that_died_left_the_old_list(
    listed: tuple[Hub, list[LicenceVersion]],
) -> None:
    hub, made = listed
    make(hub)
    before = path_of(hub.settings).read_bytes()
    step(hub, made[0], Step.REVOKE)
    with open_hub(hub.settings, hub.clock) as other:
        with only_one(other.connection, "make the status list"), pytest.raises(TurnTaken):
            make(hub)

        def die(_: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make(other, die)
    assert path_of(hub.settings).read_bytes() == before
    assert refresh(hub) is not None
    path_of(hub.settings).write_bytes(before[:100])
    assert status_list.current(hub.settings) is None
    assert refresh(hub) is not None


# --- a bank ---


def test_a_bank_is_told_plainly_how_a_document_stands(listed: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, (good, revoked, old) = listed
    step(hub, revoked, Step.REVOKE)
    next_version(hub, old)
    make(hub)
    root = (hub.settings.keys / "demo" / "root-cert.pem").read_bytes()
    answer = check(document(hub, good), path_of(hub.settings).read_bytes(), None, anchors=[root], at=NOON)
    assert (answer.verdict, answer.slot, answer.stated and answer.stated.number) == (
        Verdict.VALID,
        Slot.VALID,
        good.number,
    )
    assert answer.zh.startswith("有效：") and answer.en.startswith("valid: ")
    answer = asked(hub, document(hub, revoked))
    assert (answer.verdict, answer.slot) == (Verdict.INVALID, Slot.REVOKED)
    assert "已吊销" in answer.zh and "revoked" in answer.en
    answer = asked(hub, document(hub, old))
    assert (answer.verdict, answer.slot) == (Verdict.INVALID, Slot.SUPERSEDED)
    later = issued(hub, 1, first=9)[0]
    answer = asked(hub, document(hub, later))
    assert (answer.verdict, answer.slot) == (Verdict.CANNOT_TELL, Slot.NOT_ASSIGNED)


def test_a_document_past_its_printed_day_has_expired_whatever_the_list_of_yesterday_says(
    listed: tuple[Hub, list[LicenceVersion]],
) -> None:
    hub, (good, *_) = listed
    make(hub)
    data = document(hub, good, ZZYXQJZRQ="2026-11-20")
    assert asked(hub, data).verdict is Verdict.VALID
    assert asked(hub, data, NOON + timedelta(hours=12)).slot is Slot.EXPIRED


def test_a_tampered_file_and_a_list_that_cannot_be_relied_on_are_told_apart(
    listed: tuple[Hub, list[LicenceVersion]],
) -> None:
    hub, (good, revoked, _) = listed
    make(hub)
    data = document(hub, good)
    package = Package.read(data)
    moved = {
        name: content.replace(f">{good.status_index}<".encode(), f">{revoked.status_index}<".encode())
        for name, content in package.entries.items()
        if name in ("OFD.xml", "Doc_0/Attachs/licence.xml")
    }
    for forged in (moved, {"OFD.xml": moved["OFD.xml"]}):
        answer = asked(hub, package.with_entries(dict(forged)).to_bytes())
        assert answer.verdict is Verdict.INVALID and answer.slot is None
    answer = asked(hub, data, NOON + timedelta(hours=24, seconds=1))
    assert (answer.verdict, answer.slot, answer.code) == (Verdict.CANNOT_TELL, None, "HUB-922")
    assert asked(hub, data, NOON + timedelta(hours=24)).verdict is Verdict.VALID
    answer = check(data, path_of(hub.settings).read_bytes(), None, anchors=[], at=NOON)
    assert answer.verdict is Verdict.CANNOT_TELL
    make(at(hub, NOON + timedelta(hours=1)))
    assert asked(hub, data, NOON + timedelta(minutes=56)).verdict is Verdict.VALID
    assert asked(hub, data).verdict is Verdict.CANNOT_TELL, "a list of tomorrow"


def _resigned(hub: Hub, change: Callable[[dict[str, Any]], dict[str, Any]], *, by_log_key: bool = False) -> bytes:
    said = json.loads(json.loads(path_of(hub.settings).read_bytes())["statement"])
    statement = canonical(change(said))
    press = Press.open(hub.settings)
    signature = (
        sign_detached(statement, log_key(hub.settings), NOON) if by_log_key else press.sign_detached(statement, NOON)
    )
    file = {"type": "status-list", "statement": statement.decode(), "signature": b64encode(signature).decode()}
    return json.dumps(file).encode()


def test_a_list_signed_by_another_under_the_same_root_is_refused(listed: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, (good, *_) = listed
    make(hub)
    data = document(hub, good)
    forged = _resigned(hub, lambda said: said, by_log_key=True)
    answer = check(data, forged, hub.settings, at=NOON)
    assert (answer.verdict, answer.code) == (Verdict.CANNOT_TELL, "HUB-921")
    other = _resigned(hub, lambda said: said | {"issuer_code": "91420112MAKTE5T008"})
    assert check(data, other, hub.settings, at=NOON).code == "HUB-921"
    assert check(data, other, hub.settings, at=NOON, issuer_code="91420112MAKTE5T008").code == "HUB-921"
    assert check(data, _resigned(hub, lambda said: said), hub.settings, at=NOON).verdict is Verdict.VALID


def test_what_is_no_list_is_refused_though_it_is_signed(listed: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, _ = listed
    make(hub)
    changes: list[dict[str, Any]] = [
        {"v": 2}, {"bits": 8}, {"places": 16}, {"places": -2}, {"places": "1048576"}, {"list": "AAAA"}, {"list": "€"},
        {"issued_at": "2026-11-20T12:00:00"}, {"issued_at": 7}, {"more": 1}, {"register": "x"}, {"entries": None},
        {"list": pack({}) + "AAAA"},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(StatusListRefused):
            StatusList.read(_resigned(hub, lambda said, change=change: said | change))


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"nonsense", b"[" * 9999, b'{"statement": 3}'], ids=str)
def test_what_is_no_file_of_a_list_is_refused(data: bytes) -> None:
    with pytest.raises(StatusListRefused):
        StatusList.read(data)


def test_how_long_a_list_may_be_relied_on_is_a_setting(listed: tuple[Hub, list[LicenceVersion]]) -> None:
    hub, _ = listed
    short = Hub(replace(hub.settings, status_list_hours=2), hub.clock, hub.connection, hub.vault)
    assert make(short).valid_until == NOON + timedelta(hours=2)

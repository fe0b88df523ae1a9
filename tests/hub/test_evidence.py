"""A package's seal is provable after its certificates ended, by the stamps; where those end nobody can tell."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.verdict import Verdict
from hub import renewals
from hub.check_reports import reports_of
from hub.context import Hub
from hub.deposit import deposit_all
from hub.evidence_check import Answer, EvidenceMalformed, check
from hub.evidence_export import evidence_of
from hub.issue import decide, issue_all
from hub.keeping import walk
from hub.log_proofs import EntryUnknown
from hub.press import timestamp_client
from hub.press_file import TimestampPart
from store.connection import fetch_all
from tests.hub.conftest import NOON
from tests.hub.renewed_world import LOG, YEAR, Traveller, travelling


@pytest.fixture
def world(ready: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traveller]:
    """Two packages under a stamped head; the certificates behind the stamp end after 800 days, the seal's after three
    years, the sandbox's roots after ten."""
    with travelling(ready, tmp_path, monkeypatch) as traveller:
        issue_all(ready, decide(ready).to_issue[:2])
        assert len(deposit_all(ready)) == 2
        traveller.authority(days=800)
        traveller.seal()
        yield traveller


def package(hub: Hub, place: int = 0) -> tuple[str, bytes]:
    file_no, path = fetch_all(hub.connection, "select file_no, path from archive_package order by file_no")[place]
    return file_no, (hub.settings.home / path).read_bytes()


def renew_for_years(world: Traveller, years: int) -> None:
    for year in range(years):
        world.renew()
        world.go(YEAR)
        if year % 2:
            world.authority(days=800)
        world.seal()


def asked(world: Traveller, data: bytes, document: Any, at: datetime, **more: Any) -> Answer:
    return check(data, json.loads(json.dumps(document)), world.hub.settings, at=at, **more)


def test_a_seal_whose_certificates_ended_is_provable_by_renewals_and_only_by_them(
    world: Traveller, tmp_path: Path
) -> None:
    file_no, data = package(world.hub)
    without = evidence_of(world.hub, file_no)
    renew_for_years(world, 5)
    world.renew()
    held = evidence_of(world.hub, file_no)
    later = NOON + 5 * YEAR + timedelta(days=3)  # seal, signer and two authorities have ended
    answer = asked(world, data, held, later)
    assert (answer.verdict, answer.seals) == (Verdict.VALID, Verdict.VALID), answer.en
    assert answer.since == NOON
    assert answer.until is not None and answer.until > later
    assert answer.zh.startswith("有效：该归档包至迟于 2026-11-20 已在馆")
    assert asked(world, data, without, later).verdict is Verdict.CANNOT_TELL
    assert asked(world, data, without, NOON + YEAR).verdict is Verdict.VALID, "while the first stamp's certificate held"
    ended = asked(world, data, held, answer.until + timedelta(days=1))
    assert ended.verdict is Verdict.CANNOT_TELL
    assert "ended on" in ended.en
    assert asked(world, data, held, NOON - YEAR).verdict is Verdict.CANNOT_TELL, "no stamp was made by then"
    assert asked(world, data, held, later, anchors=[]).verdict is Verdict.CANNOT_TELL, "nobody is trusted"
    (world.hub.settings.keys / "trust" / "0.pem").rename(tmp_path / "first.pem")
    known = asked(world, data, held, later, algorithms=("sm3",))
    assert (known.verdict, known.since) == (Verdict.CANNOT_TELL, NOON + 2 * YEAR), "from the first known authority on"
    (tmp_path / "first.pem").rename(world.hub.settings.keys / "trust" / "0.pem")
    for algorithm, since in (("sm3", NOON), ("sha256", NOON)):
        alone = asked(world, data, held, later, algorithms=(algorithm,))
        assert (alone.verdict, alone.since) == (Verdict.VALID, since), (algorithm, alone.en)
    with pytest.raises(EntryUnknown):
        evidence_of(world.hub, "nothing")
    with pytest.raises(EvidenceMalformed):
        asked(world, data, {**held, "v": 2}, later)
    walked = walk(world.go(timedelta(days=3)))
    assert (walked.checked, walked.invalid, walked.unjudged) == (2, (), ()), "the moment rests on the renewals"
    for name in ("00000001.renewal.json", "00000002.renewal.json"):
        (world.hub.settings.home / "log" / LOG / name).chmod(0o644)
        (world.hub.settings.home / "log" / LOG / name).write_text(renewals_file(world.hub, "00000000.renewal.json"))
    walked = walk(world.go(timedelta(days=1)), days=0)
    assert (walked.invalid, len(walked.unjudged)) == ((), 2)
    assert "renewal 1" in reports_of(world.hub, file_no)[0].failed[0]


def test_every_forged_evidence_is_found(world: Traveller) -> None:
    (file_no, data), (other_no, other) = package(world.hub), package(world.hub, 1)
    world.renew()
    world.go(timedelta(days=1))
    world.seal()
    renew_for_years(world, 3)
    world.renew()
    held, others = evidence_of(world.hub, file_no), evidence_of(world.hub, other_no)
    at = world.now

    def changed(document: dict[str, Any], at: int, part: str, value: Any) -> None:
        document["renewals"][at][part] = value

    def said(document: dict[str, Any], key: str, value: Any) -> None:
        statement = json.loads(document["renewals"][1]["statement"])
        statement[key] = value
        document["renewals"][1]["statement"] = renewals.canonical(statement).decode()

    stamps = [one["stamp"] for one in held["renewals"]]
    attacks: dict[str, Callable[[dict[str, Any]], Any]] = {
        "another package's entry": lambda d: d.update(entry=others["entry"]),
        "another number": lambda d: d.update(number=1 - d["number"]),
        "another head": lambda d: d.update(head=json.loads(newest_head(world.hub))),
        "a head's stamp taken off": lambda d: d["head"].update(stamp=None, unstamped="none"),
        "a stamp in another's place": lambda d: changed(d, 1, "stamp", stamps[2]),
        "a stamp by the other algorithm": lambda d: changed(d, 0, "stamp_sha256", stamps[0]),
        "the SHA-256 stamp taken off": lambda d: changed(d, 1, "stamp_sha256", None),
        "a certificate more": lambda d: changed(d, 0, "certificates", []),
        "re-ordered": lambda d: d["renewals"].reverse(),
        "a link is missing": lambda d: d["renewals"].pop(1),
        "the first link is missing": lambda d: d["renewals"].pop(0),
        "a statement of another log": lambda d: said(d, "log", "audit"),
        "a statement without its gap": lambda d: said(d, "gap", "2026-01-01T00:00:00+08:00"),
        "a statement that follows nobody": lambda d: said(d, "previous", None),
    }
    assert asked(world, data, held, at).verdict is Verdict.VALID
    for name, attack in attacks.items():
        forged = deepcopy(held)
        attack(forged)
        assert asked(world, data, forged, at).verdict is Verdict.INVALID, name
    assert asked(world, other, held, at).verdict is Verdict.INVALID
    # an authority stamps anybody's statement: without the log's key it is none of the log's
    told = json.loads(held["renewals"][-1]["statement"])
    edge = told["entries"]["sha256"]
    edge[:] = [renewals.leaf_hash(b"forged", renewals.sha256).hex()] * len(edge)
    statement = renewals.canonical(told)
    client = timestamp_client(TimestampPart(world.url, None, None, "wait", 5), world.hub.clock)
    stamps = [client(statement), client.token_sha256(renewals.sha256(statement))]
    forged = deepcopy(held)
    forged["renewals"][-1] |= {
        "statement": statement.decode(), "stamp": b64encode(stamps[0] or b"").decode(),
        "stamp_sha256": b64encode(stamps[1] or b"").decode(),
    }  # fmt: skip
    for algorithms in (("sm3", "sha256"), ("sha256",)):
        answer = asked(world, data, forged, at, algorithms=algorithms)
        assert (answer.verdict, "signed digest" in answer.en) == (Verdict.INVALID, True), answer.en
    assert asked(world, data[:-1] + b"\1", held, at).verdict is Verdict.INVALID


def test_a_stamp_made_too_late_proves_only_from_then_on(world: Traveller) -> None:
    file_no, data = package(world.hub)
    world.renew()
    world.go(timedelta(days=801))
    world.authority(days=800)
    world.renew(after_gap=True)
    found = asked(world, data, evidence_of(world.hub, file_no), world.now)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.since == world.now
    assert "the next one was made only on" in found.en
    assert found.zh == (
        "无法判断：时间戳链曾中断，只能证明该归档包 2029-01-29 已在馆，其印章当时有效；此前的情况无法证明"
    )
    world.go(timedelta(days=801))
    world.authority(days=800)
    world.renew(after_gap=True)
    found = asked(world, data, evidence_of(world.hub, file_no), world.now)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "a certificate in the package ended on 2029-11-19, before the earliest proven moment" in found.en


def renewals_file(hub: Hub, name: str) -> str:
    return (hub.settings.home / "log" / LOG / name).read_text(encoding="utf-8")


def newest_head(hub: Hub) -> str:
    folder = hub.settings.home / "log" / LOG
    return sorted(folder.glob("*.head.json"))[-1].read_text(encoding="utf-8")

"""What happens when one licence of many cannot be issued, or a seal does not pass our own verifier."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Permanent, Retryable
from core.settings import Settings
from documents.errors import GlyphMissing
from hub import issue as issuing
from hub import making
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.install import DEMO_BUREAU
from hub.issue import IssueIncomplete, decide, issue_all
from hub.making import SealRefusedByVerifier
from hub.press import Press
from hub.register import issued, waiting_approvals
from hub.seals import Change, change, uses
from hub.verify import verify_file
from onebox.sandbox import write_press
from signing.errors import TimestampUnavailable
from store import licences
from store.connection import fetch_all, transaction
from store.errors import SealNotActive, SealNotRegistered
from tests.departments import EVIDENCE, Departments
from tests.preparing import prepare


def failing_for(monkeypatch: pytest.MonkeyPatch, sequence: int, error: Exception) -> None:
    """Let drawing fail for the licences of one sequence number, after their number was reserved."""
    drawn = making.drawn_from

    def draw(facts: Any, bureau: Any) -> Any:
        if facts["metadata"]["ZZBS"].split(".")[7][4:10] == f"{sequence:06d}":
            raise error
        return drawn(facts, bureau)

    monkeypatch.setattr(making, "drawn_from", draw)


def test_one_that_fails_for_good_keeps_no_other_from_its_licence(ready: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    approvals = decide(ready).to_issue
    failing_for(monkeypatch, 2, Permanent("the template was taken away"))
    with pytest.raises(IssueIncomplete, match="HUB-002") as failure:
        issue_all(ready, approvals)
    assert 0 < len(failure.value.issued) < len(approvals)
    assert len(deposit_all(ready)) == len(failure.value.issued)
    monkeypatch.undo()
    # beside them, later steps of the licences that were issued are ready now
    left = [approval for approval in decide(ready).to_issue if approval in approvals]
    assert len(left) == len(approvals) - len(failure.value.issued)
    assert len(issue_all(ready, left)) == len(left)
    numbers = [row.sequence for row in licences.every(ready.connection) if row.licence_type == "food"]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_what_may_succeed_later_is_left_for_later(ready: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    approvals = decide(ready).to_issue
    failing_for(monkeypatch, 1, Retryable("the seal server does not answer"))
    with pytest.raises(Retryable, match="seal server"):
        issue_all(ready, approvals)
    assert {row.state for row in issued(ready)} == {"reserved", "published"}


def test_a_face_that_cannot_be_drawn_uses_no_number_and_waits(ready: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    approval = decide(ready).to_issue[0]

    def lacks_a_glyph(*_: object, **__: object) -> None:
        raise GlyphMissing("holder", ("U+2CE93",), "Noto Serif SC")

    monkeypatch.setattr(issuing, "compose", lacks_a_glyph)
    assert issue_all(ready, [approval]) == []
    assert licences.every(ready.connection) == []
    waiting = {row.approval: row.lines() for row in waiting_approvals(ready)}
    assert "HUB-410" in waiting[approval][0]
    monkeypatch.undo()
    assert len(issue_all(ready, [approval])) == 1
    assert approval not in {row.approval for row in waiting_approvals(ready)}


def test_a_document_that_our_verifier_refuses_is_never_published(ready: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    approval = decide(ready).to_issue[0]
    sealed = Press.seal

    def damaged(self: Press, *rest: Any) -> bytes:
        data = bytearray(sealed(self, *rest))
        data[len(data) // 2] ^= 1
        return bytes(data)

    monkeypatch.setattr(Press, "seal", damaged)
    with pytest.raises(IssueIncomplete, match=SealRefusedByVerifier.code):
        issue_all(ready, [approval])
    assert [row.state for row in issued(ready)] == ["reserved"]
    assert not (ready.settings.home / "licences").exists()
    assert fetch_all(ready.connection, "select outcome from seal_use") == [("intended",)]


def test_face_identifier_seal_and_signer_name_one_organ(ready: Hub) -> None:
    done = issue_all(ready, decide(ready).to_issue[:1])[0]
    (licence,) = licences.every(ready.connection)
    facts = licences.facts(ready.connection, ready.vault, licence)
    (seal,) = verify_file((ready.settings.home / done.path).read_bytes(), ready.settings).seals
    face = {line["key"]: line["words"] for line in facts["face"]}
    code, name = seal.organisation[:18], seal.organisation[18:]
    assert face["organ"] == facts["metadata"]["ZZBFJG"] == name
    assert facts["metadata"]["ZZBFJGDM"] == code
    assert f".{code}." in done.identifier
    assert facts["metadata"]["ZZQZMC"] == seal.seal_name
    assert "测试" in seal.seal_name


@pytest.mark.parametrize(("what", "word"), [(Change.SUSPENDED, "suspended"), (Change.REVOKED, "revoked")])
def test_a_seal_that_does_not_stand_issues_nothing_and_everything_waits(ready: Hub, what: Change, word: str) -> None:
    approvals = decide(ready).to_issue
    change(ready, DEMO_BUREAU.es_id, what, who="clerk", reason="token lost")
    with pytest.raises(SealNotActive, match=rf"{DEMO_BUREAU.es_id}.*{word} \(token lost\)"):
        issue_all(ready, approvals)
    assert licences.every(ready.connection) == []
    assert uses(ready) == []
    assert decide(ready).to_issue == approvals


def test_what_waited_for_a_suspended_seal_is_issued_once_it_is_resumed(ready: Hub) -> None:
    approvals = decide(ready).to_issue[:1]
    for what in (Change.SUSPENDED, Change.RESUMED):
        change(ready, DEMO_BUREAU.es_id, what, who="clerk", reason="looking for the token")
    assert len(issue_all(ready, approvals)) == 1
    ((use,),) = [uses(ready)]
    assert use.to_dict()["case"] == approvals[0]
    assert (use.use.outcome, use.use.seal_version, use.use.document_kind) == ("sealed", 1, "ofd")


def test_a_seal_suspended_between_two_licences_stops_the_second(ready: Hub) -> None:
    approvals = decide(ready).to_issue[:2]

    def suspend(step: str) -> None:
        if step == "licence.published":
            change(ready, DEMO_BUREAU.es_id, Change.SUSPENDED, who="clerk", reason="token lost")

    with pytest.raises(IssueIncomplete, match=SealNotActive.code) as failure:
        issue_all(ready, approvals, suspend)
    assert [one.approval for one in failure.value.issued] == [approvals[0]]
    assert [row.state for row in issued(ready)] == ["published", "reserved"]
    change(ready, DEMO_BUREAU.es_id, Change.RESUMED, who="clerk", reason="token found")
    assert len(issue_all(ready, approvals)) == 1


def test_a_seal_nobody_registered_issues_nothing(ready: Hub) -> None:
    with transaction(ready.connection) as cursor:
        cursor.execute("alter table seal_event disable trigger user; delete from seal_event; delete from seal")
    with pytest.raises(SealNotRegistered, match="hub seals add"):
        issue_all(ready, decide(ready).to_issue)
    assert licences.every(ready.connection) == []


def with_timestamps(hub: Hub, url: str, when_down: str) -> None:
    file = hub.settings.keys / "press.toml"
    file.write_text(f'[timestamp]\nurl = "{url}"\nwhen_down = "{when_down}"\ntimeout_seconds = 5\n')


NOBODY = "http://127.0.0.1:1/tsa"


def test_without_a_timestamp_to_be_had_a_licence_waits_and_keeps_its_number(ready: Hub) -> None:
    approval = decide(ready).to_issue[0]
    with_timestamps(ready, NOBODY, "wait")
    for _ in range(2):
        with pytest.raises(TimestampUnavailable):
            issue_all(ready, [approval])
    ((before,),) = [issued(ready)]
    assert (before.state, before.timestamped) == ("reserved", None)
    (ready.settings.keys / "press.toml").unlink()
    (done,) = issue_all(ready, [approval])
    assert done.number == before.number


def test_where_the_house_says_so_it_is_sealed_without_and_marked(ready: Hub) -> None:
    with_timestamps(ready, NOBODY, "mark")
    assert len(issue_all(ready, decide(ready).to_issue[:2])) == 2
    assert [row.timestamped for row in issued(ready)] == [False, False]
    (licence, _) = licences.every(ready.connection)
    (detail,) = [detail for _, event, detail in licences.events(ready.connection, licence) if event == "sealed"]
    assert detail["timestamped"] is False
    assert {one.use.timestamped for one in uses(ready)} == {False}


def test_a_licence_carries_the_timestamp_of_an_authority_that_shares_no_code_with_ours(
    settings: Settings, departments: Departments
) -> None:
    # The authority goes by this machine's clock, so the hub does too.
    departments.write_sources(settings.sources_file)
    prepare(settings)
    write_press(settings.keys, departments.ready["tsa"])
    with open_hub(settings) as hub:
        for resource in EVIDENCE:
            collect(hub, resource)
        (done,) = issue_all(hub, decide(hub).to_issue[:1])
        assert [row.timestamped for row in issued(hub)] == [True]
        assert [one.use.timestamped for one in uses(hub)] == [True]
    report = verify_file((settings.home / done.path).read_bytes(), settings)
    (seal,) = report.seals
    assert report.verdict.value == "valid"
    assert seal.stamped_at is not None and seal.signed_at is not None
    assert abs((seal.stamped_at - seal.signed_at).total_seconds()) < 60


def test_a_sealed_file_the_register_does_not_know_is_never_overwritten(ready: Hub) -> None:
    approval = decide(ready).to_issue[0]
    folder = ready.settings.home / "licences" / "2026"
    files = [folder / f"{name}-2026-00001.ofd" for name in ("food", "hr-service", "ngo")]
    folder.mkdir(parents=True)
    for file in files:
        file.write_bytes(b"sealed before the database was restored")
    with pytest.raises(IssueIncomplete, match="HUB-710"):
        issue_all(ready, [approval])
    assert [file.read_bytes() for file in files] == [b"sealed before the database was restored"] * 3

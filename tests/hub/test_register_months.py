"""Each month the register's head is published under the bureau's seal, once, and can be proved to hold ever after."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import psycopg2
import pytest

from core.clock import SHANGHAI, FixedClock
from documents.package import Package
from documents.reader import Reader
from hub import licence_register as register
from hub import log_proofs
from hub.context import Hub, open_hub
from hub.files import FileAltered
from hub.log_heads import from_dict
from hub.register_months import MonthNotOver, MonthUnknown, every, file_of, last_month, publish, read_file
from hub.seals import Change, add_demo, change, uses
from hub.trust import trust_of
from hub.verify import render_file, verify_file
from schemas.licence_life import Step
from store.connection import transaction
from store.errors import SealNotActive
from store.merkle_log import LogShrunk
from store.turns import TurnTaken, only_one
from tests.hub.conftest import NOON
from tests.hub.logs import superuser_of
from tests.hub.registers import issued, step
from tests.preparing import demo_keys

DECEMBER = datetime(2026, 12, 1, 0, 30, tzinfo=SHANGHAI)


def at(hub: Hub, moment: datetime) -> Hub:
    return Hub(hub.settings, FixedClock(moment), hub.connection, hub.vault)


@pytest.fixture
def month(hub: Hub) -> Hub:
    """A register with something in it, on the night after its first month."""
    demo_keys(hub.settings, hub.clock)
    add_demo(hub)
    made = issued(hub, 2)
    step(hub, made[0], Step.SUSPEND)
    register.seal_head(hub)
    return at(hub, DECEMBER)


def test_a_month_is_published_under_seal_with_its_head_and_proved_to_hold_later(month: Hub) -> None:
    done = publish(month)
    assert (done.month.month, done.month.head, done.month.entries, done.fresh) == ("2026-11", 1, 3, True)
    data = read_file(month, "2026-11.ofd")
    assert verify_file(data, month.settings, at=DECEMBER).verdict.value == "valid"
    reader = Reader(Package.read(data))
    assert reader.attachments()["2026-11.json"] == read_file(month, "2026-11.json")
    fields = reader.fields()
    kept = from_dict(json.loads(read_file(month, "2026-11.json")))
    assert (fields["month"], fields["entries"], fields["head"]) == ("2026年11月", "3 条", "1")
    assert fields["root"].replace(" ", "") == kept.root.hex()
    (picture,) = render_file(data).pictures
    assert picture.startswith(b"\x89PNG")
    (use,) = [one.use for one in uses(month, case_no="register-2026-11")]
    assert (use.outcome, use.document_sm3) == ("sealed", done.month.document_sm3)
    later = at(month, DECEMBER + timedelta(days=40))
    issued(later, 1, first=9)
    register.seal_head(later)
    proof = register.consistency(later, kept.number)
    shown = log_proofs.check(proof, trust_of(month.settings), at=later.clock.now(), known=kept)
    assert shown.head is not None and shown.head.size == 4


def test_once_published_a_month_stays_and_the_first_head_after_its_end_is_taken(month: Hub) -> None:
    first = publish(month)
    before = read_file(month, "2026-11.ofd")
    again = publish(at(month, DECEMBER + timedelta(days=3)), "2026-11")
    assert not again.fresh and again.month == first.month
    assert read_file(month, "2026-11.ofd") == before
    january = at(month, DECEMBER + timedelta(days=33))
    issued(january, 1, first=9)
    register.seal_head(january)
    issued(january, 1, first=10)
    register.seal_head(january)
    assert publish(january).month.entries == 4, "not those of the month in which it is published"
    assert [one.month for one in every(january)] == ["2026-12", "2026-11"]


def test_a_month_that_is_not_over_or_is_none_is_refused(month: Hub) -> None:
    for wrong in ("2026-12", "2027-01", "2026-13", "26-11", "2026-11x", "../2026"):
        with pytest.raises(MonthNotOver):
            publish(month, wrong)
    for name in ("2026-12.ofd", "2026-11.ofd", "2026-11.exe", "../../keys/x.json", ""):
        with pytest.raises(MonthUnknown):
            read_file(month, name)
    assert last_month(NOON) == "2026-10"
    assert last_month(datetime(2026, 12, 31, 17, 0, tzinfo=SHANGHAI)) == "2026-11"


def test_two_publishers_at_once_are_one(month: Hub) -> None:
    with open_hub(month.settings, month.clock) as other:
        with only_one(other.connection, "publish the register of 2026-11"), pytest.raises(TurnTaken):
            publish(month)
        assert publish(other).fresh
    assert not publish(month).fresh


def test_a_file_that_was_changed_is_not_given_out_and_is_told(month: Hub) -> None:
    publish(month)
    path = file_of(month.settings, "2026-11.json")
    path.write_bytes(path.read_bytes().replace(b"2026", b"2027", 1))
    for act in (lambda: read_file(month, "2026-11.json"), lambda: publish(month, "2026-11")):
        with pytest.raises(FileAltered):
            act()
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"), transaction(month.connection) as cursor:
        cursor.execute("update register_month set head = 0")


def test_nothing_is_published_of_a_register_that_was_rewritten_or_under_a_seal_that_may_not_be_used(
    month: Hub, postgres_url: str
) -> None:
    change(month, "42011200000001", Change.SUSPENDED, who="x", reason="x")
    with pytest.raises(SealNotActive):
        publish(month)
    change(month, "42011200000001", Change.RESUMED, who="x", reason="x")
    superuser_of(month, postgres_url).run("update log_leaf set leaf = %s where log = 'register'", (b"x" * 32,))
    with pytest.raises(LogShrunk):
        publish(at(month, DECEMBER + timedelta(days=40)), "2026-12")
    assert every(month) == []

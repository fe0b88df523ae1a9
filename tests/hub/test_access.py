"""Who may ask for what: nothing that no grant names, and a broken file changes nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import SHANGHAI, FixedClock
from core.settings import Mode, Settings
from hub.access import Access, NotAllowed
from hub.access_file import AccessFileBroken, DemoAccessRefused, read_access
from hub.caller import Caller, CallerKind, issuing, operator
from hub.passwords import hashed, matches
from schemas.items import item
from tests.hub.access_files import FOOD, HR, PASSWORD, access_text, clerk, partner, terminal, write

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    return Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)


@pytest.fixture
def access(bare: Settings) -> Access:
    write(bare.access_file)
    return Access.open(bare, FixedClock(NOON))


def test_a_clerk_has_what_a_grant_names_on_the_items_own_legal_basis(access: Access) -> None:
    right = access.right(clerk(), item(HR), "decision")
    assert right.basis == next(one.basis for one in item(HR).purposes if one.code == "decision")
    assert (right.quota, right.may_withhold) == (500, False)
    assert right.fields("tax.registration", ["state", "address"]) == ("state", "address")


@pytest.mark.parametrize(
    ("caller", "code", "purpose"),
    [
        (clerk(), HR, "follow_up"),
        (clerk(), HR, "self_service"),
        (clerk(), HR, "no_such_purpose"),
        (clerk("wang", "street", "420112001"), HR, "acceptance"),  # handled at district level only
        (clerk("wang", "bureau"), HR, "acceptance"),  # says it is of an office it is not of
        (clerk("auditor"), HR, "acceptance"),  # whatever roles the caller says it has
        (clerk("narrow"), HR, "acceptance"),
        (clerk("nobody"), HR, "acceptance"),
        (terminal(), HR, "acceptance"),  # even where a grant says so
        (terminal(present=False), HR, "self_service"),
        (partner(), FOOD, "follow_up"),
        (partner(), HR, "acceptance"),
        (issuing(), HR, "acceptance"),
        (Caller(CallerKind.SYSTEM, "hub-else", "其他", "hub", "枢纽"), HR, "acceptance"),
    ],
)
def test_whatever_no_grant_names_is_refused(access: Access, caller: Caller, code: str, purpose: str) -> None:
    with pytest.raises(NotAllowed):
        access.right(caller, item(code), purpose)


def test_a_street_asks_for_items_delegated_to_streets_while_the_delegation_lasts(bare: Settings) -> None:
    write(bare.access_file)
    wang = clerk("wang", "street", "420112001")
    assert Access.open(bare, FixedClock(NOON)).right(wang, item(FOOD), "acceptance").quota == 50
    for day in (datetime(2026, 10, 31, 23, 59, tzinfo=SHANGHAI), datetime(2027, 1, 1, tzinfo=SHANGHAI)):
        with pytest.raises(NotAllowed):
            Access.open(bare, FixedClock(day)).right(wang, item(FOOD), "acceptance")


def test_a_partner_sees_only_the_fields_its_grant_lists(access: Access) -> None:
    right = access.right(partner(), item(HR), "follow_up")
    assert right.fields("tax.registration", ["address", "state", "taxpayer_name"]) == ("state", "taxpayer_name")
    assert right.fields("hr.insurance", ["name"]) == ()


def test_a_terminal_with_the_holder_before_it_serves_him(access: Access) -> None:
    assert access.right(terminal(), item(HR), "self_service").quota == 200


def test_the_hub_itself_is_not_counted_and_needs_a_purpose_of_the_item_too(access: Access) -> None:
    assert access.right(operator(), item(HR), "acceptance").quota is None
    assert access.right(issuing(), item(HR), "issuing").quota is None
    with pytest.raises(NotAllowed):
        access.right(operator(), item(HR), "curiosity")


def test_without_a_file_nobody_but_the_hub_may_ask(bare: Settings) -> None:
    access = Access.open(bare)
    with pytest.raises(NotAllowed):
        access.right(clerk(), item(HR), "acceptance")
    assert access.right(operator(), item(HR), "acceptance")


LAST_PARTNER = 'roles = ["licence_officer"]\ndemo = true\n\n[[grants]]'


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('items = "all"', 'items = ["0000000000000000000000000000000"]', "no item"),
        ('"acceptance", "decision"', '"acceptance", "gossip"', "no purpose gossip"),
        ("tax.registration.state", "tax.registration.stat", "no field tax.registration.stat"),
        ('organisations = ["bank"]', 'organisations = ["banque"]', "no organisation banque"),
        ('organisation = "street"', 'organisation = "stret"', "wang: there is no organisation stret"),
        ('roles = ["auditor"]', 'roles = ["king"]', "king is no role"),
        ('id = "wang"', 'id = "li"', "two entries"),
        ("quota = 5\n", "quota = 5\nfast = true\n", "fast"),
        ("quota = 5\n", "quota = 0\n", "quota"),
        ('callers = ["partner"]', 'callers = ["system"]', "come from the program"),
        (LAST_PARTNER, LAST_PARTNER.replace("licence_officer", "transfer"), "signs its requests"),
        (LAST_PARTNER, f'key_file = "k.pem"\n{LAST_PARTNER}', "either `secret` or `key_file`"),
        ('password = "scrypt$', 'password = "plain$', "no scrypt hash"),
        ("[[grants]]", "[[grants", "no TOML"),
    ],
)
def test_a_file_that_names_what_is_not_there_is_refused_with_its_place(
    bare: Settings, old: str, new: str, told: str
) -> None:
    text = access_text()
    assert old in text
    bare.access_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AccessFileBroken) as refusal:
        Access.open(bare)
    assert told in str(refusal.value)
    assert str(bare.access_file) in str(refusal.value)


def test_a_broken_change_keeps_the_rules_before_it_and_says_so(
    access: Access, bare: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    good = bare.access_file.read_text(encoding="utf-8")
    _rewrite(bare.access_file, "broken = ")
    with caplog.at_level(logging.ERROR):
        access.look()
    assert access.right(clerk(), item(HR), "decision").quota == 500
    assert access.trouble is not None and access.trouble.code == "HUB-860"
    assert "stay in force" in caplog.text
    bare.access_file.unlink()
    access.look()
    assert access.right(clerk(), item(HR), "decision").quota == 500
    _rewrite(bare.access_file, good.replace("quota = 500", "quota = 7"))
    access.look()
    assert access.trouble is None
    assert access.right(clerk(), item(HR), "decision").quota == 7


def test_a_change_counts_within_seconds_without_a_restart(access: Access, bare: Settings) -> None:
    access._looked = -10.0
    _rewrite(bare.access_file, access_text().replace('roles = ["clerk"]', 'roles = ["auditor"]'))
    with pytest.raises(NotAllowed):
        access.right(clerk(), item(HR), "decision")


def test_production_refuses_a_file_with_demonstration_entries(bare: Settings) -> None:
    write(bare.access_file)
    with pytest.raises(DemoAccessRefused) as refusal:
        Access.open(replace(bare, mode=Mode.PRODUCTION))
    assert "li" in str(refusal.value)


def test_a_password_may_stand_in_demonstration_entries_only(bare: Settings) -> None:
    bare.access_file.write_text(access_text().replace("demo = true", "demo = false", 1), encoding="utf-8")
    with pytest.raises(AccessFileBroken, match="passwords are for demonstrations"):
        read_access(bare.access_file, Mode.DEMO)


def test_a_hash_matches_its_own_secret_only_and_never_shows_it() -> None:
    stored = hashed(PASSWORD)
    assert matches(PASSWORD, stored)
    assert not matches(PASSWORD + " ", stored)
    assert not matches(PASSWORD, hashed("other"))
    assert not matches(PASSWORD, None)
    assert not matches("", "scrypt$16384$8$1$$")
    assert PASSWORD not in stored
    assert hashed(PASSWORD) != stored


def _rewrite(path: Path, text: str) -> None:
    """Like an editor: a new file takes the old one's place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)

"""A thousand forged variants of issued files: not one is called valid, and each is told for what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core.digest import sm3
from hub.checking_ask import by_file, by_number, by_token
from hub.press import Press
from store import licences
from tests.departments import Departments
from tests.hub import forging
from tests.hub.access_files import access_text
from tests.hub.checked_world import World, home_of, world_of
from tests.hub.conftest import NOON
from web.app import create_app

pytestmark = pytest.mark.world

GOOD = {"valid", "annotated"}


@pytest.fixture(scope="module")
def world(
    module_database_url: str, departments: Departments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with world_of(home_of(tmp_path_factory.mktemp("forged"), module_database_url), departments) as made:
        yield made


@pytest.fixture(scope="module")
def forged(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every variant by its name."""
    version = world.versions["valid"]
    facts = licences.facts(world.hub.connection, world.hub.vault, version)
    lines = {line["label"]: line["words"] for line in facts["face"]}
    data, other, press = world.file("valid"), world.file_of(world.newer), Press.open(world.settings)
    found: dict[str, bytes] = {}
    for variants in (
        forging.of_bytes(data),
        forging.of_entries(data, other),
        forging.of_container(data),
        forging.of_words(data, lines),
        forging.of_strangers(facts, tmp_path_factory.mktemp("stranger"), press.bureau, NOON),
        forging.of_insiders(facts, press, NOON),
        forging.of_pdf(world.pdf("valid")),
    ):
        for name, variant in variants:
            assert name not in found, name
            found[name] = variant
    # A copy for one use made to look like the licence: its pages, with the watermark on them, exchanged.
    for name, variant in forging.of_entries(world.copy("valid"), data):
        if "another licence" in name:
            found[f"copy, {name}"] = variant
    # Two ways may lead to one file, as two levels of packing do.
    return {name: variant for variant, name in {variant: name for name, variant in found.items()}.items()}


def test_a_thousand_forged_files_are_refused_each_for_what_it_is(world: World, forged: dict[str, bytes]) -> None:
    genuine = {sm3(world.file("valid")), sm3(world.pdf("valid"))}
    assert len(forged) >= 1000 and not genuine & {sm3(one) for one in forged.values()}
    told: Counter[str] = Counter()
    for name, data in forged.items():
        checked = by_file(world.settings, world.hubs, data, world.hub.clock)
        assert checked.outcome.value not in GOOD, name
        assert checked.licence is None, name
        told[checked.outcome.value] += 1
        if name.startswith("sealed by a stranger"):
            assert checked.outcome.value == "foreign", (name, checked.reasons)
            assert not any(seal.proven for seal in checked.seals)
        elif name.startswith(("sealed past the register", "packed")):
            assert checked.outcome.value == "not_registered", (name, checked.outcome, checked.reasons)
        else:
            assert checked.outcome.value in ("tampered", "unreadable", "foreign"), (name, checked.outcome)
        assert checked.reasons or checked.outcome.value == "not_registered", name
    assert told["tampered"] > 300, told
    # What they were made from is still good.
    for data in (world.file("valid"), world.pdf("valid")):
        assert by_file(world.settings, world.hubs, data, world.hub.clock).outcome.value == "valid"


def test_an_older_genuine_version_is_never_current(world: World) -> None:
    old, newer = world.versions["superseded"], world.newer
    assert by_file(world.settings, world.hubs, world.file("superseded"), world.hub.clock).outcome.value == "superseded"
    assert by_token(world.hub, world.token("superseded")).outcome.value == "superseded"
    assert by_number(world.hub, old.identifier, old.number).outcome.value == "superseded"
    assert by_number(world.hub, newer.identifier, newer.number).outcome.value == "valid"
    # The old file under the new one's seals, and the other way round.
    for own, other in ((old, newer), (newer, old)):
        for name, data in forging.of_entries(world.file_of(own), world.file_of(other)):
            if "seals" in name or "pages" in name:
                assert by_file(world.settings, world.hubs, data, world.hub.clock).outcome.value not in GOOD, name


def test_page_and_call_refuse_a_sample_of_them_too(world: World, forged: dict[str, bytes]) -> None:
    world.settings.access_file.write_text(access_text() + "\n[limits]\nchecks_per_address = 10000\n", encoding="utf-8")
    browser = TestClient(create_app(world.settings, clock=world.hub.clock), base_url="http://127.0.0.1")
    names = sorted(forged)
    for name in names[:: len(names) // 25]:
        files = {"file": ("licence.ofd", forged[name])}
        answer = browser.post("/api/verify", files=files)
        assert answer.status_code == 200, name
        assert answer.json()["check"]["verdict"] not in GOOD, name
        page = browser.post("/verify", files=files)
        assert page.status_code == 200 and 'class="answer good"' not in page.text, name
    genuine = browser.post("/api/verify", files={"file": ("licence.ofd", world.file("valid"))}).json()
    assert genuine["check"]["verdict"] == genuine["verdict"] == "valid"

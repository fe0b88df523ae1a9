"""Only a sound seal of a trusted maker is registered, and the register tells how it stands and what it was used for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import FixedClock
from core.settings import Mode, Settings
from hub import seals
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.install import DEMO_BUREAU, prepare
from hub.issue import decide, issue_all
from hub.press import DemoSealRefused, PressUnset
from hub.seals import Change, SealNotRegistrable
from hub.verify import verify_file
from signing import oids
from signing.certificate_making import Wish, make_certificate
from signing.certificates import Usage, as_pem
from signing.file_key import FileKey
from signing.seal.making import make_seal
from signing.seal.parts import Seal
from signing.sm2 import PrivateKey
from store.errors import SealNotRegistered
from tests.departments import EVIDENCE, Departments
from tests.hub.conftest import NOON
from tests.signing.conftest import PIXEL, SEALED_AT, Authority, World

ORGAN = "11420112MB0000000M某区行政审批局"
ES_ID = "42011200000001"


@pytest.fixture(scope="module")
def world() -> World:
    """A licensed maker and a bureau; no word of 测试 anywhere."""
    key = PrivateKey.generate()
    wish = Wish(
        name=((oids.COUNTRY, "CN"), (oids.COMMON_NAME, "某省数字证书根")),
        serial=1,
        not_before=SEALED_AT - timedelta(days=1000),
        not_after=SEALED_AT + timedelta(days=9000),
        usage=Usage.KEY_CERT_SIGN | Usage.CRL_SIGN,
        is_authority=True,
    )
    authority = Authority(key, make_certificate(wish, key.point, key))
    _, maker = authority.issue("某印章公司", "某印章公司")
    signer_key, signer = authority.issue(ES_ID, ORGAN)
    made = World(authority, maker, signer, signer_key, None)  # type: ignore[arg-type]
    made.seal = seal_of(made)
    return made


def seal_of(world: World, maker: FileKey | None = None, **changes: object) -> Seal:
    name = "某区行政审批局电子证照专用章"
    return make_seal(world.draft(**({"name": name} | changes)), maker or world.maker)


@pytest.fixture
def hub(settings: Settings, world: World) -> Iterator[Hub]:
    """In production, with the maker's root trusted."""
    trust = settings.keys / "trust"
    trust.mkdir()
    (trust / "root.pem").write_bytes(as_pem(world.root))
    with open_hub(replace(settings, mode=Mode.PRODUCTION), FixedClock(NOON)) as opened:
        yield opened


def refused(hub: Hub, seal: Seal | bytes, told: str) -> None:
    with pytest.raises(SealNotRegistrable, match=told):
        seals.add(hub, seal if isinstance(seal, bytes) else seal.raw, who="clerk")
    assert seals.listed(hub) == []


def test_a_sound_seal_is_registered_and_told_as_it_is(hub: Hub, world: World) -> None:
    made = seals.add(hub, world.seal.raw, who="clerk", legal_basis="第七号").to_dict()
    assert (made["es_id"], made["version"], made["state"]) == (ES_ID, 1, "active")
    assert (made["organ"], made["credit_code"]) == (ORGAN[18:], ORGAN[:18])
    story = seals.shown(hub, ES_ID)
    assert (story.maker.organisation, story.signers[0].subject) == ("某印章公司", ES_ID)
    assert 0 < story.signers[0].days_left < 365
    assert [(one.event, one.who, one.legal_basis) for one in story.events] == [("registered", "clerk", "第七号")]
    assert [one.seal.entry.es_id for one in seals.listed(hub)] == [ES_ID]


def test_its_successor_supersedes_it_and_both_are_told(hub: Hub, world: World) -> None:
    seals.add(hub, world.seal.raw, who="clerk")
    seals.add(hub, seal_of(world, picture=PIXEL + b"\0").raw, who="clerk")
    story = seals.shown(hub, ES_ID)
    assert (story.facts.seal.version, story.facts.standing) == (2, "active")
    assert [(one.seal.version, one.standing) for one in story.earlier] == [(1, "superseded")]
    assert [one.event for one in story.events] == ["registered", "superseded", "registered"]


def test_a_forged_seal_is_refused(hub: Hub, world: World) -> None:
    raw = bytearray(world.seal.raw)
    raw[-1] ^= 1
    refused(hub, bytes(raw), "not registered")
    refused(hub, b"no seal", "not registered")


def test_no_byte_of_a_seal_can_be_turned_and_be_registered(hub: Hub, world: World) -> None:
    for place in range(0, len(world.seal.raw), 37):
        raw = bytearray(world.seal.raw)
        raw[place] ^= 1
        with pytest.raises(SealNotRegistrable):
            seals.add(hub, bytes(raw), who="clerk")
    assert seals.listed(hub) == []


def test_a_seal_of_a_maker_nobody_trusts_is_refused(hub: Hub, world: World) -> None:
    key = PrivateKey.generate()
    stranger = Authority(key, make_certificate(_root_wish(), key.point, key))
    _, maker = stranger.issue("路边刻章", "路边刻章")
    refused(hub, seal_of(world, maker), "keys/trust")


def test_a_seal_that_its_user_made_himself_is_refused(hub: Hub, world: World) -> None:
    refused(hub, seal_of(world, world.signer), "for himself")


def test_a_seal_out_of_its_time_is_refused(hub: Hub, world: World) -> None:
    refused(hub, seal_of(world, valid_to=NOON - timedelta(days=1)), "today lies outside")
    refused(hub, seal_of(world, valid_from=NOON + timedelta(days=1)), "today lies outside")


def test_a_seal_whose_signer_is_out_of_time_or_of_no_known_organ_is_refused(hub: Hub, world: World) -> None:
    _, ended = world.authority.issue(ES_ID, ORGAN, end=NOON - timedelta(days=1))
    refused(hub, seal_of(world, users=(ended.certificate,)), "ended")
    _, nameless = world.authority.issue(ES_ID, "某区行政审批局")
    refused(hub, seal_of(world, users=(nameless.certificate,)), "not registered")
    _, other = world.authority.issue(ES_ID, "11420112MB0000000M另一个局")
    refused(hub, seal_of(world, users=(world.signer.certificate, other.certificate)), "more than one organ")


def test_a_maker_whose_certificate_ended_later_does_not_spoil_his_seal(hub: Hub, world: World) -> None:
    _, maker = world.authority.issue("某印章公司", "某印章公司", end=NOON - timedelta(days=1))
    assert seals.add(hub, seal_of(world, maker).raw, who="clerk").standing == "active"


def test_a_seal_that_lists_by_digest_needs_the_certificates(hub: Hub, world: World) -> None:
    seal = seal_of(world, by_digest=True)
    refused(hub, seal, "--signer")
    _, other = world.authority.issue(ES_ID, ORGAN)
    with pytest.raises(SealNotRegistrable, match="--signer"):
        seals.add(hub, seal.raw, who="clerk", signers=[other.certificate])
    made = seals.add(hub, seal.raw, who="clerk", signers=[as_pem(world.signer.certificate)])
    assert made.seal.entry.signer_certificates == (world.signer.certificate,)


def test_production_registers_no_seal_that_says_it_is_a_test(hub: Hub, world: World) -> None:
    with pytest.raises(DemoSealRefused):
        seals.add(hub, make_seal(world.draft(), world.maker).raw, who="clerk")
    assert seals.listed(hub) == []


def test_preparing_the_demo_registers_its_seal_once_and_keeps_a_revocation(settings: Settings) -> None:
    clock = FixedClock(NOON)
    assert "demo seal 42011200000001 in the register of seals, active" in prepare(settings, clock)
    prepare(settings, clock)
    with open_hub(settings, clock) as opened:
        (made,) = seals.listed(opened)
        assert (made.seal.entry.organ, made.standing) == (DEMO_BUREAU.name, "active")
        seals.change(opened, DEMO_BUREAU.es_id, Change.REVOKED, who="clerk", reason="test")
    assert "demo seal 42011200000001 in the register of seals, revoked" in prepare(settings, clock)


def test_the_picture_of_a_seal_is_written(hub: Hub, world: World, tmp_path: Path) -> None:
    with pytest.raises(SealNotRegistered):
        seals.write_picture(hub, ES_ID, tmp_path / "seal.png")
    seals.add(hub, world.seal.raw, who="clerk")
    seals.write_picture(hub, ES_ID, tmp_path / "seal.png")
    assert (tmp_path / "seal.png").read_bytes() == PIXEL


def _root_wish() -> Wish:
    return Wish(
        name=((oids.COUNTRY, "CN"), (oids.COMMON_NAME, "某省数字证书根")),
        serial=2,
        not_before=SEALED_AT - timedelta(days=1000),
        not_after=SEALED_AT + timedelta(days=9000),
        usage=Usage.KEY_CERT_SIGN,
        is_authority=True,
    )


def test_a_seal_on_the_platform_is_registered_and_issues_licences(settings: Settings, departments: Departments) -> None:
    # The platform goes by this machine's clock, so the hub does too.
    platform = departments.ready["seal_platform"]
    departments.write_sources(settings.sources_file)
    prepare(settings)
    press = "\n".join(f'{key} = "{platform[key]}"' for key in ("url", "ca_file", "key_id", "secret_file", "seal_id"))
    tsa = departments.ready["tsa"]
    stamping = f'[timestamp]\nurl = "{tsa["url"]}"\ncertificate_file = "{tsa["certificate_file"]}"\n'
    (settings.keys / "press.toml").write_text(f'[seal]\nkind = "platform"\n{press}\n{stamping}')
    trust = settings.keys / "trust"
    trust.mkdir()
    for name, announced in (("platform", platform), ("tsa", tsa)):
        (trust / f"{name}.pem").write_bytes(Path(announced["trust_file"]).read_bytes())
    with open_hub(settings) as opened:
        for resource in EVIDENCE:
            collect(opened, resource)
        approvals = decide(opened).to_issue[:1]
        with pytest.raises(SealNotRegistered, match=platform["seal_id"]):
            issue_all(opened, approvals)
        made = seals.add_configured(opened, who="clerk")
        (done,) = issue_all(opened, approvals)
        (use,) = seals.uses(opened)
        assert (made.seal.entry.es_id, use.use.es_id) == (platform["seal_id"], platform["seal_id"])
        assert use.use.timestamped
        report = verify_file((settings.home / done.path).read_bytes(), settings)
        assert report.verdict.value == "valid", report.lines()
        with pytest.raises(PressUnset, match=r"\[signature\]"):
            deposit_all(opened)
        signer = 'kind = "file"\nkey_file = "demo/seal/signer-key.pem"\n'
        signer += 'certificate_file = "demo/seal/signer-cert.pem"\npassphrase_file = "demo/passphrase"\n'
        with (settings.keys / "press.toml").open("a") as file:
            file.write(f"[signature]\n{signer}")
        assert len(deposit_all(opened)) == 1

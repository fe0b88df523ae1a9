"""A hub with licences in every state of their life, all of them drawn, sealed and published for real."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image

from core.clock import Clock, FixedClock
from core.digest import sm3
from core.settings import Settings
from documents.package import Package
from hub.access import Access
from hub.annotated import Form, Wanted, last_moment
from hub.annotated_asking import for_operator
from hub.collect import collect
from hub.compose import Composed
from hub.context import Hub, open_hub
from hub.designation import address_of, digest_of, new_token
from hub.issue import decide, issue_all
from hub.making import make
from hub.pdf import make_pdf
from hub.press import Press
from hub.sources import evidence_resources
from hub.verify import render_file
from schemas.identifiers.licence import LicenceId
from schemas.licence_life import Step
from store import licence_life, licence_making, licences, merkle_log
from store.licences import LicenceVersion
from store.register_entries import LOG, Grounds
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.preparing import prepare

#: What is done to the licences, in the order of their numbers.
STATES = ("valid", "suspended", "withdrawn", "revoked", "cancelled", "superseded")
RECEIVER, CAUSE = "样例银行武汉东西湖支行", "办理对公账户开户"
BASIS = "《中华人民共和国行政许可法》第六十九条"
DOCUMENT_NO = "东行审决〔2026〕17号"


@dataclass
class World:
    """Licences by the state they are in; the file, token and PDF copy of each document."""

    hub: Hub
    settings: Settings
    versions: dict[str, LicenceVersion]
    newer: LicenceVersion

    def file(self, state: str) -> bytes:
        return self.file_of(self.versions[state])

    def file_of(self, version: LicenceVersion) -> bytes:
        assert version.document_path is not None
        return (self.settings.home / version.document_path).read_bytes()

    def token(self, state: str) -> str:
        return self.token_of(self.versions[state])

    def token_of(self, version: LicenceVersion) -> str:
        facts = licences.facts(self.hub.connection, self.hub.vault, version)
        return str(facts["qr_text"]).rpartition("/")[2]

    def pdf(self, state: str) -> bytes:
        out = self.settings.home / f"{state}.pdf"
        if not out.exists():
            make_pdf(self.hub, self.versions[state].number, out)
        return out.read_bytes()

    def copy(self, state: str, form: Form = Form.OFD) -> bytes:
        """An annotated copy of a licence in force, as an operator has it made."""
        access = Access.open(self.settings, self.hub.clock)
        wanted = Wanted(self.versions[state].number, RECEIVER, CAUSE, last_moment(NOON, 30), form)
        return for_operator(self.hub, access, wanted).data

    @contextmanager
    def hubs(self) -> Iterator[Hub]:
        yield self.hub


@contextmanager
def world_of(settings: Settings, departments: Departments, clock: Clock | None = None) -> Iterator[World]:
    """Build it once for a module."""
    departments.write_sources(settings.sources_file)
    clock = clock or FixedClock(NOON)
    prepare(settings, clock)
    with open_hub(settings, clock) as hub:
        for resource in evidence_resources():
            collect(hub, resource)
        made = issue_all(hub, decide(hub).to_issue[: len(STATES)])
        assert len(made) == len(STATES)
        versions = {}
        for state, one in zip(STATES, made, strict=True):
            found = licences.by_identifier(hub.connection, one.identifier)
            assert found is not None
            versions[state] = found
        for state, step in (
            ("suspended", Step.SUSPEND),
            ("withdrawn", Step.WITHDRAW),
            ("revoked", Step.REVOKE),
            ("cancelled", Step.CANCEL),
        ):
            take(hub, versions[state], step)
        newer = next_version(hub, versions["superseded"])
        merkle_log.sequence(hub.connection, LOG)
        yield World(hub, settings, versions, newer)


def take(hub: Hub, version: LicenceVersion, step: Step) -> None:
    """One step of a licence's life by an officer, with a reason that names somebody."""
    grounds = Grounds(BASIS, date(2026, 11, 20), "officer-zhang", "the bureau", DOCUMENT_NO)
    licence_life.take_step(
        hub.connection, hub.vault, version.licence, step, grounds, now=hub.clock.now(), reason="王大锤举报属实"
    )


def next_version(hub: Hub, version: LicenceVersion) -> LicenceVersion:
    """A second document of a licence that says the same under a new identifier, sealed and published."""
    press = Press.open(hub.settings)
    facts = copy.deepcopy(licences.facts(hub.connection, hub.vault, version))
    identifier = LicenceId.parse(version.identifier).next_version().text
    token = new_token()
    facts |= {
        "version": version.version + 1,
        "doc_id": sm3(identifier.encode())[:16].hex(),
        "qr_text": address_of(hub.settings, token),
    }
    facts["metadata"]["ZZBS"] = identifier
    for line in facts["face"]:
        if line["key"] == "identifier":
            line["words"] = identifier

    def composed(_: int, place: int) -> Composed:
        facts["metadata"]["KZ_ZTXH"] = str(place)
        return Composed(version.number, identifier, facts, digest_of(token), version.valid_until)

    begun = licence_making.reserve_version(
        hub.connection, hub.vault, licence=version.licence, step=Step.REPLACE, approval=None,
        made_for=f"order-1/{version.licence}", item=version.item,
        grounds=Grounds("补发申请", date(2026, 11, 20), "hub", "the bureau"), compose=composed, now=hub.clock.now(),
    )  # fmt: skip
    assert make(hub, begun, press) is not None
    found = licences.by_identifier(hub.connection, identifier)
    assert found is not None
    return found


def home_of(tmp: Path, database_url: str) -> Settings:
    """Settings of a fresh hub below a folder."""
    from core.settings import Mode
    from store.vault import make_keyring

    make_keyring(tmp / "keys")
    return Settings(
        home=tmp,
        database_url=database_url,
        sources_file=tmp / "sources.toml",
        keys=tmp / "keys",
        mode=Mode.DEMO,
        public_url="https://zz.example.gov.cn",
    )


def token_in(data: bytes) -> str:
    """The token in the QR code of a file's first page, read from its picture as a phone reads it."""
    (picture, *_) = render_file(data, dpi=96).pictures
    codes = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    (address,) = [code.text for code in codes if "/v/" in code.text]
    return address.rpartition("/")[2]


def flipped_in(data: bytes, name: str) -> bytes:
    """The file with one bit of one of its entries turned over, zipped again as it should be."""
    entries = dict(Package.read(data).entries)
    changed = bytearray(entries[name])
    changed[len(changed) // 2] ^= 1
    return Package(entries | {name: bytes(changed)}).to_bytes()

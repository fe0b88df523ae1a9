"""Two hubs on one machine, each with its own database, home and keys: an origin that holds a company's archives, three
packages of which one is of the company it followed, and a destination that holds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from archive.case import CaseFile, CaseFileEntry, FolderKind
from archive.package import build
from archive.reading import read_case
from archive.report import Stage
from archive.stages import VolumePart
from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.catalogue import holder_of, package_of, record_of
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.files import write_durably
from hub.holdings import KEPT
from hub.inspect import check_package
from hub.install import DEMO_BUREAU
from hub.issue import decide, issue_all
from hub.press import DEMO, Press
from hub.transfer_desk import Desk
from signing.demo_pki import Bureau
from signing.demo_pki import prepare as prepare_keys
from store import archive_packages, archive_parties
from store.archive_parties import Succession
from store.connection import transaction
from store.vault import make_keyring
from tests.databases import copied, databases
from tests.hub.conftest import NOON
from tests.preparing import prepare

#: Made up, and its code passes the check.
OTHER_BUREAU = Bureau(name="武汉市江夏区行政审批局（测试）", credit_code="11420115MB00000014", es_id="42011500000001")
EARLIER_NUMBER = "92420112MA4K000002"
EARLIER_NAME = "武汉市东西湖区迁移测试餐饮店"


_ORGANS = f"""
demo = true
bureau = "approval"
ignore_test_mark = true
seal_names = ["{{name}}", "{{name}}电子证照专用章"]

[[organs]]
id = "approval"
credit_code = "{OTHER_BUREAU.credit_code}"
verified = false
names = [{{ name = "{OTHER_BUREAU.name}", verified = false }}]
"""


@dataclass(frozen=True)
class World:
    """Settings of both hubs, the company, and its packages' numbers in order."""

    origin: Settings
    destination: Settings
    medium: Path
    number: str
    name: str
    file_nos: tuple[str, ...]


@contextmanager
def transfer_world(
    postgres_url: str, owner_url: str, template: str, collected: Settings, folder: Path
) -> Iterator[World]:
    """Made once; tests work on copies."""
    with databases(postgres_url, owner_url, template) as make:
        origin, other_url = copied(collected, make(collected.database_url), folder / "origin"), make()
        number, name, file_nos = _holdings(origin)
        home = folder / "destination"
        make_keyring(home / "keys")
        prepare_keys(home / "keys" / DEMO, OTHER_BUREAU, NOON)
        destination = Settings(home, other_url, home / "sources.toml", home / "keys", Mode.DEMO)
        prepare(destination, FixedClock(NOON))
        (home / "organs.toml").write_text(_ORGANS)
        world = World(origin, destination, folder / "medium", number, name, file_nos)
        world.medium.mkdir()
        introduce(world)
        yield world


def introduce(world: World) -> None:
    """Write both `peers.toml`: each hub gets the other's root and certificate for encryption."""
    for ours, theirs, name, bureau in (
        (world.origin, world.destination, "jiangxia", OTHER_BUREAU),
        (world.destination, world.origin, "dongxihu", DEMO_BUREAU),
    ):
        keys = theirs.keys / DEMO
        (ours.home / "peers").mkdir(exist_ok=True)
        (ours.home / "peers" / "root.pem").write_bytes((keys / "root-cert.pem").read_bytes())
        (ours.home / "peers" / "pdf-root.pem").write_bytes((keys / "pdf-root-cert.pem").read_bytes())
        (ours.home / "peers" / "encryption.pem").write_bytes((keys / "encryption" / "encryption-cert.pem").read_bytes())
        (ours.home / "peers.toml").write_text(
            f"""
[[peers]]
name = "{name}"
organ = "{bureau.name}"
credit_code = "{bureau.credit_code}"
envelope = "peers/encryption.pem"
trust = ["peers/root.pem", "peers/pdf-root.pem"]
accept = "automatic"
route = {{ kind = "folder", folder = "{world.medium}" }}
"""
        )


@dataclass
class Pair:
    """Both hubs open, and what a test does with them."""

    world: World
    origin: Hub
    destination: Hub

    @property
    def out(self) -> Desk:
        """The origin's desk, with its files read anew."""
        return Desk(self.origin)

    @property
    def into(self) -> Desk:
        """The destination's."""
        return Desk(self.destination)


@contextmanager
def opened_pair(world: World, new_database: Callable[..., str], folder: Path) -> Iterator[Pair]:
    """Copies of both hubs for one test, with a medium of their own."""
    mine = replace(
        world,
        origin=copied(world.origin, new_database(world.origin.database_url), folder / "origin"),
        destination=copied(world.destination, new_database(world.destination.database_url), folder / "destination"),
        medium=folder / "medium",
    )
    mine.medium.mkdir()
    introduce(mine)
    with (
        open_hub(mine.origin, FixedClock(NOON)) as origin,
        open_hub(mine.destination, FixedClock(NOON)) as destination,
    ):
        yield Pair(mine, origin, destination)


def _holdings(settings: Settings) -> tuple[str, str, tuple[str, ...]]:
    """A licence issued and packed for a company; a second case of it, and one of the shop it followed."""
    with open_hub(settings, FixedClock(NOON)) as hub:
        first, case = _company_case(hub)
        holder = holder_of(case)
        KEPT.seal_head(hub)
        press = Press.open(settings)
        case = replace(case, archive_code=None)
        second = _add(hub, press, replace(case, electronic_file_no=f"{first}-b", project_no=f"{case.project_no}-b"))
        earlier = _of_another(case, f"{first}-c", f"{case.project_no}-c")
        third = _add(hub, press, earlier)
        parties = [
            archive_parties.party_of(hub.connection, hub.subject(one.kind, one.value))
            for one in (holder_of(earlier), holder)
        ]
        assert parties[0] and parties[1] and parties[0] != parties[1]
        with transaction(hub.connection) as cursor:
            archive_parties.succeed(
                cursor, Succession(parties[0], parties[1], "个转企", date(2026, 3, 1), "测试准予变更通知书")
            )
        return holder.value, case.applicant_name, (first, second, third)


def _company_case(hub: Hub) -> tuple[str, CaseFile]:
    """The first approval of the demo that a company applied for, issued and packed."""
    for approval in decide(hub).to_issue:
        issue_all(hub, [approval])
        (file_no,) = deposit_all(hub)
        filed = archive_packages.by_file_no(hub.connection, file_no)
        assert filed is not None
        case = read_case((hub.settings.home / filed.path).read_bytes())
        if holder_of(case).kind == "company":
            return file_no, case
    raise AssertionError("no company among the demo's approvals")


def _of_another(case: CaseFile, file_no: str, project_no: str) -> CaseFile:
    """The case as if a shop had applied for it that later became the company."""
    folders = []
    for folder in case.folders:
        files = []
        for one in folder.files:
            data = one.data
            if folder.kind is FolderKind.APPLICATION and one.standard_name == "受理信息":
                said = json.loads(data)
                kind = said["applicant_number"].partition(":")[0]
                said["applicant_name"], said["applicant_number"] = EARLIER_NAME, f"{kind}:{EARLIER_NUMBER}"
                data = json.dumps(said, ensure_ascii=False, indent=2, sort_keys=True).encode()
            files.append(CaseFileEntry(one.standard_name, one.name, data, one.media_type, one.created))
        folders.append(replace(folder, files=files))
    return replace(
        case, electronic_file_no=file_no, project_no=project_no, applicant_name=EARLIER_NAME, folders=folders
    )


def _add(hub: Hub, press: Press, case: CaseFile) -> str:
    package = build(case, lambda listed: press.sign_detached(listed, NOON))
    report = check_package(package.data, press.trust, settings=hub.settings, stage=Stage.FILING, at=NOON)
    report.demand_valid()
    path = Path("archive") / "2026" / package.name
    write_durably(hub.settings.home / path, package.data)
    with transaction(hub.connection) as cursor:
        record = record_of(hub, case, holder_of(case), stage=VolumePart.FOUNDING.value)
        new = package_of(package.data, report, record, file_no=case.electronic_file_no, path=path.as_posix())
        archive_packages.add(cursor, new, NOON)
    return case.electronic_file_no

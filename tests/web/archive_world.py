"""A served hub whose archive holds three packages of one company, and staff, a bank and the company to ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.clock import today
from core.settings import Settings
from core.uuid7 import uuid7
from hub.catalogue import name_key
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from schemas.names import folded
from schemas.transfer import Move, Side, State
from store import archive_parties, transfers
from store.archive_parties import Name
from store.connection import fetch_all, transaction
from store.transfers import Company, Transfer
from tests.departments import Departments
from tests.hub.access_files import access_text
from tests.hub.issued_world import issued_world
from tests.web.test_copies import licence

OLD_NAME, NAME = "武汉某某餐饮店", "武汉某某餐饮有限公司"
#: Two archivists beside the accounts every test has; the first takes requests in as well.
ARCHIVISTS = """
[[staff]]
id = "zhou"
name = "档案周"
organisation = "bureau"
roles = ["archivist", "clerk"]
password = "{hash}"
demo = true

[[staff]]
id = "wu"
name = "档案吴"
organisation = "bureau"
roles = ["archivist"]
password = "{hash}"
demo = true
"""


@dataclass
class ArchiveWorld:
    """The hub's settings, and the company: its number and its legal representative."""

    settings: Settings
    number: str
    representative: str
    files: list[str]


def with_archivists(access: Path) -> None:
    """Add the archivists to an access file of the tests; their password is everybody's."""
    stored = access_text().partition('password = "')[2].partition('"')[0]
    with access.open("a", encoding="utf-8") as file:
        file.write(ARCHIVISTS.format(hash=stored))


@contextmanager
def archive_world(
    postgres_url: str, owner_url: str, template: str, departments: Departments, home: Path
) -> Iterator[ArchiveWorld]:
    """Three packages in three parts of one volume, under a new name and an old one."""
    with issued_world(postgres_url, owner_url, template, departments, home, licences=3) as settings:
        with_archivists(settings.access_file)
        found = licence(settings)
        with open_hub(settings) as hub:
            deposit_all(hub)
            party = archive_parties.party_of(hub.connection, hub.subject("company", found["holder"]))
            assert party is not None
            with transaction(hub.connection) as cursor:
                for days, name in ((1, OLD_NAME), (0, NAME)):
                    since = today(hub.clock) - timedelta(days=days)
                    archive_parties.name(cursor, party, Name(name_key(hub, name), name, folded(name), since))
                cursor.execute("update archive_record set party = %s", (party,))
            files = [row[0] for row in fetch_all(hub.connection, "select file_no from archive_record order by file_no")]
            with transaction(hub.connection) as cursor:
                cursor.execute("update archive_record set stage = '变更' where file_no = %s", (files[1],))
            _begin_move(hub, found["holder"])
        yield ArchiveWorld(settings, found["holder"], found["name"], files)


def _begin_move(hub: Hub, number: str) -> None:
    """A transfer of the company's archive from elsewhere, asked for today."""
    now, day = hub.clock.now(), today(hub.clock)
    company = Company("company", number, NAME, "住所迁移")
    days = [day + timedelta(days=many) for many in (30, 60, 90)]
    new = Transfer(
        str(uuid7(now)), Side.IN, "elsewhere", "12420100MB0000000X", "东审迁〔2026〕1号",
        hub.subject("company", number), company, State.REQUESTED, 0, day, *days, verified=False, since=now,
    )  # fmt: skip
    hub.vault.ready(transfers.RESOURCE)
    with transaction(hub.connection) as cursor:
        transfers.create(cursor, hub.vault, new, Move.REQUEST, "wu", {})

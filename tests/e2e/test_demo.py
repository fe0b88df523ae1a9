"""`python -m onebox demo` as a person runs it: fresh, once more, and after it was killed in the middle of issuing."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from hub.context import Hub
from hub.register import issued
from hub.report import summarise
from onebox import results
from onebox.layout import REPOSITORY
from store.connection import fetch_all
from tests.e2e.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # not pytest's own folder, which is 0700: run by root, PostgreSQL's user must pass through it
    folder = Path(tempfile.mkdtemp(prefix="hub-e2e-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def undisturbed(place: Path) -> Iterator[World]:
    """A world whose demo ran once, from nothing to its end."""
    world = World(place / "undisturbed")
    said = world.demo_to_its_end()
    assert " good" in said and "INVALID" not in said and "DISAGREES" not in said
    yield world
    clean(world)


def clean(world: World) -> None:
    command = [sys.executable, "-m", "onebox", "clean", "--var", str(world.var)]
    assert subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True).returncode == 0
    assert not world.var.exists()


def all_good(hub: Hub) -> bool:
    """Every licence valid by our verifier, agreed by openssl, and valid in its package; and there are some."""
    verdicts = list(results.judge(hub.settings, issued(hub)))
    said = {(one.ours, one.openssl, one.package) for one in verdicts}
    assert said == {("valid", "agrees", "valid")}, said
    return len(verdicts) > 3


def came_to(hub: Hub) -> dict[str, Any]:
    """What a run comes to whatever its timing was: dates and random bytes aside."""

    def of(sql: str) -> list[tuple[Any, ...]]:
        return sorted(fetch_all(hub.connection, sql))

    return {
        "numbers": of(
            "select l.number, substring(identifier from '[.]([0-9]{10})[0-9A-Z]{10}[.]'), licence_type, year, "
            "sequence, state, document_path, status, current_version "
            "from licence_version v join licence l on l.id = v.licence"
        ),
        "approvals": of(
            "select approval, licence_type, v.item from licence_version v join licence l on l.id = v.licence"
        ),
        "outcomes": of("select approval, item, state, missing::text from approval_outcome"),
        "packages": of("select file_no, path from archive_package"),
        "records": of("select resource, count(*), count(distinct key), max(version) from record group by 1"),
        "history": of("select resource, count(*) from record_history group by 1"),
        "quarantine": of("select resource, state, position, reasons::text from quarantine"),
        "cursors": of("select resource, (position - 'seen' - 'pending' - 'pages')::text from source_cursor"),  # keyed
        "open": of("select id from seal_use where outcome = 'intended'"),
        "sealed": of("select case_no, count(*) from seal_use where outcome = 'sealed' group by 1"),
    }


def test_a_fresh_demo_issues_licences_that_two_verifiers_accept(undisturbed: World) -> None:
    with undisturbed.hub() as hub:
        assert all_good(hub)


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_fits_the_terminal_and_cuts_nothing_off(undisturbed: World, width: int) -> None:
    with undisturbed.hub() as hub:
        found = summarise(hub)
        verdicts = list(results.judge(hub.settings, found.licences))
        out = io.StringIO()
        results.show(Console(file=out, width=width), hub.settings, found, verdicts)
    tables, _, commands = out.getvalue().partition("Try next")
    assert max(cell_len(line.rstrip()) for line in tables.splitlines()) <= width
    assert "…" not in tables.replace(" … and ", "")
    assert f"hub verify {undisturbed.var}/licences/" in commands  # a command is never broken into lines
    for source in found.sources:
        assert source.resource in tables
    assert all(licence.number in tables for licence in found.licences[:15])


def test_a_second_demo_finds_everything_known_and_changes_nothing(undisturbed: World) -> None:
    with undisturbed.hub() as hub:
        before, cursors = undisturbed.left(hub), came_to(hub)["cursors"]
    undisturbed.demo_to_its_end()
    with undisturbed.hub() as hub:
        after = undisturbed.left(hub)
        assert all_good(hub)
        assert came_to(hub)["cursors"] == cursors
    changed = [name for name, rows in before.tables.items() if after.tables[name] != rows]
    assert changed == []
    assert after.files == before.files


def test_a_demo_killed_while_it_issues_ends_where_an_undisturbed_one_ends(undisturbed: World, place: Path) -> None:
    world = World(place / "killed")

    def in_the_middle(cursor: Any) -> list[tuple[Any, ...]]:
        """The register once some licences are sealed and, in the same look, some are not yet."""
        cursor.execute(
            "select approval, number, identifier, state from licence_version v join licence l on l.id = v.licence"
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows if len(rows) > 2 and any(state == "reserved" for *_, state in rows) else []

    reserved = world.demo_killed_when(in_the_middle)
    world.demo_to_its_end()
    with world.hub() as hub, undisturbed.hub() as other:
        assert all_good(hub)
        numbers = dict(
            fetch_all(
                hub.connection,
                "select approval, number || identifier from licence_version v join licence l on l.id = v.licence",
            )
        )
        assert {
            approval: number + identifier for approval, number, identifier, _ in reserved
        }.items() <= numbers.items()
        # Which approval of a type comes first may depend on which department answered first; what there is
        # in the end may not: the same approvals, and the same numbers without gap or repetition.
        assert came_to(hub) == came_to(other)
    clean(world)

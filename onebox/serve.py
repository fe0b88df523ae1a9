"""`make serve`: the same world left running until Ctrl-C."""

from __future__ import annotations

import sys
import time

import requests
from rich.cells import set_cell_size
from rich.console import Console

from onebox import airflow, ports
from onebox.board import Board
from onebox.layout import Layout
from onebox.process import Child
from onebox.world import World

_LOOK_SECONDS = 0.5
_WEB_SECONDS = 30.0


def serve(layout: Layout, console: Console, *, seed: int, size: int) -> None:
    """Start, print the addresses, wait; returns only by the exception that stops it.

    Raises:
        HubError: a component could not be started or ended by itself.
        KeyboardInterrupt: Ctrl-C; everything has been stopped.
    """
    with Board(console) as board, World(layout, board, seed=seed, size=size) as world:
        web = _Web(world)
        try:
            row = board.begin("Counter pages 一证通办")
            web.start()
            row.done(web.url)
            _print_addresses(console, world, web.url)
            while True:
                world.ensure_running()
                web.child.ensure_running()
                time.sleep(_LOOK_SECONDS)
        finally:
            web.child.stop(grace=5)


class _Web:
    def __init__(self, world: World) -> None:
        port = world.port("web")
        self.url = f"http://{ports.HOST}:{port}"
        self.child = Child(
            name="the web",
            argv=[sys.executable, "-m", "web", "--host", ports.HOST, "--port", str(port)],
            env=world.environment,
            log=world.layout.log / "web.log",
            cwd=world.layout.var,
        )

    def start(self) -> None:
        self.child.start()
        self.child.wait_until(self._answers, seconds=_WEB_SECONDS)

    def _answers(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(self.url, timeout=5).status_code < 500
        except requests.RequestException:
            return False


def _print_addresses(console: Console, world: World, web: str) -> None:
    airflow_login = f"{world.api.url}  user {airflow.ADMIN}, password in {world.layout.airflow_passwords}"
    console.print()
    for what, where in (
        ("Counter pages 一证通办", web),
        ("Accounts to sign in with", world.layout.demo_accounts),
        ("Airflow", airflow_login),
        ("Departments", f"addresses in {world.layout.sources}"),
        ("Seal and timestamps", f"configured in {world.layout.keys / 'press.toml'}"),
        ("Hub's database", f"address in {world.layout.hub_database_url}"),
        ("Command line", ".venv/bin/hub --help"),
    ):
        console.print(f"[dim]{set_cell_size(what, 26)}[/]{where}", highlight=False, soft_wrap=True)
    console.print("\nRunning. Ctrl-C stops everything.", highlight=False)

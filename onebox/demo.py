"""`make demo`: start the world, run the main job to its end, print what came of it, stop everything."""

from __future__ import annotations

import time

from rich.console import Console

from onebox.board import Board
from onebox.layout import REPOSITORY, Layout
from onebox.play import Play
from onebox.summary import show
from onebox.world import World


def demo(layout: Layout, console: Console, *, seed: int, size: int) -> None:
    """Run it.

    Raises:
        HubError: whatever went wrong; nothing is left running then either.
    """
    began = time.monotonic()
    console.print(
        "[bold]Yizheng Hub 一证通办数据共享枢纽[/] · demo: invented departments, people and seals", highlight=False
    )
    with Board(console) as board, World(layout, board, seed=seed, size=size) as world:
        Play(world.api, board, world.ensure_running).perform()
        from hub.report import summary  # after the run, so that a broken hub is told by the task that failed

        result = summary(world.settings)
    console.print()
    show(result, console, title="What the hub did 运行结果")
    console.print()
    var = layout.var.relative_to(REPOSITORY) if layout.var.is_relative_to(REPOSITORY) else layout.var
    console.print(f"Done in {time.monotonic() - began:.0f} s. Everything written is in {var}/.", highlight=False)
    console.print("Again: make demo · look around: make serve · start over: make clean", highlight=False)

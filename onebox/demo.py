"""`make demo`: start the world, run the main job to its end, print what came of it, stop everything."""

from __future__ import annotations

import time

from rich.console import Console

from onebox.board import Board
from onebox.errors import RunFailed
from onebox.layout import REPOSITORY, Layout
from onebox.play import Play
from onebox.world import World


def demo(layout: Layout, console: Console, *, seed: int, size: int) -> None:
    """Run it.

    Raises:
        HubError: whatever went wrong; nothing is left running then either.
        RunFailed: the run went through, but a licence or a package does not verify from disk.
    """
    began = time.monotonic()
    console.print(
        "[bold]Yizheng Hub 一证通办数据共享枢纽[/] · demo: invented departments, people and seals", highlight=False
    )
    with Board(console) as board, World(layout, board, seed=seed, size=size, triggerer=False, preloaded=True) as world:
        Play(world.api, board, world.ensure_running).perform()
        # after the run, so that a broken hub is told by the task that failed
        from hub.report import summary
        from onebox import results

        settings = world.settings
        found = summary(settings)
        row = board.begin("Verify every file from disk 逐份复核", total=len(found.licences))
        verdicts = []
        for verdict in results.judge(settings, found.licences):
            verdicts.append(verdict)
            if console.is_terminal:
                row.update(len(verdicts), len(found.licences))
        row.done(f"{len(verdicts)} licences, {sum(one.good for one in verdicts)} good")
    console.print()
    results.show(console, settings, found, verdicts)
    console.print()
    var = layout.var.relative_to(REPOSITORY) if layout.var.is_relative_to(REPOSITORY) else layout.var
    console.print(f"Done in {time.monotonic() - began:.0f} s. Everything written is in {var}/.", highlight=False)
    console.print("Again: make demo · look around: make serve · start over: make clean", highlight=False)
    if not verdicts or not all(one.good for one in verdicts):
        raise RunFailed(
            "the run went through, but not every licence and package verifies from disk; the table above says which. "
            "Look at each with `hub verify` and `hub archive check`."
        )

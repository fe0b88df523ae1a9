"""What a person sees while the world works: one row a thing, moving bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text


class Row:
    """One thing that is being done."""

    def __init__(self, board: Board, title: str, task: TaskID | None) -> None:
        self._board = board
        self._title = title
        self._task = task
        self._since = time.monotonic()
        self._said = ""
        self._over = False

    def update(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        if self._over:
            return
        progress = self._board.progress
        if self._task is not None and progress is not None:
            with self._board.lock:
                progress.update(self._task, completed=done, total=max(total, 1), note=note)
        else:
            # a log is not an animation: a line when something got done, none for what it is at
            if done:
                self._say(f"  {self._title}: {done} of {total}")

    def note(self, note: str) -> None:
        """Say what it is at."""
        progress = self._board.progress
        if self._task is not None and progress is not None:
            with self._board.lock:
                progress.update(self._task, note=note)

    def done(self, note: str = "") -> None:
        """It went well."""
        self._end("✓", "green", note)

    def failed(self, note: str = "") -> None:
        """It did not."""
        self._end("✗", "red", note)

    def _end(self, mark: str, colour: str, note: str) -> None:
        if self._over:
            return
        self._over = True
        seconds = f"{time.monotonic() - self._since:5.1f} s"
        progress = self._board.progress
        if self._task is not None and progress is not None:
            progress.update(self._task, visible=False)
            line = Text.assemble(
                (mark, colour), " ", set_cell_size(self._title, _TITLE_WIDTH), (seconds, "dim"), "  ", note
            )
            progress.console.print(line, highlight=False)
        else:
            self._say(f"{mark} {self._title}: {note or 'done'} ({seconds.strip()})")

    def _say(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._board.console.print(line, highlight=False, markup=False, soft_wrap=True)


_TITLE_WIDTH = 47
_REDRAW_SECONDS = 0.1
_WIDE = 100


class _Seconds(ProgressColumn):
    """How long it has taken so far, where it stands once it is done."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.elapsed or 0.0:5.1f} s", style="dim")


class Board:
    """A context manager: rows are shown between entering and leaving it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lock = threading.Lock()
        self._over = threading.Event()
        self.progress: Progress | None = None
        if console.is_terminal:
            self.progress = Progress(
                SpinnerColumn(style="cyan"),
                TextColumn("{task.description}", table_column=Column(min_width=_TITLE_WIDTH)),
                _Seconds(),
                *([BarColumn(bar_width=24)] if console.width >= _WIDE else []),
                TextColumn("[dim]{task.fields[note]}", table_column=Column(no_wrap=True)),
                console=console,
                transient=True,
                # Rich's own refreshing thread may draw between another thread's moving the cursor and its
                # writing, and a line is lost; ours takes the lock that printing takes
                auto_refresh=False,
            )

    def begin(self, title: str, *, total: int | None = None) -> Row:
        """A new row; without `total` its bar only shows that something moves."""
        task = None
        if self.progress is not None:
            with self.lock:
                task = self.progress.add_task(title, total=total, note="")
        return Row(self, title, task)

    def say(self, line: str) -> None:
        """A line of its own, above the rows."""
        with self.lock:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _redraw(self, progress: Progress) -> None:
        while not self._over.wait(_REDRAW_SECONDS):
            with self.lock:
                progress.refresh()

    def __enter__(self) -> Board:
        if self.progress is not None:
            self.progress.start()
            threading.Thread(target=self._redraw, args=(self.progress,), name="board", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self.progress is not None:
            with self.lock:
                self.progress.stop()

"""`python -m onebox demo|serve|doctor|clean`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from core.errors import HubError
from onebox import doctor
from onebox.layout import Layout

_EXIT_CODES = """exit codes:
  0    all is well (doctor: the machine is fit)
  1    something failed; the message says what to do
  2    wrong arguments
  130  stopped by Ctrl-C or SIGTERM; everything was ended in order

example:
  python -m onebox demo --size 400
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    layout = Layout.of_checkout(options.var, options.dags)
    # a log has no width of its own; 80, the usual guess, would break the tables
    console = Console(width=None if sys.stdout.isatty() else 140)
    # files for this user only; as root PostgreSQL's user must pass through `var` (secrets are 0600 in any case)
    os.umask(0o022 if os.geteuid() == 0 else 0o077)
    # a closed terminal or a service manager's SIGTERM ends the world as Ctrl-C does
    for sent in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sent) is not signal.SIG_IGN:  # `nohup make serve` is to outlive its terminal
            signal.signal(sent, _interrupt)
    try:
        return _run(options, layout, console)
    except HubError as error:
        console.print(Text(str(error), style="red" if console.is_terminal else ""), soft_wrap=True)
        return 1
    except OSError as error:  # a full disk or a folder of somebody else's, met by ourselves rather than by a component
        console.print(f"{error.strerror or error}: {error.filename or layout.var}. Nothing is left running.")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130


def _run(options: argparse.Namespace, layout: Layout, console: Console) -> int:
    if options.command == "doctor":
        findings = doctor.examine(layout)
        for finding in findings:
            console.print(f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.found}", highlight=False)
            if finding.act:
                console.print(f"    {finding.act}", highlight=False)
        return 0 if all(finding.ok for finding in findings) else 1
    # imported late: `doctor` must answer where a part of the world cannot be imported
    if options.command == "clean":
        from onebox.clean import clean

        clean(layout, console)
        return 0
    if options.command == "serve":
        from onebox.serve import serve

        serve(layout, console, seed=options.seed, size=options.size)
        return 0
    from onebox.demo import demo

    demo(layout, console, seed=options.seed, size=options.size)
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onebox",
        description="Run the whole world (PostgreSQL, departments, Airflow, web) on this machine.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("demo", "run the main job to its end, print a summary, stop everything"),
        ("serve", "start everything and keep it running until Ctrl-C"),
        ("doctor", "say whether this machine can run the world"),
        ("clean", "end what an earlier run left and delete everything it wrote"),
    ):
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("--var", type=Path, help="folder everything is written to (default: ./var)")
        command.add_argument("--dags", type=Path, help="folder of the DAGs (default: ./dags)")
        command.add_argument("--seed", type=int, default=1, help="seed of the departments' data (default: 1)")
        command.add_argument("--size", type=int, default=400, help="number of companies (default: 400)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

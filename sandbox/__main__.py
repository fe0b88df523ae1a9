"""`python -m sandbox serve|generate|dirt`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DEFAULT_SIZE = 400
DEFAULT_SEED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Departments as real servers, with made-up people and stated dirt, for the demo and the tests.",
        epilog="exit codes: 0 done, 2 wrong arguments, 3 a port is taken, 4 the folder holds other data, 5 PostgreSQL",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve",
        help="run all departments until SIGTERM or SIGINT",
        description="Run tax gateway, HR file server, exchange databases, timestamp authority and seal platform in "
        "the foreground, on 127.0.0.1.",
        epilog="example: python -m sandbox serve --state var/sandbox --ready var/sandbox/ready.json "
        "--postgres postgresql://postgres:…@127.0.0.1:5432/postgres",
    )
    serve.add_argument("--state", type=Path, required=True, help="folder for data and keys; made when absent")
    serve.add_argument("--postgres", required=True, metavar="URL", help="of a role that may create databases")
    serve.add_argument(
        "--ready", type=Path, required=True, metavar="FILE", help="JSON, written when all departments answer"
    )
    serve.add_argument("--tax-port", type=int, default=0, help="port of the tax gateway (default 0: any free one)")
    serve.add_argument("--hr-port", type=int, default=0, help="port of the HR file server (default 0: any free one)")
    serve.add_argument(
        "--tsa-port", type=int, default=0, help="port of the timestamp authority (default 0: any free one)"
    )
    serve.add_argument("--seal-port", type=int, default=0, help="port of the seal platform (default 0: any free one)")
    generate = commands.add_parser(
        "generate",
        help="write the data and what is expected of it, without servers",
        description="Write every table and expected.jsonl into a folder.",
        epilog="example: python -m sandbox generate --seed 7 --size 5000 --out /tmp/district",
    )
    generate.add_argument("--out", type=Path, required=True, help="folder; made when absent")
    same, many = (
        "same seed and size, same data (default %(default)s)",
        "companies; at least 24 are made (default %(default)s)",
    )
    for command in (serve, generate):
        command.add_argument("--seed", type=int, default=DEFAULT_SEED, help=same)
        command.add_argument("--size", type=_size, default=DEFAULT_SIZE, help=many)
    table = "print the kinds of dirt, their shares and verdicts"
    commands.add_parser("dirt", help=table, description=table)
    options = parser.parse_args(arguments)
    if options.command == "serve":
        from sandbox import serve as serving  # the drivers load only when they are needed

        wanted = {name: value for name, value in vars(options).items() if name != "command"}
        return serving.run(serving.Options(**wanted))
    if options.command == "generate":
        return _generate(options.seed, options.size, options.out)
    from sandbox import dirt

    sys.stdout.write(dirt.table() + "\n")
    return 0


def _size(text: str) -> int:
    size = int(text)
    if size < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return size


def _generate(seed: int, size: int, out: Path) -> int:
    from sandbox import dataset, files

    try:
        if not files.present(out, seed, size):
            files.write(dataset.build(seed, size), out)
    except files.StateTaken as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())

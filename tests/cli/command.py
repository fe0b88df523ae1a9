"""The command as a person or a script calls it, within this process: fast, and everything it says is looked at."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

#: What these say may name a citizen, because the caller asked for him or typed his number.
OUTSPOKEN = ("lookup", "id")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")


@dataclass(frozen=True)
class Said:
    """What came of one call."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Command:
    """`hub` under an environment. No call may say anything of `secrets`, whatever it is about."""

    environment: Mapping[str, str]
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def home(self) -> Path:
        return Path(self.environment["HUB_HOME"])

    def __call__(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Said:
        out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
        with (
            _environment({**self.environment, **environment}),
            _standard_input(stdin),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as end,
        ):
            main(list(arguments))
        assert isinstance(end.value.code, int)
        said = Said(end.value.code, _text(out), _text(err))
        looked_at = said.err if arguments[:1] and arguments[0] in OUTSPOKEN else said.out + said.err
        leaked = sum(secret in looked_at for secret in self.secrets)
        assert not leaked, f"`hub {arguments[0]}` says {leaked} of the citizens' names or numbers"
        assert "Traceback" not in said.err
        return said


def citizens_in(folder: Path) -> set[str]:
    """Every citizen number in the files below a folder."""
    return {
        number
        for path in folder.rglob("*")
        if path.is_file()
        for number in _NUMBER.findall(path.read_bytes().decode("utf-8", errors="replace"))
    }


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: value for name, value in os.environ.items() if name.startswith("HUB_")}
    for name in before:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("HUB_")]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _standard_input(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = TextIOWrapper(BytesIO(data), "utf-8")
    try:
        yield
    finally:
        sys.stdin = before

"""Fuzz the package reader and the whole verification: `python -m tests.fuzz.package -max_total_time=60`."""

from __future__ import annotations

from collections.abc import Iterator

import atheris

with atheris.instrument_imports(include=["signing", "documents"]):
    from tests.fuzz import oracle

from tests.fuzz.mutating import zip_entries
from tests.fuzz.running import run, sealed_files


def seeds() -> Iterator[bytes]:
    """Sealed files, and small pictures of seals."""
    yield from sealed_files()
    yield bytes.fromhex("89504e470d0a1a0a0000000d49484452")
    yield b'<svg xmlns="http://www.w3.org/2000/svg"/>'


if __name__ == "__main__":
    run(oracle.package, seeds, zip_entries)

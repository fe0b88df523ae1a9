"""Fuzz the XML readers: `python -m tests.fuzz.xml -max_total_time=60`. The first byte chooses the file."""

from __future__ import annotations

from collections.abc import Iterator

import atheris

with atheris.instrument_imports(include=["signing", "documents"]):
    from documents.package import Package
    from tests.fuzz import oracle

from tests.fuzz.running import run, sealed_files

_NAMES = sorted(name for name in oracle.AROUND if name.endswith(".xml"))


def target(data: bytes) -> None:
    """One file of a document is the rest of the input."""
    if data:
        oracle.xml(_NAMES[data[0] % len(_NAMES)], data[1:])


def seeds() -> Iterator[bytes]:
    """Each file as it stands around the fuzzed one, and as this house writes it."""
    for number, name in enumerate(_NAMES):
        yield bytes([number]) + oracle.AROUND[name]
    for data in sealed_files():
        for name, content in Package.read(data).entries.items():
            if name in _NAMES:
                yield bytes([_NAMES.index(name)]) + content


if __name__ == "__main__":
    run(target, seeds)

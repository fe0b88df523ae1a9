"""Fuzz the ASN.1 readers: `python -m tests.fuzz.asn1 -max_total_time=60`."""

from __future__ import annotations

from collections.abc import Iterator

import atheris

with atheris.instrument_imports(include=["signing", "documents"]):
    from documents.package import Package
    from signing import der
    from tests.fuzz import oracle

from tests.fuzz.mutating import der_tree
from tests.fuzz.running import run, sealed_files


def seeds() -> Iterator[bytes]:
    """Seals, signature values, certificates and tokens as they occur."""
    for data in sealed_files():
        for name, content in Package.read(data).entries.items():
            if name.endswith((".esl", ".dat")):
                yield content
                yield from (part.raw for part in der.read(content, "seed").children("seed"))


if __name__ == "__main__":
    run(oracle.asn1, seeds, der_tree)

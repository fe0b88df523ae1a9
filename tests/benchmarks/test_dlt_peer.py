"""The peer judges by the same model under the same pydantic, and nothing of it comes into the project."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import dlt_peer
from tests.documented_errors import REPOSITORY


def _versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_peer_is_pinned_with_hashes_and_has_the_pydantic_of_the_hub() -> None:
    peer, ours = _versions(dlt_peer.LOCK), _versions(REPOSITORY / "requirements.txt")
    assert peer["dlt"].startswith("1.31.")
    for shared in ("pydantic", "pydantic-core", "psycopg2-binary"):
        assert peer[shared] == ours[shared]
    text = dlt_peer.LOCK.read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") > len(peer)


def test_the_peer_is_no_dependency_of_the_project() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert "dlt" not in _versions(REPOSITORY / lock)

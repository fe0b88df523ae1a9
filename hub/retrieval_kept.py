"""What is kept of an answer: which file of which package was given out under which digest, never the file itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hub.context import Hub
from hub.retrieval_log import number_of
from hub.retrieval_parts import CERTIFICATE, Answered, Handed, LeftOut
from store import archive_requests
from store.archive_requests import Stored, StoredFile


@dataclass(frozen=True, slots=True, repr=False)
class KeptAnswer:
    """The list of an answer, as it is kept. `places` says where each of `files` lies in its package: folder and number
    in it; None for facts.
    """

    files: tuple[Handed, ...]
    places: tuple[tuple[str, int] | None, ...]
    left_out: tuple[LeftOut, ...]
    certificate_pages: int

    def to_bytes(self) -> bytes:
        """As it is sealed."""
        said = {
            "v": 1,
            "files": [
                {**asdict(file), "place": list(place) if place else None}
                for file, place in zip(self.files, self.places, strict=True)
            ],
            "left_out": [asdict(one) for one in self.left_out],
            "certificate_pages": self.certificate_pages,
        }
        return json.dumps(said, ensure_ascii=False).encode()

    @classmethod
    def read(cls, data: bytes) -> KeptAnswer:
        """What `to_bytes` wrote."""
        said: dict[str, Any] = json.loads(data)
        places = [one.pop("place") for one in said["files"]]
        return cls(
            tuple(Handed(**one) for one in said["files"]),
            tuple((place[0], place[1]) if place else None for place in places),
            tuple(LeftOut(**one) for one in said["left_out"]),
            said["certificate_pages"],
        )


def kept(hub: Hub, stored: Stored) -> tuple[KeptAnswer, dict[str, StoredFile]] | None:
    """The list of a request's answer and its own files by kind; None where there is no answer."""
    if stored.answered_at is None:
        return None
    files = {one.kind: one for one in archive_requests.files(hub.connection, stored.id) if one.kind != "proof"}
    data = archive_requests.body(hub.connection, hub.vault, stored.id, files["answer"].part)
    return KeptAnswer.read(data or b""), files


def answered_of(hub: Hub, stored: Stored, pick_up: str = "") -> Answered | None:
    """The answer of a request, None where there is none."""
    found = kept(hub, stored)
    if found is None or stored.answered_at is None or stored.expires_at is None:
        return None
    answer, files = found
    return Answered(
        number_of(stored),
        answer.files,
        certificate_of(files["certificate"], answer.certificate_pages),
        answer.left_out,
        stored.answered_at,
        stored.expires_at,
        pick_up,
    )


def certificate_of(file: StoredFile, pages: int) -> Handed:
    """The certificate as one of the files."""
    return Handed(
        CERTIFICATE,
        CERTIFICATE.removesuffix(".ofd"),
        "application/ofd",
        file.size or 0,
        (file.sm3 or b"").hex(),
        pages=pages,
    )


def titles(files: Sequence[Handed]) -> list[str]:
    """What the audit log says was given out."""
    return list(dict.fromkeys(f"archive.{file.title}" for file in files))

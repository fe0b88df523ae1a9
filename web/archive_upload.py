"""The form of a request with its proofs: several files of staff, bounded together, and kept in memory only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from core.errors import Rejected
from hub.retrieval_parts import MOST_PROOFS
from web.session import Sender, check_token
from web.upload import multipart

#: All proofs of a request together, in bytes.
LARGEST: Final = 50 * 1024 * 1024
#: Requests taken in at one time: each may need as much memory as its files.
_AT_ONCE: Final = 2
_FIELDS: Final = 2000


class ProofsTooLarge(Rejected):
    """The proofs of a request are larger together than the pages take."""

    code: ClassVar[str] = "HUB-773"


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """What came: fields to their texts, fields of files to the files' bytes; one left empty is not there."""

    texts: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[bytes]]

    def text(self, name: str) -> str:
        """The first text of a field, without blanks around it; empty where there is none."""
        return next(iter(self.texts.get(name, ())), "").strip()


class Inbox:
    """Takes requests with their proofs in, few at one time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, request: Request, sender: Sender) -> Sent:
        """The form.

        Raises:
            FormStale: it holds another session's token, or none.
            ProofsTooLarge: over 50 MB; reading stops there.
            UploadRefused, UploadTooSlow: it is no readable form, or did not arrive in time.
        """
        texts: dict[str, list[str]] = {}
        files: dict[str, list[bytes]] = {}
        async with (
            self._turns,
            multipart(request, largest=LARGEST, files=2 * MOST_PROOFS, fields=_FIELDS, too_large=_too_large) as form,
        ):
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    texts.setdefault(name, []).append(value)
                elif data := await value.read():
                    files.setdefault(name, []).append(data)
        sent = Sent(texts, files)
        check_token(sent.text("csrf"), sender.csrf)
        return sent


def _too_large() -> ProofsTooLarge:
    return ProofsTooLarge(
        "the proofs of a request are over 50 MB together; nothing was taken in. Scan with fewer dots."
    )

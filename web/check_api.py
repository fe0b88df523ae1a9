"""The public check for programs: by token, by identifier and number, by file. Nobody has to sign in."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from core.digest import sm3_hex
from web.check_answer import CheckAnswer, answer_of
from web.check_port import CheckVerbs
from web.limits import address_of
from web.problems import documented
from web.turns import Turns
from web.upload import read_upload

#: What a token is made of; what has other letters is refused for its form, whatever the register holds.
_LETTERS: Final = r"^[A-Za-z0-9_-]{1,64}$"
_ONE_FILE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}


class NumberAsked(BaseModel):
    """Identifier and number as they stand on the licence; both must be of one licence."""

    identifier: Annotated[str, Field(min_length=1, max_length=200)]
    number: Annotated[str, Field(min_length=1, max_length=200)]


class FileAnswer(BaseModel):
    """The file verifier's own verdict and report, and beside it the whole verdict, which the register has a say in.

    `verdict` speaks of the file alone: a cancelled licence's file stays valid as a file. Rely on `check`.
    """

    verdict: str
    sm3: str
    bytes: int
    report: dict[str, Any]
    check: CheckAnswer


def check_routes(verbs: CheckVerbs, files: Turns, questions: Turns) -> APIRouter:
    """The calls; `files` and `questions` say how many run at once."""
    router = APIRouter(prefix="/api")

    @router.get("/check/{token}", responses=documented(422, 429, 503))
    async def by_token(token: Annotated[str, Path(pattern=_LETTERS)]) -> CheckAnswer:
        """The verdict for the token of a licence's QR code, the last part of its address."""
        return answer_of(await questions.take(lambda: verbs.by_token(token)))

    @router.get("/check/proof/{entry}", responses=documented(404, 422, 429, 503))
    async def proof(entry: Annotated[UUID, Path(description="number of the register's entry")]) -> JSONResponse:
        """That an entry is in the licence register, with its text and how to check both; a file to be kept."""
        found = await questions.take(lambda: verbs.proof(str(entry)))
        name = f"register-proof-{found.number}.json"
        return JSONResponse(dict(found.body), headers={"Content-Disposition": f'attachment; filename="{name}"'})

    @router.post("/check", responses=documented(400, 413, 422, 429, 503))
    async def by_number(asked: NumberAsked) -> CheckAnswer:
        """The verdict for identifier and number; whatever does not fit together is `not_found`."""
        return answer_of(await questions.take(lambda: verbs.by_number(asked.identifier, asked.number)))

    @router.post("/verify", responses=documented(400, 408, 413, 422, 429, 503), openapi_extra=_ONE_FILE)
    async def by_file(request: Request) -> FileAnswer:
        """The verdict for an OFD or PDF sent as form field `file`, at most 20 MB."""
        async with files.upload(address_of(request)):
            upload = await read_upload(request)
            shown = await files.take(lambda: verbs.by_file(upload.data))
        report = shown.checked.report
        if report is None:
            raise AssertionError("a file was judged without its report")
        return FileAnswer(
            verdict=report.verdict.value,
            sm3=sm3_hex(upload.data),
            bytes=len(upload.data),
            report=report.to_dict(),
            check=answer_of(shown),
        )

    return router

"""The public check's pages 证照核验: the QR code's own page, the form, and the verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from core.clock import Clock
from core.digest import sm3_hex
from core.errors import HubError
from hub.checking import Checked, RegisterSilent, Way
from hub.checking_outcome import WORDS, Outcome
from hub.sessions import Session
from web.check_answer import newer_path
from web.check_port import CheckVerbs, Shown
from web.check_rows import notes_of, rows_of
from web.counter_form import read_form
from web.errors import answer_to
from web.limits import address_of
from web.pages import Pages
from web.session import session_if_any
from web.turns import Turns
from web.upload import LARGEST_FILE, Upload, read_upload

_LOG = logging.getLogger(__name__)

Visitor = Annotated[Session | None, Depends(session_if_any)]
_NO_ROBOTS: Final = {"X-Robots-Tag": "noindex, nofollow"}


def check_router(pages: Pages, verbs: CheckVerbs, files: Turns, questions: Turns, clock: Clock) -> APIRouter:
    """The pages; `files` and `questions` say how many run at once."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    def form(visitor: Session | None, status: int = 200, **values: Any) -> Response:
        given: dict[str, Any] = {"problem": None, "identifier": "", "number": "", "wrong": ""}
        return pages.show(
            "verify.html", status=status, visitor=visitor, largest_mb=LARGEST_FILE // 2**20, **(given | values)
        )

    def verdict(
        visitor: Session | None, shown: Shown, upload: Upload | None = None, typed: tuple[str, str] = ("", "")
    ) -> Response:
        checked = shown.checked
        report = checked.report
        return pages.show(
            "checked.html",
            visitor=visitor,
            words=WORDS[checked.outcome],
            checked=checked,
            licence=checked.licence,
            proof=shown.proof,
            newer=newer_path(checked),
            file=None if upload is None else (upload.name, len(upload.data), sm3_hex(upload.data)),
            steps=rows_of(report) if report is not None else (),
            notes=notes_of(report) if report is not None else (),
            # Put back into the form when nothing was found: an identifier is long, and one sign may be wrong.
            typed=typed if checked.outcome is Outcome.NOT_FOUND else ("", ""),
            largest_mb=LARGEST_FILE // 2**20,
            status=503 if checked.outcome is Outcome.CANNOT_NOW and report is None else 200,
        )

    async def asked(
        visitor: Session | None, way: Way, ask: Callable[[], Shown], typed: tuple[str, str] = ("", "")
    ) -> Response:
        try:
            shown = await questions.take(ask)
        except RegisterSilent as error:
            _LOG.warning("%s", error)
            shown = Shown(Checked(Outcome.CANNOT_NOW, way, clock.now()))
        return verdict(visitor, shown, typed=typed)

    @router.get("/v/{token}")
    async def by_token(token: str, visitor: Visitor) -> Response:
        answer = await asked(visitor, Way.CODE, lambda: verbs.by_token(token))
        answer.headers.update(_NO_ROBOTS)
        return answer

    @router.get("/verify")
    async def ask(visitor: Visitor) -> Response:
        return form(visitor)

    @router.post("/verify")
    async def by_file(request: Request, visitor: Visitor) -> Response:
        try:
            async with files.upload(address_of(request)):
                upload = await read_upload(request)
                shown = await files.take(lambda: verbs.by_file(upload.data))
        except HubError as error:
            _LOG.warning("%s", error)
            problem = answer_to(error)
            return form(visitor, problem.status, problem=problem)
        return verdict(visitor, shown, upload)

    @router.post("/verify/number")
    async def by_number(request: Request, visitor: Visitor) -> Response:
        given = await read_form(request)
        identifier, number = given.get("identifier", "").strip(), given.get("number", "").strip()
        if not identifier or not number:
            missing = "identifier" if not identifier else "number"
            return form(visitor, 422, identifier=identifier, number=number, wrong=missing)
        return await asked(visitor, Way.NUMBER, lambda: verbs.by_number(identifier, number), (identifier, number))

    return router

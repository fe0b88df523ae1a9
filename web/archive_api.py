"""The archive for partners' systems: banks, tax and real estate get facts, and ask for what has to be decided."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.retrieval import ask, get
from hub.retrieval_answer import fetch
from hub.retrieval_errors import NotForYou
from hub.retrieval_facts import facts_for
from hub.retrieval_parts import LONGEST_NAME, LONGEST_PURPOSE, Asked, Form, Requester, Stage
from hub.retrieval_parts import Request as Asking
from hub.retrieval_volume import scope_of
from web.archive_files import Seen, answered, facts_of, handed_out
from web.doors import doors
from web.problems import documented
from web.session import Asker

_ERRORS = (400, 401, 403, 404, 409, 422, 429, 500, 503)

Number = Annotated[
    str, Field(max_length=64, description="credit code, or an old number, of whose archive it is: in the body only")
]
Purpose = Annotated[str, Field(min_length=1, max_length=LONGEST_PURPOSE, description="what for; stands on paper")]


async def partner(found: Asker) -> Caller:
    """A partner's system; staff have pages of their own.

    Raises:
        NotForYou: it is another caller.
    """
    if found.kind is not CallerKind.PARTNER:
        raise NotForYou("the archive's API is for partners' systems; nothing was given out. Use the pages.")
    return found


Partner = Annotated[Caller, Depends(partner)]


class FactsWanted(BaseModel):
    """Whose facts, and what for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    number: Number
    purpose: Purpose
    certificate: Annotated[
        bool, Field(description="seal a certificate 档案查询证明 over them too; it takes a few seconds")
    ] = False


class OriginalsWanted(BaseModel):
    """A request: facts, or originals of the volume."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    number: Number
    form: Annotated[Form, Field(description="`facts` 机读档案 or `originals` 书式档案")] = Form.ORIGINALS
    purpose: Purpose
    person: Annotated[str | None, Field(max_length=LONGEST_NAME, description="who asks for it, by name")] = None
    files: Annotated[list[str], Field(max_length=500, description="electronic file numbers; none for all")] = []
    parts: Annotated[list[str], Field(max_length=6, description="parts of the volume, as 设立; none for all")] = []


class RuleOut(BaseModel):
    """The row of the table that allowed it; `verified` is false where nobody confirmed it."""

    id: str
    basis: str
    verified: bool


class CertificateOut(BaseModel):
    """Where the certificate is to be had: a file of the request of this id."""

    request: str
    number: str
    expires_at: str


class FactsAnswer(BaseModel):
    """Facts as they stood at `as_of`; `entry` is their number in the audit log where no certificate was made."""

    as_of: str
    masked: bool
    facts: dict[str, Any]
    rule: RuleOut
    entry: str | None
    certificate: CertificateOut | None


class FileOut(BaseModel):
    """A file of an answer; `name` stands in its address."""

    name: str
    title: str
    file_no: str | None
    archive_code: str | None
    media_type: str
    bytes: int
    pages: int | None
    sm3: str
    masked: bool


class LeftOutOut(BaseModel):
    """A file that stays in the archive, and why."""

    file_no: str
    title: str
    reason: str


class AnswerOut(BaseModel):
    """What was given out; `certificate` is fetched by its name like the files."""

    number: str
    files: list[FileOut]
    certificate: FileOut
    left_out: list[LeftOutOut]
    answered_at: str
    expires_at: str


class RequestAnswer(BaseModel):
    """How far a request has come."""

    id: str
    number: str
    form: Form
    purpose: str
    stage: Stage
    asked_at: str
    masked: bool
    rule: RuleOut
    answer: AnswerOut | None


def archive_api() -> APIRouter:
    """POST /api/archive/facts, and a request's way below /api/archive/requests."""
    routes = APIRouter(prefix="/api/archive", tags=["archive"])

    @routes.post("/facts", response_model=FactsAnswer, responses=documented(*_ERRORS))
    async def facts(request: Request, asked: FactsWanted, caller: Partner) -> dict[str, Any]:
        """Facts 机读档案 of a company, as far as the table of rules lets a partner see them. Every call is logged."""

        def work(hub: Hub) -> dict[str, Any]:
            if asked.certificate:
                return _with_certificate(hub, asked, caller)
            told = facts_for(hub, caller, asked.number, purpose=asked.purpose)
            rule = {"id": told.row, "basis": told.row_basis, "verified": told.row_verified}
            return {**_facts(told.facts), "rule": rule, "entry": told.entry, "certificate": None}

        return await doors(request).ask(work)

    @routes.post("/requests", response_model=RequestAnswer, status_code=201, responses=documented(*_ERRORS))
    async def take_in(request: Request, asked: OriginalsWanted, caller: Partner) -> dict[str, Any]:
        """Ask for originals or certified facts. What no rule allows is refused; what a person decides comes later."""

        def work(hub: Hub) -> dict[str, Any]:
            wanted = Asked(
                Requester.PARTNER, caller.organisation_name, asked.person, asked.number, asked.form, asked.purpose,
                scope=scope_of(asked.files, asked.parts),
            )  # fmt: skip
            return _told(_asked(hub, wanted, caller).request)

        return await doors(request).ask(work)

    @routes.get("/requests/{request_id}", response_model=RequestAnswer, responses=documented(*_ERRORS))
    async def standing(request: Request, request_id: UUID, caller: Partner) -> dict[str, Any]:
        """How far a request of this system has come, and what may be fetched."""
        return await doors(request).ask(lambda hub: _told(get(hub, str(request_id), caller)))

    @routes.get(
        "/requests/{request_id}/files/{name:path}",
        response_class=Response,
        responses={
            200: {
                "description": "the file",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            },
            **documented(*_ERRORS, 410),
        },
    )
    async def file(request: Request, request_id: UUID, name: str, caller: Partner) -> Response:
        """One file of an answer, or its certificate. Every call is logged."""
        return handed_out(await doors(request).ask(lambda hub: fetch(hub, str(request_id), caller, name)))

    return routes


def _asked(hub: Hub, wanted: Asked, caller: Caller) -> Seen:
    """The request, with its answer where no person has to decide."""
    taken = ask(hub, wanted, caller)
    return answered(hub, taken.id, caller) if taken.stage is Stage.GRANTED else Seen(taken)


def _with_certificate(hub: Hub, asked: FactsWanted, caller: Caller) -> dict[str, Any]:
    wanted = Asked(Requester.PARTNER, caller.organisation_name, None, asked.number, Form.FACTS, asked.purpose)
    seen = _asked(hub, wanted, caller)
    if seen.error is not None:
        raise seen.error
    one = seen.request
    if one.answer is None:
        raise NotForYou(
            f"row {one.row} of the table has a person decide; request {one.number} waits. Ask how far it has come."
        )
    said = one.answer.to_dict()
    certificate = {"request": one.id, "number": one.number, "expires_at": said["expires_at"]}
    return {**_facts(facts_of(hub, one.id, caller)), "rule": _rule(one), "entry": None, "certificate": certificate}


def _facts(told: Any) -> dict[str, Any]:
    return {name: told[name] for name in ("as_of", "masked", "facts")}


def _rule(one: Asking) -> dict[str, Any]:
    return {"id": one.row, "basis": one.row_basis, "verified": one.row_verified}


def _told(one: Asking) -> dict[str, Any]:
    return {**one.to_dict(), "rule": _rule(one)}

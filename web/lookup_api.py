"""The lookup for machines: partners' systems and self-service terminals ask, the answer is JSON."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from hub.counter import open_case_for
from hub.lookup import Ask
from web.problems import documented
from web.service import Service
from web.session import Asker

_encode = msgspec.json.Encoder().encode


class LookupRequest(BaseModel):
    """What is asked. The number stands in the body only: a URL ends up in logs."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    item: Annotated[str, Field(max_length=31, description="31-character code of the service item")]
    identifier: Annotated[
        str, Field(max_length=64, description="citizen number, credit code, or a company's old number")
    ]
    purpose: Annotated[str, Field(max_length=40, description="code of one of the item's purposes")]
    case_no: Annotated[str | None, Field(max_length=64, description="the open case it is for")] = None
    withheld_until: Annotated[
        date | None, Field(description="the person looked at does not see the lookup before; needs the right and a law")
    ] = None
    withheld_basis: Annotated[str, Field(max_length=200, description="the law that lets it be withheld")] = ""


class FactOut(BaseModel):
    """One released field: typed, and in words."""

    field: str
    label: str
    value: str | int | float | bool | None
    text: str


class OriginOut(BaseModel):
    """Where facts come from and how old they are; `live`: the department was asked for this lookup."""

    resource: str
    department: str
    title: str
    trust: str
    as_of: str | None
    batch: int | None
    live: bool


class ContradictionOut(BaseModel):
    """A field that two sources tell differently."""

    label: str
    here: str
    other: OriginOut
    there: str


class MaterialOut(BaseModel):
    """One material of the item."""

    code: str
    name: str
    role: str
    state: str
    way: str | None
    origin: OriginOut | None
    facts: list[FactOut]
    contradictions: list[ContradictionOut]
    reason: str
    note: str
    ways_left: list[str]
    promise: str | None
    upload: str | None


class LookupAnswer(BaseModel):
    """The answer; `entry` is its number in the audit log, written before it left."""

    entry: str
    item: str
    item_name: str
    item_version: int
    case_no: str | None
    subject: str
    complete: bool
    materials: list[MaterialOut]


class CaseRequest(BaseModel):
    """A case to be opened for an applicant."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    item: Annotated[str, Field(max_length=31)]
    identifier: Annotated[str, Field(max_length=64)]


class CaseAnswer(BaseModel):
    """The number of the case that was opened."""

    case_no: str


def lookup_routes(service: Service) -> APIRouter:
    """POST /api/lookup and POST /api/cases."""
    routes = APIRouter(prefix="/api", tags=["lookup"])

    @routes.post("/lookup", response_model=LookupAnswer, responses=documented(400, 401, 403, 404, 409, 422, 429, 503))
    async def lookup(asked: LookupRequest, caller: Asker) -> Response:
        """Everything the item needs of one number: field by field, with source and age. Every call is logged."""
        waiting = service.queue.ask(
            Ask(
                caller,
                asked.item,
                asked.identifier,
                asked.purpose,
                asked.case_no,
                asked.withheld_until,
                asked.withheld_basis,
            )
        )
        answer = await asyncio.wrap_future(waiting)
        return Response(_encode(answer.to_dict()), media_type="application/json")

    @routes.post(
        "/cases",
        response_model=CaseAnswer,
        status_code=201,
        responses=documented(400, 401, 403, 404, 409, 422, 429, 503),
    )
    async def open_case(asked: CaseRequest, caller: Asker) -> dict[str, Any]:
        """Open a case; a lookup is for one that is open."""

        def work() -> str:
            with service.pool.hub() as hub:
                return open_case_for(
                    hub, caller=caller, item=asked.item, identifier=asked.identifier, means=service.means
                )

        return {"case_no": await asyncio.to_thread(work)}

    return routes

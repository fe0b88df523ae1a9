"""Licences for machines and staff with the role: find one, read its state and history, take a step. JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from hub import licence_views
from hub.caller import Caller
from hub.context import Hub
from hub.life import OFFICER, Order, by_id, take
from schemas.licence_life import Step
from web.doors import doors
from web.problems import documented
from web.refused import RoleMissing
from web.session import Asker

LicencePath = Annotated[UUID, Path(description="id of the licence, as a search gives it")]


async def officer(found: Asker) -> Caller:
    """A machine or a person with the role.

    Raises:
        RoleMissing: without it.
    """
    if OFFICER not in found.roles:
        raise RoleMissing(f"{found.id} has not the role {OFFICER}; nothing was told or done")
    return found


Officer = Annotated[Caller, Depends(officer)]


class LicenceQuery(BaseModel):
    """What is looked for. A holder's number stands in the body only: a URL ends up in logs."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    query: Annotated[str, Field(min_length=1, max_length=200, description="number, identifier, or the holder's number")]


class LicenceOut(BaseModel):
    """One licence as it stands today."""

    id: str
    number: str
    licence_type: str
    title: str
    status: str
    valid_until: str | None


class StepOut(BaseModel):
    """A step of its life; `entry` is its number in the licence register."""

    entry: str
    at: str
    step: str
    before: str
    after: str
    version: int | None
    effective_on: str
    basis: str
    document_no: str | None


class VersionOut(BaseModel):
    """One of its documents."""

    version: int
    identifier: str
    cause: str
    state: str
    sm3: str | None
    valid_until: str | None
    published_at: str | None
    superseded_at: str | None


class LifeOut(LicenceOut):
    """State and history. `seen` is to be sent along with a step, so that nothing is decided about an old state."""

    current_version: int | None
    seen: str
    possible: list[str]
    steps: list[StepOut]
    versions: list[VersionOut]


class StepIn(BaseModel):
    """An officer's decision. Basis and decision number stand in the public register and name nobody."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    step: Literal["suspend", "resume", "withdraw", "revoke", "cancel", "void"]
    basis: Annotated[str, Field(max_length=200, description="law or rule")]
    reason: Annotated[str, Field(max_length=500, description="in words; sealed")]
    document_no: Annotated[str | None, Field(max_length=100, description="number of the decision")] = None
    effective_on: Annotated[date | None, Field(description="today where absent; never in the future")] = None
    seen: Annotated[
        str | None, Field(max_length=36, description="`seen` of the state this decides about; 409 if it has changed")
    ] = None


def licences_api() -> APIRouter:
    """POST /api/licences/find, GET /api/licences/{licence} and POST /api/licences/{licence}/steps."""
    routes = APIRouter(prefix="/api/licences", tags=["licences"])

    @routes.post("/find", response_model=list[LicenceOut], responses=documented(400, 401, 403, 422, 429, 503))
    async def find(asked: LicenceQuery, request: Request, caller: Officer) -> list[dict[str, Any]]:
        """Licences by number, identifier, or the holder's number; a search for a holder is logged."""
        rows = await doors(request).ask(lambda hub: licence_views.search(hub, asked.query, caller))
        return [row.to_dict() for row in rows]

    @routes.get("/{licence}", response_model=LifeOut, responses=documented(401, 403, 404, 422, 429, 503))
    async def state(licence: LicencePath, request: Request, _: Officer) -> dict[str, Any]:
        """State today, the steps of its life, its documents, and what may be done now; nothing of its holder."""

        def read(hub: Hub) -> dict[str, Any]:
            return licence_views.plain(hub, by_id(hub, str(licence))).to_dict()

        return await doors(request).ask(read)

    @routes.post(
        "/{licence}/steps",
        response_model=StepOut,
        status_code=201,
        responses=documented(400, 401, 403, 404, 409, 422, 429, 503),
    )
    async def step(licence: LicencePath, ordered: StepIn, request: Request, caller: Officer) -> dict[str, Any]:
        """Take a step: suspend, resume, withdraw, revoke, cancel, or void of a number without a licence."""
        order = Order(
            Step(ordered.step), ordered.basis, ordered.reason, ordered.document_no, ordered.effective_on, ordered.seen
        )
        taken = await doors(request).ask(lambda hub: take(hub, str(licence), order, caller))
        return licence_views.step_dict(taken)

    return routes

"""Annotated copies for machines and staff: who has a grant and a case gets the sealed file."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from hub.annotated import LONGEST_CAUSE, LONGEST_RECEIVER, Form, Wanted, last_moment
from hub.annotated import Annotated as Made
from hub.annotated_asking import for_caller
from hub.context import Hub
from web.doors import doors
from web.problems import documented
from web.session import Asker

MEDIA_TYPES: Final = {Form.OFD: "application/ofd", Form.PDF: "application/pdf"}


class CopyRequest(BaseModel):
    """What is asked. Numbers stand in the body only: a URL ends up in logs."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    licence: Annotated[str, Field(max_length=200, description="number of the licence, or its identifier 电子证照标识")]
    holder: Annotated[str, Field(max_length=64, description="citizen number or credit code of the licence's holder")]
    receiver: Annotated[str, Field(min_length=1, max_length=LONGEST_RECEIVER, description="whom the copy is for")]
    cause: Annotated[str, Field(min_length=1, max_length=LONGEST_CAUSE, description="certificateCopyCause: what for")]
    days: Annotated[int, Field(ge=0, le=3660, description="it holds to the end of the day so many days after today")]
    item: Annotated[str, Field(max_length=31, description="31-character code of the service item it is used for")]
    case_no: Annotated[
        str, Field(max_length=64, description="the open case of that item, whose applicant the holder is")
    ]
    purpose: Annotated[str, Field(max_length=40, description="code of a purpose")]
    form: Annotated[Form, Field(description="`ofd` or `pdf`")] = Form.OFD


def copies_routes() -> APIRouter:
    """POST /api/licences/copies."""
    routes = APIRouter(prefix="/api/licences", tags=["licences"])

    @routes.post(
        "/copies",
        response_class=Response,
        responses={
            200: {
                "description": "the sealed copy; headers `Hub-Copy`, `Hub-Audit-Entry`, `Hub-Copy-Until`",
                "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in MEDIA_TYPES.values()},
            },
            **documented(400, 401, 403, 404, 409, 422, 429, 503),
        },
    )
    async def copy(request: Request, asked: CopyRequest, caller: Asker) -> Response:
        """An annotated copy 加注件 of a licence in force, for one receiver and one use. Every call is logged."""
        at = doors(request)

        def work(hub: Hub) -> Made:
            until = last_moment(hub.clock.now(), asked.days)
            wanted = Wanted(asked.licence, asked.receiver, asked.cause, until, asked.form)
            return for_caller(
                hub, at.access, caller, wanted, item=asked.item, holder=asked.holder, case_no=asked.case_no,
                purpose=asked.purpose,
            )  # fmt: skip

        return file_of(await at.ask(work))

    return routes


def file_of(made: Made) -> Response:
    """The copy as a download; nothing on the way keeps it."""
    name = quote(f"加注件-{made.number}.{made.form.value}")
    return Response(
        made.data,
        media_type=MEDIA_TYPES[made.form],
        headers={
            "Content-Disposition": f"attachment; filename=\"copy.{made.form.value}\"; filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
            "Hub-Copy": made.id,
            "Hub-Audit-Entry": made.entry,
            "Hub-Copy-Until": made.until.isoformat(timespec="seconds"),
        },
    )

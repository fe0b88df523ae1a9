"""证照管理: an officer finds a licence, sees its whole life, fetches its documents and takes a step, twice asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.clock import today
from hub import licence_views
from hub.caller import Caller, CallerKind
from hub.context import Hub
from hub.licence_views import AT_ONCE, View
from hub.life import LONGEST_REASON, OFFICER, Order, StepOvertaken, StepUnfit, by_id, checked, officer_steps, take
from hub.life_grounds import StepGrounds, step_grounds
from hub.reminders import contacts, ending, tell
from schemas.licence_life import Step, StepRefused
from web import licence_words
from web.counter_form import FormRefused, read_form
from web.doors import doors
from web.errors import Answer, answer_to
from web.pages import Pages
from web.session import with_role

_LOG = logging.getLogger(__name__)

Officer = Annotated[Caller, Depends(with_role(OFFICER))]
LicenceId = Annotated[UUID, Path(description="id of the licence, as a search gives it")]
#: Value of the select for a basis that is not in the list.
_OTHER: Final = "other"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def licences_router(pages: Pages) -> APIRouter:
    """The officers' addresses. No number of a person stands in any of them."""
    router = APIRouter(prefix="/licences", include_in_schema=False, default_response_class=HTMLResponse)

    async def show(request: Request, template: str, caller: Caller, *, status: int = 200, **values: Any) -> Response:
        at = doors(request)
        return await pages.for_visitor(
            request,
            template,
            status=status,
            caller=caller,
            colours=licence_words.COLOURS,
            name_of=lambda account: getattr(at.access.caller(CallerKind.CLERK, account), "name", account),
            **values,
        )

    async def listed(
        request: Request, caller: Caller, *, query: str = "", rows: Any = None, problem: str = ""
    ) -> Response:
        soon = await doors(request).ask(ending)
        return await show(
            request,
            "licences.html",
            caller,
            status=422 if problem else 200,
            query=query,
            rows=rows,
            problem=problem,
            soon=soon[:AT_ONCE],
            soon_total=len(soon),
            untold=sum(row.reminder is not None and row.told_at is None for row in soon),
            at_once=AT_ONCE,
        )

    async def one(
        request: Request,
        caller: Caller,
        licence: UUID,
        *,
        done: str = "",
        form: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None,
        problem: Answer | None = None,
    ) -> Response:
        def read(hub: Hub) -> tuple[View, Mapping[Step, StepGrounds]]:
            return licence_views.view(hub, str(licence), caller), step_grounds(hub.settings)

        view, grounds = await doors(request).ask(read)
        given = form or {}
        return await show(
            request,
            "licence.html",
            caller,
            status=problem.status if problem else 422 if wrong else 200,
            view=view,
            grounds=grounds,
            words=licence_words.STEPS,
            making=licence_words.MAKING,
            today=today(doors(request).clock),
            first_day=max((step.grounds.effective_on for step in view.steps), default=None),
            done=next((step for step in Step if step.value == done), None),
            form=given,
            wrong=wrong or {},
            problem=problem,
            longest=LONGEST_REASON,
            other=_OTHER,
        )

    @router.get("")
    async def home(request: Request, caller: Officer) -> Response:
        return await listed(request, caller)

    @router.post("")
    async def find(request: Request, caller: Officer) -> Response:
        form = await read_form(request)
        query = form.get("query", "").strip()
        if not query:
            return await listed(request, caller, problem="请输入证照编号、电子证照标识或证件号码")
        rows = await doors(request).ask(lambda hub: licence_views.search(hub, query, caller))
        if len(rows) == 1:
            return RedirectResponse(f"/licences/{rows[0].id}", 303)
        return await listed(request, caller, query=query, rows=rows)

    @router.post("/reminders")
    async def reminders(request: Request, caller: Officer) -> Response:
        """The list of holders to be told as a workbook, or a note that one of them was."""
        form = await read_form(request)
        if form.get("act") == "export":
            data, _ = await doors(request).ask(lambda hub: contacts(hub, ".xlsx", caller))
            day = today(doors(request).clock)
            return Response(
                data, media_type=_XLSX, headers={"Content-Disposition": f'attachment; filename="reminders-{day}.xlsx"'}
            )
        await doors(request).ask(lambda hub: tell(hub, [by_id(hub, form.get("licence", "")).number], who=caller.id))
        return RedirectResponse("/licences", 303)

    @router.get("/{licence}")
    async def licence_page(request: Request, caller: Officer, licence: LicenceId, done: str = "") -> Response:
        return await one(request, caller, licence, done=done)

    @router.post("/{licence}/steps")
    async def step(request: Request, caller: Officer, licence: LicenceId) -> Response:
        form = await read_form(request, longest=2 * LONGEST_REASON)
        try:
            order = _order(form)
            if form.get("act") == "take":
                await doors(request).ask(lambda hub: take(hub, str(licence), order, caller))
                return RedirectResponse(f"/licences/{licence}?done={order.step.value}", 303)
            view, unread = await doors(request).ask(lambda hub: _reviewed(hub, str(licence), order, caller))
        except StepUnfit as error:
            return await one(request, caller, licence, form=form, wrong={error.field: error.zh})
        except (StepRefused, StepOvertaken) as error:
            _LOG.warning("%s", error)
            return await one(request, caller, licence, problem=answer_to(error))
        return await show(
            request,
            "licence_confirm.html",
            caller,
            view=view,
            order=order,
            words=licence_words.STEPS[order.step],
            unread=unread,
            today=today(doors(request).clock),
        )

    @router.get("/{licence}/versions/{version}")
    async def document(
        request: Request, caller: Officer, licence: LicenceId, version: Annotated[int, Path(ge=1, le=999)]
    ) -> Response:
        name, data = await doors(request).ask(lambda hub: licence_views.document(hub, str(licence), version, caller))
        return Response(
            data, media_type="application/ofd", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    return router


def _order(form: Mapping[str, str]) -> Order:
    """What the form says; FormRefused for a step there is not."""
    try:
        step = Step(form.get("step", ""))
    except ValueError:
        raise FormRefused("a form asked for a step there is not; nothing was done") from None
    basis = form.get("basis", "")
    if basis == _OTHER:
        basis = form.get("basis_other", "")
    text = form.get("effective_on", "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise StepUnfit(
            "the day given is no day; nothing was changed.", "effective_on", "请填写生效日期，如 2026-11-20"
        ) from None
    return Order(step, basis, form.get("reason", ""), form.get("document_no") or None, day, form.get("seen", ""))


def _reviewed(hub: Hub, licence: str, order: Order, caller: Caller) -> tuple[View, bool]:
    """The licence before a step that could be taken now, and whether nobody has read its basis in the law; raises what
    taking it would.
    """
    checked(hub, order, caller)
    view = licence_views.plain(hub, by_id(hub, licence))
    if view.seen != order.seen:
        raise StepOvertaken(f"licence {view.row.number} was changed since it was looked at; look at it again")
    if order.step not in officer_steps(view.row.status):
        raise StepRefused(f"licence {view.row.number} does not take the step {order.step.value} now; nothing was done")
    read = {basis.title for basis in step_grounds(hub.settings)[order.step].bases if basis.verified}
    return view, order.basis not in read

"""The web application as it is served, and beside it a call that goes the same way and returns a constant."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response

from core.settings import Settings
from web.app import create_app
from web.lookup_api import LookupAnswer, LookupRequest
from web.session import Asker

#: As long as a usual answer.
_CONSTANT = b'{"code":"' + b"0" * 1_900 + b'"}'


def make() -> FastAPI:
    """For uvicorn; settings come from the environment."""
    app = create_app(Settings.from_environment())

    @app.post("/bench/constant", response_model=LookupAnswer)
    async def constant(asked: LookupRequest, caller: Asker) -> Response:
        return Response(_CONSTANT, media_type="application/json")

    return app

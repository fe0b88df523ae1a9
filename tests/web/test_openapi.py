"""Requests made up from the OpenAPI description: no server error comes of them, and no undocumented answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi import checks
from starlette.requests import Request

from core.settings import Mode, Settings
from hub.caller import Caller
from store.vault import make_keyring
from tests.hub.access_files import access_text, clerk
from web.app import create_app
from web.session import caller

pytestmark = pytest.mark.world

_CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
#: “Not yet”, which is no failure: proof of an entry that waits for its place in the log, a hub without a key to sign.
_NOT_YET = {
    ("/health/ready", 503),
    ("/api/audit/inclusion/{entry}", 503),
    ("/api/register/inclusion/{entry}", 503),
    ("/api/archive/inclusion/{entry}", 503),
    ("/api/status-list", 503),
}
_MADE_UP = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Any:
    make_keyring(tmp_path / "keys")
    # The limit of public checks would answer most of what is made up here with 429.
    limits = "\n[limits]\nper_address = 100000\nchecks_per_address = 100000\nnumbers_per_day = 100000\n"
    (tmp_path / "access.toml").write_text(access_text() + limits, encoding="utf-8")
    keys = tmp_path / "keys"
    return create_app(Settings(tmp_path, database_url, tmp_path / "s.toml", keys, Mode.DEMO, web_hosts=("testserver",)))


def judge(case: schemathesis.Case) -> None:
    response = case.call_and_validate(checks=_CHECKS)
    if (case.operation.path, response.status_code) not in _NOT_YET:
        assert response.status_code < 500, response.text


def try_everything(app: Any, examples: int) -> set[str]:
    """So many requests that fit the description of each call, and as many that do not; the calls that were tried."""
    tried = set()
    for found in schemathesis.openapi.from_asgi("/api/openapi.json", app).get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            try:
                made_up = operation.as_strategy(generation_mode=mode)
                settings(_MADE_UP, max_examples=examples)(given(case=made_up)(judge))()
            except Unsatisfiable:
                continue  # a call without parameters cannot be described wrongly
            tried.add(f"{operation.method.upper()} {operation.path}")
    return tried


def every_call(app: Any) -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}


def test_strangers_are_answered_as_documented(app: Any) -> None:
    # most calls turn a stranger away before they read what he sent
    assert try_everything(app, 10) == every_call(app)


def test_clerks_are_answered_as_documented(app: Any) -> None:
    async def signed_in(_: Request) -> Caller:
        return clerk()

    app.dependency_overrides[caller] = signed_in
    assert try_everything(app, 25) == every_call(app)


def test_every_call_says_what_it_may_answer_beside_success(app: Any) -> None:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert path == "/health/live" or any(int(status) >= 400 for status in operation["responses"]), (
                method,
                path,
            )


def test_no_call_takes_a_number_in_its_address(app: Any) -> None:
    for path, methods in app.openapi()["paths"].items():
        for operation in methods.values():
            names = {one["name"] for one in operation.get("parameters", [])}
            assert not names & {"identifier", "number", "id_number", "holder"}, path

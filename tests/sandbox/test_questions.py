"""Questions about one number, asked as a stranger would: the answer, and each fault that can be ordered of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from sandbox import questions, soap
from tests.sandbox.test_ways import Platform

#: Gives the rows about a number, or says what came in their place.
Asker = Callable[[str], Any]


def _signed(where: dict[str, Any], sid: str, secret: str, path: str, said: Any, timeout: float = 5) -> Any:
    parts = [where[sid], where["rid"], str(int(time.time() * 1000))]
    sign = base64.b64encode(hmac.new(secret.encode(), "".join(parts).encode(), hashlib.sha256).digest()).decode()
    named = zip(("sid", "rid", "rtime", "sign"), [*parts, sign], strict=True)
    headers = {f"gjgxjhpt_{name}": value for name, value in named}
    url = f"{where['base_url']}/gateway/{path}"
    try:
        answer = requests.post(url, json=said, headers=headers, timeout=timeout)
    except (requests.ConnectionError, requests.Timeout) as error:
        return type(error).__name__
    if answer.content == questions.GARBAGE:
        return "garbage"
    found = answer.json()
    return found["data"]["rows"] if found["code"] == "200" else found["code"]


def _soap(health: dict[str, Any], number: str, timeout: float = 5) -> Any:
    values = {"userId": health["username"], "pw": health["password"], "idNumber": number}
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<s:{soap.ASK_OPERATION} xmlns:s="{soap.SPACE}">{inside}</s:{soap.ASK_OPERATION}></soap:Body></soap:Envelope>'
    )
    try:
        answer = requests.post(health["address"], data=body.encode(), timeout=timeout)
    except (requests.ConnectionError, requests.Timeout) as error:
        return type(error).__name__
    if answer.content == questions.GARBAGE:
        return "garbage"
    text = next(part.text for part in ElementTree.fromstring(answer.content).iter() if part.tag == "return")
    document = ElementTree.fromstring(str(text))
    if document.findtext("code") != "0":
        return document.findtext("code")
    return [{part.tag: part.text for part in row} for row in document.iter("row")]


@pytest.fixture(params=["tax", "platform", "health"])
def desk(request: pytest.FixtureRequest, sandbox: Any) -> Iterator[tuple[dict[str, Any], str, Asker]]:
    """The section, the column of the number, and a way to ask."""
    where = sandbox.where[request.param]
    time.sleep(0.3)  # the tax gateway answers 20 requests a second, and other tests ask too

    def tax(number: str) -> Any:
        return _signed(where, "sid_registration", where["secret"], "cf_ss_swdjxx/query", {"shxydm": number}, wait[0])

    def platform(number: str) -> Any:
        return _signed(where, "sid_permit", working, "ce_xkz_xzxkxx/query", {"tyshxydm": number}, wait[0])

    def health(number: str) -> Any:
        return _soap(where, number, wait[0])

    wait = [5.0]
    working = Platform(where).working() if request.param == "platform" else ""
    column, ask = {"tax": ("shxydm", tax), "platform": ("tyshxydm", platform), "health": ("hrb01_01_024", health)}[
        request.param
    ]
    where = {**where, "wait": wait}
    yield where, column, ask
    _order(where, None)


def _order(where: dict[str, Any], kind: str | None) -> None:
    assert requests.post(f"{where['admin_url']}/_fault", json={"kind": kind, "times": 1}, timeout=5).status_code == 200


def _somebody(where: dict[str, Any], column: str, ask: Asker) -> str:
    """A number the department holds: of the row it gives when it confuses people."""
    _order(where, "ask_other_person")
    (row,) = ask("nobody")
    return str(row[column])


def test_a_number_gives_its_rows_and_an_unknown_one_none(desk: tuple[dict[str, Any], str, Asker]) -> None:
    where, column, ask = desk
    number = _somebody(where, column, ask)
    rows = ask(number)
    assert rows
    assert {row[column] for row in rows} == {number}
    assert ask("nobody") == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ask_down", {"ConnectionError"}), ("ask_refused", {"api-401", "401"}), ("ask_garbage", {"garbage"})],
)
def test_an_ordered_fault_hits_one_question(desk: tuple[dict[str, Any], str, Asker], kind: str, said: set[str]) -> None:
    where, column, ask = desk
    number = _somebody(where, column, ask)
    right = ask(number)
    _order(where, kind)
    assert ask(number) in said
    assert ask(number) == right


def test_a_slow_answer_is_the_right_one_after_five_seconds(desk: tuple[dict[str, Any], str, Asker]) -> None:
    where, column, ask = desk
    number = _somebody(where, column, ask)
    right = ask(number)
    _order(where, "ask_slow")
    where["wait"][0] = 8.0
    began = time.monotonic()
    assert ask(number) == right
    assert 4.9 < time.monotonic() - began < 7


def test_somebody_elses_row_is_one_row_of_another_number(desk: tuple[dict[str, Any], str, Asker]) -> None:
    where, column, ask = desk
    number = _somebody(where, column, ask)
    _order(where, "ask_other_person")
    assert len(ask(number)) == 1
    _order(where, "ask_other_person")
    assert ask(number)[0][column] != number


def test_orders_for_pages_wait_for_a_page(desk: tuple[dict[str, Any], str, Asker]) -> None:
    where, _, ask = desk
    _order(where, "500")
    assert ask("nobody") == []
    assert requests.get(f"{where['admin_url']}/_fault", timeout=5).json()["kind"] == "500"


def test_a_question_that_is_none_and_a_wrong_secret_are_refused(sandbox: Any) -> None:
    where = sandbox.where["tax"]
    time.sleep(0.3)
    for said in ({}, {"a": "1", "b": "2"}, {"a": 1}, ["a"]):
        assert _signed(where, "sid_registration", where["secret"], "cf_ss_swdjxx/query", said) == "api-400"
    assert _signed(where, "sid_registration", "guessed", "cf_ss_swdjxx/query", {"shxydm": "x"}) == "api-401"
    assert _signed(where, "sid_registration", where["secret"], "absent/query", {"shxydm": "x"}) == "api-404"

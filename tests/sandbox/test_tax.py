"""The tax gateway over real HTTP: signatures, pages, the rate limit, and each fault that can be ordered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import tax

REGISTRATION, CLEARANCE = "cf_ss_swdjxx", "cf_ss_wqxx"


class Client:
    """Signs as the gateway asks; kept here so that no code is shared with the hub or the sandbox."""

    def __init__(self, tax: dict[str, str]) -> None:
        self.tax = tax
        self.session = requests.Session()
        self.session.trust_env = False

    def get(
        self,
        resource: str,
        *,
        moved_ms: int = 0,
        secret: str | None = None,
        pause: float = 0.055,
        timeout: float = 5,
        **query: Any,
    ) -> requests.Response:
        """One signed request, by default no faster than the rate limit allows."""
        time.sleep(pause)
        sid = self.tax["sid_registration" if resource == REGISTRATION else "sid_clearance"]
        rid, rtime = self.tax["rid"], str(int(time.time() * 1000) + moved_ms)
        key = (secret or self.tax["secret"]).encode()
        sign = base64.b64encode(hmac.new(key, (sid + rid + rtime).encode(), hashlib.sha256).digest()).decode()
        headers = {"rid": rid, "sid": sid, "rtime": rtime, "sign": sign}
        url = f"{self.tax['base_url']}/gateway/{resource}"
        named = {f"gjgxjhpt_{name}": value for name, value in headers.items()}
        return self.session.get(url, params=query, headers=named, timeout=timeout)

    def order(self, **fault: Any) -> requests.Response:
        return self.session.post(f"{self.tax['admin_url']}/_fault", json=fault, timeout=5)


@pytest.fixture
def client(sandbox: Any) -> Iterator[Client]:
    client = Client(sandbox.where["tax"])
    yield client
    client.order(kind=None)


@pytest.mark.parametrize("resource", [REGISTRATION, CLEARANCE])
@pytest.mark.parametrize("size", [200, 137])
def test_pages_together_are_all_rows_in_order(client: Client, resource: str, size: int, folder: Path) -> None:
    rows: list[dict[str, Any]] = []
    for page in range(1, 20):
        answer = client.get(resource, since="", page=page, size=size).json()
        assert (answer["code"], answer["data"]["page"], answer["data"]["size"]) == ("200", page, size)
        if not answer["data"]["rows"]:
            break
        rows += answer["data"]["rows"]
    assert len(rows) == answer["data"]["total"]
    # split at \n only: garbled names hold other characters that end a line for Python
    lines = (folder / f"tax/{resource}.jsonl").read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert rows == [json.loads(line) for line in lines]
    keys = [(row["update_time"], row["nsrsbh" if resource == REGISTRATION else "zmbh"] or "") for row in rows]
    assert keys == sorted(keys)
    assert len({time for time, _ in keys}) < len(keys), "no two rows share a second: a reader would never be tested"


def test_since_gives_the_rows_of_that_second_and_later(client: Client) -> None:
    everything = client.get(CLEARANCE, since="", page=3, size=200).json()["data"]
    since = everything["rows"][0]["update_time"]
    later = client.get(CLEARANCE, since=since, page=1, size=200).json()["data"]
    assert later["rows"][0]["update_time"] == since
    assert everything["total"] > later["total"] >= everything["total"] - 400


@pytest.mark.parametrize("moved_ms", [-301_000, 301_000])
def test_a_clock_five_minutes_off_is_refused(client: Client, moved_ms: int) -> None:
    answer = client.get(REGISTRATION, moved_ms=moved_ms)
    assert (answer.status_code, answer.json()["code"]) == (200, "api-401")
    assert client.get(REGISTRATION, moved_ms=moved_ms // 301 * 299).json()["code"] == "200"


def test_another_secret_is_refused(client: Client) -> None:
    assert client.get(REGISTRATION, secret="guessed").json()["code"] == "api-401"


def test_the_service_id_of_another_resource_is_refused(client: Client) -> None:
    client.tax = {**client.tax, "sid_registration": client.tax["sid_clearance"]}
    assert client.get(REGISTRATION).json()["code"] == "api-401"


def test_no_headers_are_refused(client: Client) -> None:
    answer = client.session.get(f"{client.tax['base_url']}/gateway/{REGISTRATION}", timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (200, "api-401")


def test_an_unknown_resource_is_said_to_be_unknown(client: Client) -> None:
    assert client.get("cf_ss_nothing").json()["code"] == "api-404"


@pytest.mark.parametrize("query", [{"size": 201}, {"size": 0}, {"page": 0}, {"since": "yesterday"}, {"page": "one"}])
def test_parameters_out_of_bounds_are_refused(client: Client, query: dict[str, Any]) -> None:
    assert client.get(REGISTRATION, **query).json()["code"] == "api-400"


def test_the_twenty_first_request_of_a_second_is_told_to_wait(client: Client) -> None:
    time.sleep(1.05)  # the limit is shared with the other tests: let the last one's second pass
    answers = [client.get(REGISTRATION, page=1, size=1, pause=0) for _ in range(40)]
    codes = [answer.status_code for answer in answers]
    assert codes[:20] == [200] * 20
    assert 429 in codes[20:]
    assert next(answer for answer in answers if answer.status_code == 429).headers["Retry-After"] == "1"
    time.sleep(1.05)
    assert client.get(REGISTRATION, size=1).status_code == 200


def test_health_answers_without_signature(client: Client) -> None:
    answer = client.session.get(f"{client.tax['base_url']}/health", timeout=5)
    assert (answer.status_code, answer.text) == (200, "ok")


def test_a_fault_hits_only_its_page_and_only_so_often(client: Client) -> None:
    client.order(kind="500", times=2, page=2)
    codes = [client.get(CLEARANCE, page=page, size=100).status_code for page in (1, 2, 1, 2, 2)]
    assert codes == [200, 500, 200, 500, 200]


def test_a_cleared_fault_is_gone(client: Client) -> None:
    client.order(kind="500", times=5, page=None)
    assert client.order(kind=None).json()["kind"] is None
    assert client.get(CLEARANCE, size=1).status_code == 200


def test_html_comes_with_status_200(client: Client) -> None:
    client.order(kind="html", times=1)
    answer = client.get(CLEARANCE, size=5)
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


def test_half_a_page_is_no_json(client: Client) -> None:
    whole = client.get(CLEARANCE, size=50).content
    client.order(kind="half", times=1)
    answer = client.get(CLEARANCE, size=50)
    assert whole.startswith(answer.content)
    assert len(answer.content) == len(whole) // 2
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_dropped_connection_ends_before_the_promised_bytes(client: Client) -> None:
    client.order(kind="dropped", times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.get(CLEARANCE, size=50)


def test_the_same_page_comes_twice_under_the_next_number(client: Client) -> None:
    first = client.get(CLEARANCE, page=2, size=50).json()["data"]
    client.order(kind="same_page", times=1, page=3)
    again = client.get(CLEARANCE, page=3, size=50).json()["data"]
    assert (again["page"], again["rows"]) == (3, first["rows"])
    assert client.get(CLEARANCE, page=3, size=50).json()["data"]["rows"] != first["rows"]


def test_an_error_hides_inside_status_200(client: Client) -> None:
    client.order(kind="error_inside", times=1)
    answer = client.get(CLEARANCE, size=5)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, "api-500", None)


def test_too_many_requests_can_be_ordered(client: Client) -> None:
    client.order(kind="429", times=1)
    answer = client.get(CLEARANCE, size=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_a_dead_department_hangs_up_without_a_word(client: Client) -> None:
    client.order(kind="down", times=1)
    with pytest.raises(requests.ConnectionError):
        client.get(CLEARANCE, size=5)
    assert client.get(CLEARANCE, size=5).status_code == 200


def test_a_slow_answer_keeps_others_from_waiting(client: Client) -> None:
    client.order(kind="slow", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.get(CLEARANCE, size=5, timeout=0.5)
    assert client.get(CLEARANCE, size=5).elapsed.total_seconds() < 1


def test_a_page_comes_in_another_order_and_is_otherwise_the_same(client: Client) -> None:
    right = client.get(CLEARANCE, page=2, size=50).json()["data"]
    client.order(kind="reordered", times=1)
    other = client.get(CLEARANCE, page=2, size=50).json()["data"]
    assert other["rows"] != right["rows"]
    assert sorted(map(str, other["rows"])) == sorted(map(str, right["rows"]))
    assert other["total"] == right["total"]


def test_a_truncated_page_is_good_json_with_fewer_rows_than_its_total_says(client: Client) -> None:
    right = client.get(CLEARANCE, page=2, size=50).json()["data"]
    client.order(kind="truncated", times=1)
    answer = client.get(CLEARANCE, page=2, size=50)
    cut = answer.json()["data"]
    assert (answer.status_code, answer.json()["code"]) == (200, "200")
    assert cut == {**right, "rows": right["rows"][:25]}


def test_the_last_row_of_a_truncated_page_of_one_is_missing_too(client: Client) -> None:
    client.order(kind="truncated", times=1)
    assert client.get(CLEARANCE, page=1, size=1).json()["data"]["rows"] == []


def test_a_hung_department_takes_the_request_and_says_nothing(client: Client) -> None:
    client.order(kind="hang", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.get(CLEARANCE, size=5, timeout=1.5)
    assert client.get(CLEARANCE, size=5).elapsed.total_seconds() < 1


def test_a_hang_outlasts_what_slow_takes_and_ends_with_the_sandbox() -> None:
    account = tax.Account("rid", {CLEARANCE: "sid"}, "secret")
    office = tax.TaxOffice(account, {CLEARANCE: []})
    server = tax.TaxServer()
    server.serve(office)
    there = Client({"base_url": server.base_url, "admin_url": server.admin_url, "rid": "rid", "secret": "secret"})
    there.tax["sid_clearance"] = "sid"
    assert there.order(kind="hang", times=1).status_code == 200
    office.faults.wait = lambda: None  # type: ignore[method-assign] # `slow` would be over at once
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(there.get, CLEARANCE, size=5, timeout=60)
        with pytest.raises(TimeoutError):
            asked.result(timeout=1)
        server.stop()
        with pytest.raises(requests.ConnectionError):
            asked.result(timeout=5)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("gb18030", "application/json; charset=GB18030"), ("gb18030_unsaid", "application/json")],
)
def test_a_page_comes_in_gb18030_said_or_unsaid(client: Client, kind: str, said: str) -> None:
    right = client.get(REGISTRATION, size=50)
    client.order(kind=kind, times=1)
    answer = client.get(REGISTRATION, size=50)
    assert answer.headers["Content-Type"] == said
    assert json.loads(answer.content.decode("gb18030")) == right.json()
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def _all(client: Client, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for page in range(1, 20):
        data = client.get(CLEARANCE, page=page, size=200, **query).json()["data"]
        rows += data["rows"]
        if len(rows) == data["total"]:
            return rows
    raise AssertionError(f"{len(rows)} rows of {data['total']}")


def _moved(row: dict[str, Any], hours: int) -> dict[str, Any]:
    stamp = datetime.fromisoformat(row["update_time"]) + timedelta(hours=hours)
    return {**row, "update_time": f"{stamp:%Y-%m-%d %H:%M:%S}"}


@pytest.mark.parametrize(("kind", "hours"), [("clock_ahead", 8), ("clock_back", -8)])
def test_a_clock_that_moved_stamps_the_second_half_of_the_rows_off(client: Client, kind: str, hours: int) -> None:
    right = _all(client, since="")
    client.order(kind=kind, times=100)
    seen = _all(client, since="")
    middle = len(right) // 2
    meant = right[:middle] + [_moved(row, hours) for row in right[middle:]]
    assert sorted(map(str, seen)) == sorted(map(str, meant))
    stamps = [row["update_time"] for row in seen]
    assert stamps == sorted(stamps), "a real database orders by the stamps it has, right or not"


def test_rows_of_a_clock_set_back_lie_before_rows_that_were_there_already(client: Client) -> None:
    right = _all(client, since="")
    last_before = right[len(right) // 2 - 1]
    client.order(kind="clock_back", times=100)
    late = _all(client, since=last_before["update_time"])
    assert len(late) < len(right) - len(right) // 2, "nobody would be misled by such a clock"


def test_every_row_comes_twice_and_the_total_agrees(client: Client) -> None:
    right = _all(client, since="")
    client.order(kind="duplicated", times=100)
    assert _all(client, since="") == [row for row in right for _ in range(2)]


@pytest.mark.parametrize("fault", [{"kind": "earthquake"}, {"kind": "500", "times": 0}, {"kind": "500", "page": "two"}])
def test_an_order_that_makes_no_sense_is_refused(client: Client, fault: dict[str, Any]) -> None:
    assert client.order(**fault).status_code == 400

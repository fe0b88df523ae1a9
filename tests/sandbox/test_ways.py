"""The ways in of health, housing and the sharing platform, each asked as a stranger would ask."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash

from sandbox import keyed_gateway, soap

REFRESH = "/sysapi/auth/refreshappsecret"


def _rows(expected: list[dict[str, Any]], resource: str) -> list[str]:
    return [line["row"] for line in expected if line.get("resource") == resource]


def _order(section: dict[str, str], kind: str | None, times: int = 1) -> None:
    answer = requests.post(f"{section['admin_url']}/_fault", json={"kind": kind, "times": times}, timeout=5)
    assert answer.status_code == 200


# --- health: SOAP ---


@pytest.fixture
def health(sandbox: Any) -> Iterator[dict[str, str]]:
    yield sandbox.where["health"]
    _order(sandbox.where["health"], None)


def _asked(health: dict[str, str], page: int, *, size: int = 30, password: str = "") -> requests.Response:
    values = {"userId": health["username"], "pw": password or health["password"], "startTime": "", "pageNo": page}
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in {**values, "pageSize": size}.items())
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<s:getRecords xmlns:s="{soap.SPACE}">{inside}</s:getRecords></soap:Body></soap:Envelope>'
    )
    return requests.post(health["address"], data=body.encode(), timeout=5)


def _document(answer: requests.Response) -> ElementTree.Element:
    text = next(part.text for part in ElementTree.fromstring(answer.content).iter() if part.tag == "return")
    return ElementTree.fromstring(str(text).rpartition("?>")[2])


def test_the_pages_together_are_all_birth_certificates(health: dict[str, str], expected: list[dict[str, Any]]) -> None:
    first = _document(_asked(health, 1))
    total = int(str(first.findtext("total")))
    assert total == len(_rows(expected, "health.birth_certificate"))
    pages = [_document(_asked(health, page)) for page in range(1, -(-total // 30) + 1)]
    times = [row.findtext("update_time") for page in pages for row in page.iter("row")]
    assert len(times) == total
    assert times == sorted(times, key=str)


def test_another_password_gets_a_code_and_no_rows(health: dict[str, str]) -> None:
    document = _document(_asked(health, 1, password="guessed"))
    assert (document.findtext("code"), document.find("rows")) == ("401", None)


def test_the_description_is_served(health: dict[str, str]) -> None:
    answer = requests.get(health["wsdl"], timeout=5)
    assert answer.status_code == 200
    assert b"getRecords" in answer.content


@pytest.mark.parametrize("kind", soap.PAGE_FAULTS)
def test_each_ordered_manner_is_met_once_and_then_all_is_well(health: dict[str, str], kind: str) -> None:
    right = _asked(health, 2).content
    _order(health, kind)
    try:
        if kind == "slow":
            with pytest.raises(requests.ReadTimeout):
                requests.post(health["address"], data=b"<a/>", timeout=0.5)
        elif kind == "down":
            with pytest.raises(requests.ConnectionError):
                _asked(health, 2)
        elif kind == "bare_ampersands":  # no value holds one
            assert _asked(health, 2).content == right
        else:
            assert _asked(health, 2).content != right
    finally:
        assert requests.get(f"{health['admin_url']}/_fault", timeout=5).json()["kind"] is None
    assert _asked(health, 2).content == right


# --- housing: a share ---


def test_the_share_holds_daily_files_as_their_control_files_say_and_two_workbooks(
    sandbox: Any, expected: list[dict[str, Any]]
) -> None:
    share = Path(sandbox.where["housing"]["folder"])
    places = []
    for control in sorted(share.glob("*/*.ctl")):
        says = dict(line.split("=", 1) for line in control.read_text(encoding="ascii").splitlines())
        body = control.with_suffix(".csv").read_bytes()
        digest = Hash(SM3())
        digest.update(body)
        assert (len(body), digest.finalize().hex()) == (int(says["bytes"]), says["sm3"])
        lines = body.decode(says["encoding"]).split("\r\n")[1:-1]
        assert len(lines) == int(says["rows"])
        places += [f"{control.parent.name}/{says['file']}:{number}" for number, _ in enumerate(lines, 2)]
    assert places == _rows(expected, "housing.fund")
    books = sorted(share.glob("*.xlsx"))
    assert len(books) == 2
    rows = []
    for book in books:
        sheet = openpyxl.load_workbook(book).worksheets[0]
        assert sheet["A2"].value == "bdcqzh"
        rows += [f"{book.name}:{number}" for number in range(3, sheet.max_row + 1)]
    assert rows == _rows(expected, "housing.title")


def test_a_citizen_number_excel_took_for_a_number_has_lost_its_last_digits(
    sandbox: Any, expected: list[dict[str, Any]]
) -> None:
    torn = next(line for line in expected if line.get("resource") == "housing.title" and line["dirt"] == "torn")
    book, _, number = torn["row"].partition(":")
    cell = openpyxl.load_workbook(Path(sandbox.where["housing"]["folder"]) / book).worksheets[0][f"D{number}"]
    assert isinstance(cell.value, int | float)
    assert f"{cell.value:.0f}" != torn["key"].rpartition("+")[2]


# --- the sharing platform: secrets in stages ---


class Platform:
    """Signs as the gateway asks, with code of its own."""

    def __init__(self, where: dict[str, Any]) -> None:
        self.where = where

    def call(self, method: str, path: str, secret: str, *, sid: str = "sid_permit", **query: Any) -> dict[str, Any]:
        said = [self.where[sid], self.where["rid"], str(int(time.time() * 1000))]
        sign = base64.b64encode(hmac.new(secret.encode(), "".join(said).encode(), hashlib.sha256).digest()).decode()
        headers = {
            f"gjgxjhpt_{name}": value
            for name, value in zip(("sid", "rid", "rtime", "sign"), [*said, sign], strict=True)
        }
        url = f"{self.where['base_url']}{path}"
        answer = requests.request(method, url, params=query, headers=headers, json={}, timeout=5)
        found: dict[str, Any] = answer.json()
        return found

    def renewed(self, held: str) -> str:
        data = self.call("POST", REFRESH, held)["data"]
        decryptor = Cipher(algorithms.AES(held.encode()[:16]), modes.ECB()).decryptor()
        padded = decryptor.update(base64.b64decode(data["secret"])) + decryptor.finalize()
        return padded[: -padded[-1]].decode()

    def working(self) -> str:
        return self.renewed(self.renewed(str(self.where["secret"])))


@pytest.fixture
def platform(sandbox: Any) -> Iterator[Platform]:
    yield Platform(sandbox.where["platform"])
    _order(sandbox.where["platform"], None)


@pytest.mark.parametrize(
    ("path", "sid", "resource"),
    [
        ("ca_dj_jbxx", "sid_legal_person", "platform.legal_person"),
        ("ce_xkz_xzxkxx", "sid_permit", "platform.permit"),
    ],
)
def test_each_service_gives_its_own_rows(
    platform: Platform, expected: list[dict[str, Any]], path: str, sid: str, resource: str
) -> None:
    secret = platform.working()
    answer = platform.call("GET", f"/gateway/{path}", secret, sid=sid, since="", page=1, size=200)
    assert answer["data"]["total"] == len(_rows(expected, resource))
    other = "sid_permit" if sid == "sid_legal_person" else "sid_legal_person"
    assert platform.call("GET", f"/gateway/{path}", secret, sid=other, since="", page=1, size=1)["code"] == "api-401"


def test_only_the_last_secret_signs_a_question(platform: Platform) -> None:
    agreed = str(platform.where["secret"])
    of_the_day = platform.renewed(agreed)
    for secret, code in ((agreed, "api-401"), (of_the_day, "api-401"), (platform.renewed(of_the_day), "200")):
        asked = platform.call("GET", "/gateway/ce_xkz_xzxkxx", secret, since="", page=1, size=1)
        assert asked["code"] == code


def test_a_second_process_that_renews_does_not_end_the_first_ones_secret(platform: Platform) -> None:
    first, second = platform.working(), platform.working()
    for secret in (first, second):
        asked = platform.call("GET", "/gateway/ce_xkz_xzxkxx", secret, since="", page=1, size=1)
        assert asked["code"] == "200"


def test_a_revoked_secret_is_refused_and_another_is_to_be_had(platform: Platform) -> None:
    secret = platform.working()
    _order(platform.where, "revoked")
    assert platform.call("GET", "/gateway/ce_xkz_xzxkxx", secret, since="", page=1, size=1)["code"] == "api-401"
    again = platform.working()
    assert platform.call("GET", "/gateway/ce_xkz_xzxkxx", again, since="", page=1, size=1)["code"] == "200"


def test_an_unknown_service_is_said_to_be_unknown(platform: Platform) -> None:
    assert platform.call("GET", "/gateway/up_lic_data", platform.working(), page=1, size=1)["code"] == "api-404"
    assert "revoked" in keyed_gateway.FAULTS

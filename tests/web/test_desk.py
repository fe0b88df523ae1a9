"""The desk without a browser: what is sent where, what is refused, and that no number leaves its form."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.errors import Retryable
from tests.web.counter_samples import (
    CLAUSE,
    COMPLETE,
    HR,
    ITEMS,
    MIXED,
    PERSON,
    SUBSIDY,
    TOKEN,
    WRONG,
    SampleDesk,
    counter_app,
)
from web.guard import HEADERS
from web.pages import STATIC

Visit = Callable[..., TestClient]
CSRF = {"csrf": TOKEN}


@pytest.fixture
def desk() -> SampleDesk:
    return SampleDesk()


@pytest.fixture
def client(tmp_path: Path, desk: SampleDesk) -> TestClient:
    return TestClient(
        counter_app(tmp_path, desk), base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
    )


def asked(number: str = COMPLETE, **more: str) -> dict[str, str]:
    form = {"act": "ask", "item": HR.code, "purpose": "acceptance", "number": number, "case": "new", "case_no": ""}
    return CSRF | form | more


def words_of(page: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page))


def test_a_question_is_answered_by_a_redirect_to_an_address_without_a_number(
    client: TestClient, desk: SampleDesk
) -> None:
    sent = client.post("/desk", data=asked())
    assert sent.status_code == 303
    place = sent.headers["location"]
    assert re.fullmatch(r"/desk/answer/[\w-]{24}", place)
    page = client.get(place)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "无需提交任何材料" in page.text
    assert COMPLETE not in page.text
    assert "914201********K01C" in page.text
    assert desk.asked == [("zhang", HR.code, "acceptance", "4201122026030500001")]


def test_the_number_is_in_no_address_title_header_or_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    texts = []
    for form in (asked(), asked(MIXED), asked(WRONG), asked(PERSON), asked(case="existing", case_no="9")):
        sent = client.post("/desk", data=form)
        texts.append(str(sent.headers))
        shown = client.get(sent.headers["location"]) if sent.status_code == 303 else sent
        title = re.search("<title>(.*?)</title>", shown.text)
        assert title
        texts += [title.group(1), str(shown.headers)]
    for number in (COMPLETE, MIXED, WRONG, PERSON):
        assert all(number not in text for text in texts)
        # the client of this test logs addresses too, so the whole log is looked at
        assert number not in caplog.text


def test_with_htmx_only_the_part_comes_and_says_where_to_go(client: TestClient) -> None:
    part = client.post("/desk", data=asked(MIXED), headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert part.text.lstrip().startswith('<div id="desk"')
    assert 'data-focus="verdict"' in part.text
    assert MIXED not in part.text


def test_a_chosen_item_shows_its_purposes_but_not_those_of_others(client: TestClient) -> None:
    page = client.post("/desk", data=CSRF | {"pick": HR.code, "search": "rl"}).text
    assert re.findall(r'<option value="(\w+)"', page) == ["acceptance", "decision"]
    assert "依据：国务院关于在线政务服务的若干规定（国务院令第716号）" in page
    assert "专职工作人员职业资格证书" in page


def test_a_number_typed_before_the_item_is_kept_when_the_item_is_chosen(client: TestClient) -> None:
    page = client.post("/desk", data=CSRF | {"pick": HR.code, "number": COMPLETE}).text
    assert f'value="{COMPLETE}"' in page


@pytest.mark.parametrize("text", ["rlzy", "人力资源", HR.code[:26]])
def test_items_are_found_while_typing_by_initials_characters_and_code(client: TestClient, text: str) -> None:
    part = client.post("/desk/items", data=CSRF | {"search": text}).text
    assert HR.name in part
    assert "<html" not in part


def test_what_finds_nothing_says_so_and_is_escaped(client: TestClient) -> None:
    part = client.post("/desk/items", data=CSRF | {"search": "<b>无此"}).text
    assert "没有与“&lt;b&gt;无此”相符的事项" in part


def test_enter_in_the_search_without_scripts_searches(client: TestClient) -> None:
    page = client.post("/desk", data=CSRF | {"act": "ask", "search": "lhjy", "number": "", "case": "new"})
    assert page.status_code == 200
    assert SUBSIDY.name in page.text and HR.name not in page.text


def test_more_items_than_fit_are_counted(client: TestClient) -> None:
    page = client.get("/desk").text
    assert len(re.findall(r'name="pick"', page)) == 5
    assert f"另有 {len(ITEMS) - 5} 项" in page


def test_items_used_last_come_first_and_survive_in_a_cookie_of_codes_only(client: TestClient) -> None:
    client.post("/desk", data=asked(item=SUBSIDY.code, number=PERSON))
    sent = client.post("/desk", data=asked())
    cookie = sent.headers["set-cookie"]
    assert PERSON not in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/desk" in cookie
    page = client.get("/desk").text
    assert re.findall(r'name="pick" value="(\w+)"', page)[:2] == [HR.code, SUBSIDY.code]
    assert "最近使用" in page


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"number": WRONG, "item": SUBSIDY.code}, "number", "公民身份号码校验码不符"),
        ({"number": ""}, "number", "请输入统一社会信用代码"),
        ({"number": PERSON}, "number", "这是公民身份号码，本事项应填统一社会信用代码"),
        ({"number": COMPLETE[:-1] + "D"}, "number", "统一社会信用代码校验码不符"),
        ({"case": "existing"}, "case_no", "请输入办件编号"),
        ({"purpose": "self_service"}, "purpose", "请选择查询用途"),
        ({"item": ""}, "search", "请先选择办理事项"),
    ],
)
def test_what_is_wrong_is_linked_to_its_field_and_nothing_is_asked(
    client: TestClient, desk: SampleDesk, change: dict[str, str], field: str, words: str
) -> None:
    page = client.post("/desk", data=asked(**change))
    assert page.status_code == 422
    summary = re.search(r'<div id="errors".*?</div>', page.text, re.S)
    assert summary
    assert f'href="#{field}"' in summary.group() and words in summary.group()
    control = re.search(rf'<(?:input|select) id="{field}"[^>]*>', page.text)
    assert control
    assert 'aria-invalid="true"' in control.group()
    described = re.search(r'aria-describedby="([^"]+)"', control.group())
    assert described
    assert any(f'id="{one}"' in page.text for one in described.group(1).split())
    assert desk.asked == [] and desk.cases == {}


def test_a_case_that_is_unknown_is_told_at_its_field(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    page = client.post("/desk", data=asked(case="existing", case_no="4201"))
    assert page.status_code >= 400
    assert "HUB-863" in page.text
    assert 'value="4201"' in page.text
    assert 'href="#case_no"' in page.text


def test_a_case_opened_for_a_lookup_that_failed_is_used_again(client: TestClient, desk: SampleDesk) -> None:
    desk.error = Retryable("no answer from db.internal")
    page = client.post("/desk", data=asked())
    assert page.status_code == 503
    assert "db.internal" not in page.text
    assert "4201122026030500001" in page.text and 'value="existing" checked' in page.text
    desk.error = None
    client.post("/desk", data=asked(case="existing", case_no="4201122026030500001"))
    assert list(desk.cases) == ["4201122026030500001"]


def test_what_was_taken_is_recorded_once_and_shown(client: TestClient, desk: SampleDesk) -> None:
    place = client.post("/desk", data=asked(MIXED)).headers["location"]
    page = client.get(place).text
    assert "还需 3 项" in words_of(page).replace("还需3项", "还需 3 项")
    assert CLAUSE in page and "职业资格证书原件及复印件" in page
    taken = client.post(f"{place}/taken", data=CSRF | {"take-M4": "promise", "take-M2": "upload"})
    assert (taken.status_code, taken.headers["location"]) == (303, place)
    client.post(f"{place}/taken", data=CSRF | {"take-M4": "upload"})
    case_no = next(iter(desk.cases))
    assert desk.settled == [(case_no, "M2", "upload"), (case_no, "M4", "promise")]
    page = client.get(place).text
    assert "还需1项" in words_of(page)
    assert f"申请人承诺“{CLAUSE}”" in page
    client.post(f"{place}/taken", data=CSRF | {"take-M3": "later"})
    assert "待补1项" in words_of(client.get(place).text)
    client.post(f"{place}/close", data=CSRF | {"outcome": "accepted"})
    assert desk.closed == [(case_no, "accepted")]
    assert "已结束：受理" in client.get(place).text


def test_a_case_taken_up_again_shows_what_was_taken_and_takes_the_paper_that_was_left_for_later(
    client: TestClient, desk: SampleDesk
) -> None:
    place = client.post("/desk", data=asked(MIXED)).headers["location"]
    client.post(f"{place}/taken", data=CSRF | {"take-M2": "upload", "take-M3": "later"})
    (case_no,) = desk.cases
    again = client.post("/desk", data=asked(MIXED, case="existing", case_no=case_no)).headers["location"]
    page = client.get(again).text
    assert "还需1项" in words_of(page)
    assert "已转入办件：税务登记信息打印件（加盖公章）" in page and "已转入办件：限期补交社会保险参保证明" in page
    assert re.findall(r'name="take-M3" value="(\w+)"', page) == ["upload"]
    client.post(f"{again}/taken", data=CSRF | {"take-M2": "promise", "take-M3": "upload"})
    assert desk.settled[2:] == [(case_no, "M3", "upload")]


@pytest.mark.parametrize(
    "form", [{"take-M1": "promise"}, {"take-M2": "promise"}, {"take-M4": "licence"}, {"take-M4": "x" * 300}]
)
def test_a_way_the_item_does_not_leave_open_is_refused(
    client: TestClient, desk: SampleDesk, form: dict[str, str]
) -> None:
    place = client.post("/desk", data=asked(MIXED)).headers["location"]
    sent = client.post(f"{place}/taken", data=CSRF | form)
    assert sent.status_code == 400
    assert "HUB-891" in sent.text
    assert desk.settled == []


def test_a_conflict_shows_both_sides_with_both_sources(client: TestClient) -> None:
    page = client.get(client.post("/desk", data=asked(MIXED)).headers["location"]).text
    table = re.search(r'<table class="differ">.*?</table>', page, re.S)
    assert table
    for words in (
        "李样例",
        "王样例",
        "3 天前，税务局·税务登记信息，批次 12",
        "昨天，市场监管局·市场主体登记信息，批次 18",
    ):
        assert words in table.group()
    assert "不得自行择一采信" in page


def test_an_answer_no_longer_kept_says_what_to_do(client: TestClient) -> None:
    page = client.get("/desk/answer/AAAAAAAAAAAAAAAAAAAAAAAA")
    assert page.status_code == 410
    assert "HUB-890" in page.text and "请重新查询" in page.text


@pytest.mark.parametrize("path", ["/desk", "/desk/items", "/desk/number", "/desk/answer/x/taken", "/terminal/ask"])
def test_a_form_without_its_token_or_too_large_is_refused(client: TestClient, desk: SampleDesk, path: str) -> None:
    assert client.post(path, data={"number": COMPLETE}).status_code >= 400
    large = client.post(path, data=CSRF | {"number": "1" * 20_000})
    assert (large.status_code, "HUB-891" in large.text) == (400, True)
    other = client.post(path, content=b"{}", headers={"Content-Type": "application/json", "X-CSRF-Token": TOKEN})
    assert (other.status_code, "HUB-891" in other.text) == (400, True)
    assert desk.asked == []


def test_control_characters_never_leave_the_form(client: TestClient) -> None:
    page = client.post("/desk", data=asked(case="existing", case_no="42\x0001\x1b"))
    assert 'value="4201"' in page.text


def test_a_whole_page_that_comes_in_place_of_a_part_replaces_the_page(client: TestClient) -> None:
    part = client.post("/desk/items", data={"search": "x"}, headers={"HX-Request": "true"})
    assert part.headers["hx-retarget"] == "body"


def test_the_policy_lets_only_own_scripts_run_and_no_inline_ones(client: TestClient) -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    pages = [client.get("/desk"), client.post("/desk", data=asked(MIXED), headers={"HX-Request": "true"})]
    pages += [client.get("/terminal"), client.get(f"/terminal/item/{HR.code}"), client.get("/terminal/answer/none")]
    for page in pages:
        assert page.headers["Content-Security-Policy"] == policy
        assert "style=" not in page.text and "<style" not in page.text
        assert re.findall(r"<script(?![^>]* src=\"/static/)", page.text) == []
        assert re.findall(r"\son\w+=|hx-on|javascript:|js:", page.text) == []


def test_vendored_scripts_are_those_their_readme_names() -> None:
    folders = (STATIC / "vendor", Path(__file__).parent.parent / "browser" / "vendor")
    for folder in folders:
        told = re.findall(r"^\| `([\w.]+\.js)` .*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M)
        assert {name for name, _ in told} == {file.name for file in folder.glob("*.js")}
        for name, digest in told:
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert list(folder.glob("*LICENSE*"))


def test_own_scripts_make_no_code_and_no_markup_from_text() -> None:
    for file in STATIC.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert (
            re.findall(r"eval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|localStorage|\.style\b", text)
            == []
        )

"""The terminal without a browser: presence, one answer once, and nothing of whoever was there before."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.testclient import TestClient

from core.errors import Retryable
from tests.web.counter_samples import COMPLETE, HR, PERSON, SUBSIDY, WRONG, SampleDesk
from tests.web.test_desk import CSRF, client, desk

__all__ = ["client", "desk"]


def asked(number: str = PERSON, item: str = SUBSIDY.code, **more: str) -> dict[str, str]:
    return CSRF | {"item": item, "present": "true", "number": number} | more


def test_the_answer_is_told_in_plain_words_and_without_values(client: TestClient) -> None:
    sent = client.post("/terminal/ask", data=asked())
    assert sent.status_code == 303
    assert re.fullmatch(r"/terminal/answer/[\w-]{24}", sent.headers["location"])
    page = client.get(sent.headers["location"])
    assert page.headers["cache-control"] == "no-store"
    text = re.sub(r"\s+", "", re.sub("<[^>]+>", "", page.text))
    assert "您还差1样" in text
    assert "没有查到记录。请带上“就业创业证”。" in text
    assert "已从人社局取得，不用带。" in text
    for value in ("李样例", "2012年7月1日", PERSON):
        assert value not in page.text


def test_nothing_to_bring_is_said_in_large_letters(client: TestClient) -> None:
    page = client.get(client.post("/terminal/ask", data=asked(COMPLETE, HR.code)).headers["location"]).text
    assert re.search(r"<h1[^>]*>(<svg.*?</svg>)?您什么都不用带</h1>", page, re.S)


def test_an_answer_is_shown_once_and_going_back_finds_the_beginning(client: TestClient) -> None:
    place = client.post("/terminal/ask", data=asked()).headers["location"]
    assert client.get(place).status_code == 200
    again = client.get(place)
    assert (again.status_code, again.headers["location"]) == (303, "/terminal")


def test_an_answer_that_was_wiped_before_it_was_shown_is_gone(client: TestClient) -> None:
    place = client.post("/terminal/ask", data=asked()).headers["location"]
    assert client.post("/terminal/wipe", data=CSRF).headers["location"] == "/terminal"
    assert client.get(place).headers["location"] == "/terminal"


def test_a_clerk_does_not_find_what_a_terminal_asked(client: TestClient) -> None:
    place = client.post("/terminal/ask", data=asked()).headers["location"]
    word = place.rpartition("/")[2]
    assert client.get(f"/desk/answer/{word}").status_code == 410


def test_without_the_holders_word_that_he_is_there_nothing_is_asked(client: TestClient, desk: SampleDesk) -> None:
    for present in ("", "no"):
        for page in (
            client.get(f"/terminal/item/{SUBSIDY.code}/card?present={present}"),
            client.post("/terminal/ask", data=asked(present=present)),
        ):
            assert (page.status_code, "HUB-892" in page.text) == (422, True)
            assert "从头开始" in page.text
    assert desk.cases == {}


def test_a_misread_number_is_asked_for_again_and_not_shown(client: TestClient, desk: SampleDesk) -> None:
    place = client.post("/terminal/ask", data=asked(WRONG)).headers["location"]
    assert WRONG not in place
    page = client.get(place)
    assert "没有读好" in page.text and "校验码不符" in page.text
    assert WRONG not in page.text
    assert "没有读好" not in client.get(place).text
    assert desk.cases == {}


def test_the_terminal_asks_for_its_own_purpose_only(client: TestClient, desk: SampleDesk) -> None:
    client.post("/terminal/ask", data=asked(purpose="decision"))
    assert desk.asked == [("T-07", SUBSIDY.code, "self_service", "4201122026030500001")]


def test_a_hub_that_does_not_answer_is_told_without_its_secrets(client: TestClient, desk: SampleDesk) -> None:
    desk.error = Retryable("no answer from db.internal")
    sent = client.post("/terminal/ask", data=asked())
    assert sent.status_code == 303
    page = client.get(sent.headers["location"])
    assert "稍后再试" in page.text and "db.internal" not in page.text and PERSON not in page.text


def test_letters_on_the_screen_build_the_search(client: TestClient) -> None:
    page = client.post("/terminal", data=CSRF | {"search": "lhj", "key": "y"}).text
    assert SUBSIDY.name in page and HR.name not in page
    assert 'value="lhjy"' in page
    assert 'value="lh"' in client.post("/terminal", data=CSRF | {"search": "lhj", "key": "back"}).text
    assert HR.name in client.post("/terminal", data=CSRF | {"search": "lhj", "key": "clear"}).text


def test_an_unknown_item_leads_back_to_the_beginning(client: TestClient) -> None:
    page = client.get("/terminal/item/NONE")
    assert page.status_code == 404
    assert "没有这个事项" in page.text and 'href="/terminal"' in page.text


def test_no_part_of_the_terminal_offers_a_list_of_numbers_or_a_way_to_the_desk(
    client: TestClient, tmp_path: Path
) -> None:
    for path in ("/terminal", f"/terminal/item/{HR.code}"):
        assert '"/desk' not in client.get(path).text

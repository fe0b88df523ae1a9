"""One address or session cannot crowd out the others, and memory stays bounded whatever is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.access_files import access_text
from tests.web.conftest import Site
from web.guard import HEADERS
from web.limits import Buckets


class Second:
    """A clock in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 5), max_size=200), st.floats(0.5, 20))
def test_never_more_than_the_burst_and_the_rate_together(gaps: list[float], rate: float) -> None:
    clock = Second()
    buckets = Buckets(clock=clock)
    taken = 0
    for gap in gaps:
        clock.now += gap
        taken += buckets.take("a", rate)
        assert taken <= rate * 10 + clock.now * rate + 1e-6


def test_a_bucket_fills_again_and_others_are_not_touched() -> None:
    clock = Second()
    buckets = Buckets(clock=clock)
    assert [buckets.take("a", 1.0) for _ in range(11)] == [True] * 10 + [False]
    assert buckets.take("b", 1.0)
    clock.now += 1.0
    assert [buckets.take("a", 1.0) for _ in range(2)] == [True, False]


def test_memory_is_bounded_however_many_names_come() -> None:
    buckets = Buckets(most=100)
    for number in range(10_000):
        buckets.take(str(number), 1.0)
    assert len(buckets) == 100


def limited(site: Site, text: str) -> Site:
    site.settings.access_file.write_text(access_text() + f"\n[limits]\n{text}\n", encoding="utf-8")
    site.app.state.doors.access.look()
    return site


def test_an_address_that_floods_is_told_to_wait_and_health_still_answers(site: Site) -> None:
    browser = limited(site, "per_address = 0.5").browser()
    answers = [browser.get("/") for _ in range(8)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"
    assert "HUB-873" in answers[-1].text
    assert {name: answers[-1].headers.get(name) for name in HEADERS} == HEADERS
    assert browser.get("/api/sources").json()["code"] == "HUB-873"
    assert browser.get("/health/live").status_code == 200


def test_a_session_has_a_limit_of_its_own(site: Site) -> None:
    browser = limited(site, "per_session = 0.3").browser()
    browser.cookies.set("hub", "one")
    assert [browser.get("/verify").status_code for _ in range(5)][2:] == [200, 429, 429]
    other = site.browser()
    other.cookies.set("hub", "two")
    assert other.get("/verify").status_code == 200


def test_a_large_body_or_one_of_unknown_length_is_refused_where_no_file_is_expected(site: Site) -> None:
    browser = site.browser()
    assert browser.post("/sign-in", content=b"x" * (2**20 + 1)).status_code == 413
    assert browser.post("/sign-in", content=iter([b"account=li"])).status_code == 413
    assert browser.post("/oauth/token", content=iter([b"x"])).json()["code"] == "HUB-882"


@pytest.mark.parametrize(("site_of_form", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 401)])
def test_a_form_of_another_site_is_refused_before_anything_reads_it(site: Site, site_of_form: str, status: int) -> None:
    answer = site.browser().post("/oauth/token", headers={"Sec-Fetch-Site": site_of_form})
    assert answer.status_code == status

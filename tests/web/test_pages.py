"""The pages show what the hub says, escape it, bound what comes in and load nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.clock import FixedClock
from core.errors import Retryable
from core.settings import Mode, Settings
from tests.hub.access_files import clerk
from tests.web.samples import LAST, Sample, Secretive
from web.app import create_app
from web.guard import HEADERS
from web.pages import STATIC
from web.session import caller, staff

Open = Callable[..., TestClient]


@pytest.fixture
def visit(tmp_path: Path) -> Open:
    def visit(verbs: Sample | None = None, mode: Mode = Mode.DEMO, **options: object) -> TestClient:
        settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", mode)
        app = create_app(settings, verbs or Sample(), FixedClock(LAST))
        # Who is let in is told by other tests; here somebody is.
        app.dependency_overrides[staff] = app.dependency_overrides[caller] = clerk
        return TestClient(app, base_url="http://127.0.0.1", **options)  # type: ignore[arg-type]

    return visit


def test_the_overview_shows_each_source_with_its_balance(visit: Open) -> None:
    page = visit().get("/overview").text
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*tax\.registration.*?</tr>", page, re.S)
    assert row
    assert re.findall(r'<td class="n[^"]*">([\d,]+)</td>', row.group()) == ["12,400", "12,391", "0", "9", "9"]
    assert ">迟到<" in row.group()
    assert "2026-03-02 02:31" in row.group()


def test_a_source_whose_columns_changed_says_so_beside_its_other_state(visit: Open) -> None:
    page = visit().get("/overview").text
    rows = {name: re.search(rf"<tr(?:(?!</tr>).)*{name}.*?</tr>", page, re.S) for name in ("registration", "marriage")}
    late, good = (str(row and row.group()) for row in rows.values())
    assert ">迟到<" in late and "结构变化 2" in late
    assert ">正常<" in good and "结构变化" not in good


def test_what_is_overdue_says_since_when_and_whether_anybody_agreed_to_that(visit: Open) -> None:
    page = visit().get("/overview").text
    late = re.search(r"tax\.registration.*?</tr>", page, re.S).group()  # type: ignore[union-attr]
    missing = re.search(r"hr\.vocational.*?</tr>", page, re.S).group()  # type: ignore[union-attr]
    assert "应于 2026-03-03 14:31 前采集（未核实）" in late
    assert ">缺报<" in missing and "应于 2026-03-03 14:31 前报送</small>" in missing
    assert page.count("应于") == 2


def test_the_api_tells_of_due_and_drift(visit: Open) -> None:
    rows = {row["resource"]: row for row in visit().get("/api/sources").json()["sources"]}
    assert rows["tax.registration"]["drift_signals"] == 2
    assert rows["tax.registration"]["due"] == "2026-03-03T14:31:00+08:00"
    assert rows["tax.registration"]["due_verified"] is False
    assert rows["civil.marriage"]["due"] is None


def test_the_overview_sums_licences_and_packages(visit: Open) -> None:
    page = visit().get("/overview").text
    assert re.search(r"<dt>已签发证照</dt><dd>23</dd>", page)
    assert re.search(r"<dt>归档信息包</dt><dd>22</dd>", page)


def test_the_way_back_of_each_resource_stands_in_counts_that_add_up(visit: Open) -> None:
    page = visit().get("/quarantine").text
    row = re.search(r"tax\.registration.*?</tr>", page, re.S)
    assert row
    cells = re.findall(r'<td class="n[^"]*">([\d,–]+)', row.group())
    assert cells == ["1,288", "1", "–", "1,234", "7", "3", "40", "2", "1"]
    numbers = [int(cell.replace(",", "").replace("–", "0")) for cell in cells]
    assert numbers[0] == sum(numbers[1:])
    assert re.search(r"2026-03-16 到期<br>未核实", row.group())
    checked = re.search(r"tax\.clearance.*?</tr>", page, re.S)
    assert checked
    assert "2026-03-17 到期" in checked.group() and "未核实" not in checked.group()
    assert re.search(r"<dt>待我方处理</dt><dd>6</dd>", page)
    assert re.search(r"<dt>待部门更正</dt><dd>1,245</dd>", page)
    assert re.search(r"<dt>已办结</dt><dd>45</dd>", page)
    rows = visit().get("/api/quarantine").json()
    assert [one["total"] for one in rows] == [7, 1288, 4]
    assert (rows[1]["next_due"], rows[1]["next_due_verified"], rows[0]["next_due"]) == ("2026-03-16", False, None)


def test_a_source_never_read_shows_no_date_and_says_so(visit: Open) -> None:
    row = re.search(r"hr\.insurance.*?</tr>", visit().get("/overview").text, re.S)
    assert row
    assert "尚未采集" in row.group()
    assert "—" in row.group()


def test_demo_mode_says_so_on_every_page_and_production_does_not(visit: Open) -> None:
    for path in ("/", "/overview", "/quarantine", "/verify", "/sign-in", "/sign-in/person", "/nowhere"):
        assert "演示环境" in visit().get(path).text
        assert "演示环境" not in visit(mode=Mode.PRODUCTION).get(path).text


def test_api_sources_gives_the_same_figures_as_the_page(visit: Open) -> None:
    answer = visit().get("/api/sources").json()
    assert answer["sources"][0]["resource"] == "civil.marriage"
    assert all(row["pulled"] == row["accepted"] + row["unchanged"] + row["quarantined"] for row in answer["sources"])
    assert answer["sources"][0]["last_collected"] == "2026-03-02T02:31:00+08:00"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/overview",
        "/quarantine",
        "/verify",
        "/sign-in",
        "/static/style.css",
        "/api/sources",
        "/health/live",
        "/nowhere",
    ],
)
def test_every_answer_carries_the_guarding_headers(visit: Open, path: str) -> None:
    headers = visit().get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS


def test_an_unexpected_error_is_guarded_and_tells_nothing(visit: Open) -> None:
    client = visit(Sample(error=RuntimeError("secret of db.internal")), raise_server_exceptions=False)
    answer = client.get("/overview")
    assert answer.status_code == 500
    assert "db.internal" not in answer.text
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/overview", "/quarantine", "/api/sources", "/api/quarantine", "/health/ready"])
def test_an_operators_message_stays_with_the_operator(visit: Open, path: str) -> None:
    answer = visit(Sample(error=Secretive())).get(path)
    assert "TEST-9" in answer.text
    assert "db.internal" not in answer.text


def test_a_dead_database_makes_it_unready_but_alive(visit: Open) -> None:
    client = visit(Sample(error=Retryable("no answer")))
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert client.get("/overview").status_code == 503
    assert "稍后再试" in client.get("/overview").text


def test_another_sites_name_does_not_reach_it(visit: Open) -> None:
    assert visit().get("/", headers={"Host": "evil.example"}).status_code == 400


def test_nothing_is_loaded_from_elsewhere(visit: Open) -> None:
    texts = [visit().get(path).text for path in ("/", "/overview", "/quarantine", "/verify", "/sign-in")]
    texts += [file.read_text(encoding="utf-8") for file in STATIC.iterdir() if file.is_file()]
    for text in texts:
        assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}
        # Scripts of our own are loaded; none stands in a page, and the policy would not run it.
        assert set(re.findall(r"<script([^>]*)>", text)) <= {' src="/static/check.js" defer'}
        assert "style=" not in text  # the policy would ignore it


def test_the_interactive_api_pages_are_off(visit: Open) -> None:
    assert visit().get("/docs").status_code == 404
    assert visit().get("/redoc").status_code == 404

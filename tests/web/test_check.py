"""The public check's pages and calls: what they show and hide, what they refuse, and that guessing gets nowhere."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from core.clock import FixedClock
from core.settings import Mode, Settings
from hub.checking import RegisterSilent
from hub.checking_outcome import WORDS
from tests.hub.access_files import access_text
from tests.serving import serving
from tests.web.check_samples import AT, IDENTIFIER, NEWER, NUMBER, PROOF, SAMPLES, TOKEN, SampleChecks
from tests.web.conftest import Site
from tests.web.samples import Sample
from web import turns, upload
from web.app import create_app
from web.check_port import Shown
from web.quiet_log import WithoutTokens
from web.upload import LARGEST_FILE

Open = Callable[..., TestClient]
FREE = "\n[limits]\nchecks_per_address = 10000\nnumbers_per_day = 10000\n"


@pytest.fixture
def visit(tmp_path: Path) -> Open:
    (tmp_path / "access.toml").write_text(access_text() + FREE, encoding="utf-8")

    def visit(checks: SampleChecks | None = None, **options: object) -> TestClient:
        settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)
        app = create_app(settings, Sample(), FixedClock(AT), checks=checks or SampleChecks())
        return TestClient(app, base_url="http://127.0.0.1", **options)  # type: ignore[arg-type]

    return visit


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_verdict_is_the_pages_heading_in_both_languages_with_a_sign(visit: Open, name: str) -> None:
    words = WORDS[SAMPLES[name].checked.outcome]
    if SAMPLES[name].checked.report is None:
        page = visit().get(f"/v/{name}").text
    else:
        page = visit(SampleChecks(answer=name)).post("/verify", files={"file": ("a.ofd", b"PK")}).text
    heading = re.search(r"<h1.*?</h1>", page, re.S)
    assert heading
    assert f">{words.sign}<" in heading.group()
    assert f">{words.zh}<" in heading.group() and f">{words.en}<" in heading.group()
    assert words.says_zh in page and words.says_en in page
    assert page.count("<h1") == 1


def test_a_page_under_a_token_is_not_for_robots_caches_or_other_sites(visit: Open) -> None:
    headers = visit().get("/v/valid").headers
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


def test_nothing_on_a_tokens_page_carries_the_token_on(visit: Open) -> None:
    page = visit(SampleChecks(answer="valid")).get(f"/v/{TOKEN}").text
    assert TOKEN not in page
    assert TOKEN not in visit(SampleChecks(error=RuntimeError()), raise_server_exceptions=False).get(f"/v/{TOKEN}").text


def test_the_newer_version_is_linked_by_token_and_not_by_number(visit: Open) -> None:
    assert f'href="/v/{NEWER}"' in visit().get("/v/superseded").text
    by_number = visit().post("/verify/number", data={"identifier": IDENTIFIER, "number": "superseded"}).text
    assert "已被新版取代" in by_number and NEWER not in by_number
    api = visit().post("/api/check", json={"identifier": IDENTIFIER, "number": "superseded"}).json()
    assert (api["verdict"], api["newer"]) == ("superseded", None)
    assert visit().get("/api/check/superseded").json()["newer"] == f"/v/{NEWER}"


@pytest.mark.parametrize("path", ["/v/x", "/api/check/x"])
def test_a_register_that_is_silent_is_told_as_such_with_503(visit: Open, path: str) -> None:
    answer = visit(SampleChecks(error=RegisterSilent("db.internal"))).get(path)
    assert answer.status_code == 503
    assert "现在无法核验" in answer.text and "db.internal" not in answer.text
    if path.startswith("/api"):
        assert answer.json()["code"] == "HUB-940"


def test_a_number_left_out_is_asked_for_and_the_other_is_kept(visit: Open) -> None:
    answer = visit().post("/verify/number", data={"identifier": IDENTIFIER, "number": " "})
    assert answer.status_code == 422
    assert "请填写证照编号" in answer.text and IDENTIFIER in answer.text


def test_what_was_typed_comes_back_only_when_nothing_was_found(visit: Open) -> None:
    typed = "<b>" + IDENTIFIER
    lost = visit().post("/verify/number", data={"identifier": typed, "number": "valid but not"}).text
    assert "查无此证" in lost and f'value="&lt;b&gt;{IDENTIFIER}"' in lost
    found = visit().post("/verify/number", data={"identifier": typed, "number": "valid"}).text
    assert "&lt;b&gt;" not in found


def test_unknown_and_wrong_pairs_get_the_same_page_and_the_same_answer(visit: Open) -> None:
    pairs = [(IDENTIFIER, "wrong"), ("unknown", NUMBER), ("unknown", "unknown")]
    pages, answers = set(), set()
    for identifier, number in pairs:
        page = visit().post("/verify/number", data={"identifier": identifier, "number": number})
        assert page.status_code == 200
        pages.add(page.text.replace(f'value="{identifier}"', "").replace(f'value="{number}"', ""))
        api = visit().post("/api/check", json={"identifier": identifier, "number": number})
        answers.add((api.status_code, api.text))
    assert len(pages) == len(answers) == 1


def test_the_api_tells_verdict_words_and_facts(visit: Open) -> None:
    answer = visit().get("/api/check/revoked").json()
    assert answer["verdict"] == "revoked"
    assert answer["title"] == {"zh": "已吊销", "en": "Revoked"}
    licence = answer["licence"]
    assert (licence["number"], licence["status"], licence["status_since"]) == (NUMBER, "revoked", "2026-10-08")
    assert licence["status_basis"] == "《中华人民共和国行政许可法》第六十九条"
    assert [line["words"] for line in licence["face"] if line["masked"]] == ["欧**"]
    assert answer["seals"][0]["proven"] is True
    assert answer["proof"]["type"] == "inclusion"


def test_the_proof_is_a_file_to_be_kept_under_the_number_of_its_entry(visit: Open) -> None:
    page = visit().get("/v/valid").text
    link = re.search(r'href="(/api/check/proof/[^"]+)" download', page)
    assert link
    answer = visit().get(link.group(1))
    assert answer.json() == dict(PROOF.body)
    assert answer.headers["content-disposition"] == 'attachment; filename="register-proof-41.json"'
    assert visit().get("/api/check/proof/01950000-0000-7000-8000-000000000009").status_code == 404


def test_the_file_call_keeps_its_answer_and_gains_the_registers(visit: Open) -> None:
    answer = visit(SampleChecks(answer="tampered")).post("/api/verify", files={"file": ("a.ofd", b"abc")}).json()
    assert answer["verdict"] == "invalid"
    # the SM3 of "abc" of GB/T 32905, example 1
    assert answer["sm3"] == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert answer["bytes"] == 3
    assert answer["report"]["verdict"] == "invalid"
    assert answer["check"]["verdict"] == "tampered"
    assert answer["check"]["licence"] is None
    assert answer["check"]["reasons"][0]["zh"].startswith("第 1 页")


def test_what_comes_from_the_file_is_escaped(visit: Open) -> None:
    shown = SAMPLES["tampered"]
    seal = replace(shown.checked.seals[0], seal="<b>印章</b>")
    checks = SampleChecks()
    checks._said = lambda asked, name: Shown(replace(shown.checked, seals=(seal,)))  # type: ignore[method-assign]
    page = visit(checks).post("/verify", files={"file": ("<script>x</script>.ofd", b"PK")}).text
    assert "<script>x" not in page and "<b>印章" not in page
    assert "&lt;b&gt;印章" in page


def test_the_verifier_gets_exactly_the_bytes_sent(visit: Open) -> None:
    checks = SampleChecks()
    data = bytes(range(256)) * 9000  # larger than what starlette keeps in memory by itself
    visit(checks).post("/verify", files={"file": ("a.ofd", data)})
    assert checks.asked == [data]


def test_an_upload_never_touches_the_disk(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda self: pytest.fail("went to disk"))
    assert visit().post("/api/verify", files={"file": ("a.ofd", b"x" * LARGEST_FILE)}).status_code == 200


@pytest.mark.parametrize("size", [LARGEST_FILE + 1, 50 * 2**20])
def test_a_file_over_the_limit_is_refused_politely_and_not_looked_at(visit: Open, size: int) -> None:
    checks = SampleChecks()
    api = visit(checks).post("/api/verify", files={"file": ("a.ofd", b"x" * size)})
    assert (api.status_code, api.json()["code"]) == (413, "HUB-851")
    page = visit(checks).post("/verify", files={"file": ("a.ofd", b"x" * size)})
    assert page.status_code == 413 and "文件超过 20 MB" in page.text and "选择电子证照文件" in page.text
    assert checks.asked == []


def test_a_body_that_hides_its_length_is_cut_off(visit: Open) -> None:
    def endless() -> object:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(200):
            yield b"x" * 2**20

    answer = visit().post("/api/verify", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=b"})  # type: ignore[arg-type]
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "request_parts",
    [
        {},
        {"data": {"file": "text"}},
        {"files": {"other": ("a.ofd", b"PK")}},
        {"files": {"file": ("a.ofd", b"")}},
        {"files": [("file", ("a.ofd", b"PK")), ("file", ("b.ofd", b"PK"))]},
        {"content": b"junk", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"junk", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    ],
)
def test_a_request_without_one_file_is_refused_in_chinese(visit: Open, request_parts: dict[str, object]) -> None:
    api = visit().post("/api/verify", **request_parts)  # type: ignore[arg-type]
    assert (api.status_code, api.json()["code"]) == (400, "HUB-850")
    page = visit().post("/verify", **request_parts)  # type: ignore[arg-type]
    assert page.status_code == 400
    assert "请选择一个文件" in page.text


def limited(site: Site, text: str) -> TestClient:
    site.settings.access_file.write_text(access_text() + f"\n[limits]\n{text}\n", encoding="utf-8")
    site.app.state.doors.access.look()
    return site.browser()


def test_checks_have_a_tighter_limit_of_their_own(site: Site) -> None:
    browser = limited(site, "checks_per_address = 0.2")
    assert [browser.get("/v/x").status_code for _ in range(3)] == [200, 200, 429]
    for refused in (browser.get("/api/check/x"), browser.post("/verify"), browser.post("/api/verify")):
        assert refused.status_code == 429 and "HUB-873" in refused.text
    assert browser.get("/verify").status_code == 200
    assert browser.get("/").status_code == 200


def test_checks_by_number_have_a_days_limit_beside(site: Site) -> None:
    browser = limited(site, "checks_per_address = 100\nnumbers_per_day = 3")
    asked = {"identifier": "a", "number": "b"}
    found = [browser.post("/api/check", json=asked).status_code for _ in range(2)]
    found += [browser.post("/verify/number", data=asked).status_code for _ in range(2)]
    assert found == [200, 200, 200, 429]
    assert browser.get("/v/x").status_code == 200


def test_an_ipv6_address_counts_with_its_network() -> None:
    from starlette.requests import Request

    from web.limits import address_of

    def of(host: str) -> str:
        return address_of(Request({"type": "http", "client": (host, 1), "headers": []}))

    assert of("2001:db8::1") == of("2001:db8:0:0:ffff::9") == "2001:db8::/64"
    assert of("2001:db8:0:1::1") != of("2001:db8::1")
    assert of("198.51.100.7") == "198.51.100.7"


def test_no_log_holds_a_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)
    app = create_app(settings, Sample(), FixedClock(AT), checks=SampleChecks(error=RegisterSilent("broken")))
    access = logging.getLogger("uvicorn.access")
    with caplog.at_level(logging.DEBUG), serving(app, access_log=True) as url:
        access.propagate = logging.getLogger("uvicorn").propagate = True
        access.addHandler(caplog.handler)
        try:
            with httpx.Client(trust_env=False) as browser:
                browser.get(f"{url}/v/{TOKEN}")
                browser.get(f"{url}/api/check/{TOKEN}?x={TOKEN}")
                browser.get(f"{url}/v/{TOKEN}/more/{TOKEN}")
        finally:
            access.removeHandler(caplog.handler)
    # The test's own client writes logs too.
    written = [one.getMessage() for one in caplog.records if not one.name.startswith("httpcore")]
    assert any("/v/…" in line for line in written) and any("/api/check/…" in line for line in written)
    assert [line for line in written if TOKEN in line and "HTTP Request" not in line] == []
    assert WithoutTokens().filter(logging.makeLogRecord({"msg": "x", "args": None}))


class Slow(SampleChecks):
    """Checks that wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def by_file(self, data: bytes) -> Shown:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(10)
        with self._lock:
            self.running -= 1
        return SAMPLES["valid_file"]


def test_no_more_than_four_files_are_looked_at_at_once_and_none_keeps_others_waiting(tmp_path: Path) -> None:
    (tmp_path / "access.toml").write_text(access_text() + FREE, encoding="utf-8")
    settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)
    slow = Slow()
    app = create_app(settings, Sample(), FixedClock(AT), checks=slow)

    async def storm() -> tuple[list[int], float]:
        transport = [httpx.ASGITransport(app, client=(f"198.51.100.{number}", 1)) for number in range(8)]
        clients = [httpx.AsyncClient(transport=one, base_url="http://127.0.0.1") for one in transport]
        sent = [asyncio.create_task(one.post("/api/verify", files={"file": ("a", b"x")})) for one in clients]
        while slow.running < 4:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        page = await clients[0].get("/v/valid")
        took = time.monotonic() - began
        assert page.status_code == 200
        slow.go.set()
        answers = await asyncio.gather(*sent)
        return [answer.status_code for answer in answers], took

    statuses, took = asyncio.run(storm())
    assert statuses == [200] * 8
    assert slow.most == 4
    assert took < 5


def test_one_address_cannot_take_all_the_room_for_files_and_slow_ones_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "access.toml").write_text(access_text() + FREE, encoding="utf-8")
    monkeypatch.setattr(upload, "_SECONDS", 0.5)
    settings = Settings(tmp_path, "postgresql://nowhere", tmp_path / "s.toml", tmp_path / "keys", Mode.DEMO)
    app = create_app(settings, Sample(), FixedClock(AT), checks=SampleChecks())
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

    async def trickle() -> object:
        yield head
        await asyncio.sleep(60)
        yield b"x"

    async def storm() -> list[int]:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            sent = [
                asyncio.create_task(client.post("/api/verify", content=trickle(), headers=kind))  # type: ignore[arg-type]
                for _ in range(turns._OF_ONE + 1)
            ]
            return sorted([answer.status_code for answer in await asyncio.gather(*sent)])

    assert asyncio.run(storm()) == [408] * turns._OF_ONE + [503]

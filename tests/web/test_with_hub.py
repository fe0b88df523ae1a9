"""The pages over the hub itself: a real database, a real collect, real figures."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from core.settings import Mode, Settings
from hub.collect import collect
from hub.context import open_hub
from hub.returns import confirm, send_back
from store.connection import connect
from store.vault import make_keyring
from tests.hub.access_files import clerk
from web.app import create_app
from web.session import caller, staff

pytestmark = pytest.mark.world

CSV = """source_year,name,code,registered_on,type,legal_rep_masked,capital,scope,province,city,address,code_class,flags
2020,武汉样例甲科技有限公司,91420112MAKTE5T008,2020-01-02,有限责任公司,张**,100万人民币,软件开发,湖北省,武汉市,东西湖区吴家山,uscc18_valid,
2020,武汉样例乙科技有限公司,91420112MAKTE5T00X,2020-01-02,有限责任公司,李**,100万人民币,软件开发,湖北省,武汉市,东西湖区吴家山,uscc18_valid,
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    make_keyring(tmp_path / "keys")
    (tmp_path / "sources.toml").write_text("")
    (tmp_path / "sources.toml").chmod(0o600)
    return Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)


def client(settings: Settings) -> TestClient:
    app = create_app(settings)
    app.dependency_overrides[staff] = app.dependency_overrides[caller] = clerk
    return TestClient(app, base_url="http://127.0.0.1")


def test_an_empty_hub_shows_every_declared_source_as_never_read_or_not_open(settings: Settings) -> None:
    page = client(settings).get("/overview")
    assert page.status_code == 200
    sources = client(settings).get("/api/sources").json()["sources"]
    assert {source["state"] for source in sources} == {"never read", "not open"}
    for state, word in (("never read", "尚未采集"), ("not open", "未开通")):
        assert page.text.count(word) == sum(source["state"] == state for source in sources) > 0
    assert "尚未签发证照" in page.text


def test_what_was_collected_stands_on_the_page_and_balances(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "companies.csv"
    file.write_text(CSV, encoding="utf-8")
    with open_hub(settings) as hub:
        collect(hub, "market.company", file=file)
    rows = client(settings).get("/api/sources").json()["sources"]
    row = next(row for row in rows if row["resource"] == "market.company")
    assert (row["pulled"], row["accepted"], row["quarantined"], row["balanced"]) == (2, 1, 1, True)
    assert row["last_collected"] is not None
    page = client(settings).get("/overview").text
    assert "样例甲" not in page
    assert "91420112" not in page


def test_what_was_set_aside_is_counted_on_its_way_back_and_nothing_of_it_shown(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "companies.csv"
    file.write_text(CSV, encoding="utf-8")
    with open_hub(settings) as hub:
        collect(hub, "market.company", file=file)

    def row() -> dict[str, object]:
        rows = client(settings).get("/api/quarantine").json()
        (found,) = [row for row in rows if row["resource"] == "market.company"]
        return {name: found[name] for name in ("waiting", "handover", "sent", "total", "by_hand")}

    assert row() == {"waiting": 1, "handover": 0, "sent": 0, "total": 1, "by_hand": True}
    with open_hub(settings) as hub:
        (sending,) = send_back(hub, "market.company").sendings
    assert row() == {"waiting": 0, "handover": 1, "sent": 0, "total": 1, "by_hand": True}
    with open_hub(settings) as hub:
        confirm(hub, sending.reference, who="tester")
    assert row() == {"waiting": 0, "handover": 0, "sent": 1, "total": 1, "by_hand": True}
    page = client(settings).get("/quarantine").text
    assert f"{sending.due} 到期<br>未核实" in page
    assert "样例乙" not in page and "91420112" not in page


def test_it_is_ready_with_its_database_and_unready_without(settings: Settings, tmp_path: Path) -> None:
    assert client(replace(settings, signs=False)).get("/health/ready").status_code == 200
    answer = client(settings).get("/health/ready")  # a database, and no key to seal with
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "not ready", "code": "HUB-955", "because": "HUB-312"},
    )
    gone = Settings(tmp_path, "postgresql://127.0.0.1:1/none", settings.sources_file, settings.keys, Mode.DEMO)
    answer = client(gone).get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "HUB-601")
    assert client(gone).get("/health/live").status_code == 200
    assert client(gone).get("/overview").status_code == 503
    assert client(gone).get("/").status_code == 200


def test_a_database_without_migrations_is_not_ready(database_url: str, tmp_path: Path) -> None:
    make_keyring(tmp_path / "keys")
    bare = Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    opened = connect(database_url)
    with opened, opened.cursor() as cursor:
        cursor.execute("drop table batch cascade")
    opened.close()
    answer = client(bare).get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "HUB-602")


def test_the_server_starts_as_a_program_and_ends_on_a_signal(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "HUB_HOME": str(settings.home),
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_SOURCES": str(settings.sources_file),
        "HUB_KEYS": str(settings.keys),
    }
    server = subprocess.Popen([sys.executable, "-m", "web", "--port", str(port)], env=environment)
    try:
        assert "验证电子证照" in _patiently(f"http://127.0.0.1:{port}/")
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) in (0, -signal.SIGTERM)
    finally:
        server.kill()
        server.wait()


def _patiently(url: str) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with httpx.Client(trust_env=False) as browser:
                return browser.get(url).text
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def judged(settings: Settings, data: bytes) -> tuple[str, str]:
    """The verdict's word and the page, from the real verifier and a register that is empty."""
    page = client(settings).post("/verify", files={"file": ("licence.ofd", data)}).text
    word = re.search(r'<span class="sign"[^>]*>.</span><span>([^<]+)<', page)
    assert word
    return word.group(1), page


@pytest.mark.parametrize("data", [b"no zip", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(200), b"%PDF-1.7\n"])
def test_what_is_no_licence_is_no_licence_and_no_error(settings: Settings, data: bytes) -> None:
    word, page = judged(settings, data)
    assert word == "不是完好的电子证照"
    assert "文件容器" in page


def test_a_bomb_is_refused_as_a_file_that_is_no_licence(settings: Settings) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", bytes(200 << 20))
    began = time.monotonic()
    word, page = judged(settings, bomb.getvalue())
    assert word == "不是完好的电子证照" and "文件过大" in page
    assert time.monotonic() - began < 10


def test_a_changed_licence_is_tampered_with_and_the_page_names_the_part_and_the_step(
    settings: Settings, ofd_seals: Path
) -> None:
    word, page = judged(settings, (ofd_seals / "bad-01-content-byte.ofd").read_bytes())
    assert word == "被篡改"
    row = re.search(r"<td>文件完整性与保护范围.*?</tr>", page, re.S)
    assert row
    assert "不通过" in row.group()
    assert "第 1 页：" in page
    assert "未经证实" in page


def test_a_licence_of_others_is_told_as_theirs_where_its_root_is_trusted_and_else_cannot_be_told(
    settings: Settings, ofd_seals: Path
) -> None:
    licence = (ofd_seals / "ok-01-v4-whole.ofd").read_bytes()
    word, page = judged(settings, licence)
    assert word == "现在无法核验" and "未配置信任根" in page
    (settings.keys / "trust").mkdir()
    shutil.copy(next((ofd_seals / "pki").glob("*root*.pem")), settings.keys / "trust" / "root.pem")
    word, page = judged(settings, licence)
    assert word == "非本机关签发"
    assert "请向该机关核实" in page and "未经证实" not in page


def test_without_a_database_a_file_is_still_looked_at(settings: Settings, tmp_path: Path, ofd_seals: Path) -> None:
    gone = Settings(tmp_path, "postgresql://127.0.0.1:1/none", settings.sources_file, settings.keys, Mode.DEMO)
    assert judged(gone, (ofd_seals / "bad-01-content-byte.ofd").read_bytes())[0] == "被篡改"
    (settings.keys / "trust").mkdir()
    shutil.copy(next((ofd_seals / "pki").glob("*root*.pem")), settings.keys / "trust" / "root.pem")
    word, page = judged(gone, (ofd_seals / "ok-01-v4-whole.ofd").read_bytes())
    assert word == "现在无法核验" and "登记簿现在无法查询" in page
    asked = client(gone).get("/v/x")
    assert asked.status_code == 503 and "现在无法核验" in asked.text

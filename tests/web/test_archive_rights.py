"""Who comes through which door of the archive: what is not named here for a role is closed to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from core.settings import Mode, Settings
from hub import sessions
from hub.context import open_hub
from store.vault import make_keyring
from tests.hub.access_files import write
from tests.web.archive_world import with_archivists
from tests.web.conftest import MovingClock, Site
from web.app import create_app

ID = "00000000-0000-7000-8000-000000000001"
#: Account of each kind of visitor; None has not signed in, `company` is a legal representative.
VISITORS = {
    "nobody": None, "clerk": "li", "archivist": "wu", "both": "zhou", "auditor": "auditor", "officer": "officer",
    "company": "", "terminal": "T-1",
}  # fmt: skip
STAFF = {"archivist", "both", "clerk"}
#: Every door with who may come in. A request that is not there is told as one that is another's: 404.
DOORS = {
    "GET /archive": STAFF,
    "POST /archive": {"archivist", "both"},
    f"GET /archive/volumes/{ID}": {"archivist", "both"},
    "GET /archive/report": {"archivist", "both"},
    "GET /archive/requests/new": STAFF,
    "POST /archive/requests/new": STAFF,
    "POST /archive/requests": STAFF,
    f"GET /archive/requests/{ID}": STAFF,
    f"POST /archive/requests/{ID}/decide": {"archivist", "both"},
    f"POST /archive/requests/{ID}/answer": STAFF,
    f"POST /archive/requests/{ID}/withdraw": STAFF,
    f"GET /archive/requests/{ID}/facts": STAFF,
    f"GET /archive/requests/{ID}/proofs/1": STAFF,
    f"GET /archive/requests/{ID}/files.zip": STAFF,
    f"GET /archive/requests/{ID}/files/a/b.ofd": STAFF,
    "GET /archive/transfers": {"archivist", "both", "auditor"},
    f"GET /archive/transfers/{ID}": {"archivist", "both", "auditor"},
    "GET /my-archive": {"company"},
    "POST /my-archive/requests": {"company"},
    f"GET /my-archive/requests/{ID}": {"company"},
    f"POST /my-archive/requests/{ID}/answer": {"company"},
    f"POST /my-archive/requests/{ID}/withdraw": {"company"},
    f"GET /my-archive/requests/{ID}/facts": {"company"},
    f"GET /my-archive/requests/{ID}/files.zip": {"company"},
    f"GET /my-archive/requests/{ID}/files/a/b.ofd": {"company"},
    "POST /api/archive/facts": set(),
    "POST /api/archive/requests": set(),
    f"GET /api/archive/requests/{ID}": set(),
    f"GET /api/archive/requests/{ID}/files/a/b.ofd": set(),
}
#: Doors other tests are about.
ELSEWHERE = ("/archive/checks", "/archive/packages")
SENT = {
    "/archive": {"query": "某某"},
    "/my-archive/requests": {"form": "facts", "purpose": "贷款"},
    f"/archive/requests/{ID}/decide": {"act": "grant", "reason": "同意"},
}


@pytest.fixture(scope="module")
def site(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all visitors: none of them changes anything in it."""
    home = tmp_path_factory.mktemp("rights")
    make_keyring(home / "keys")
    with_archivists(write(home / "access.toml"))
    settings = Settings(home, module_database_url, home / "s.toml", home / "keys", Mode.DEMO, signs=False)
    clock = MovingClock()
    yield Site(create_app(settings, clock=clock), settings, clock)


def visitor(site: Site, name: str) -> tuple[TestClient, str]:
    """A browser in which somebody has signed in, and what its forms have to carry."""
    browser, account = site.browser(), VISITORS[name]
    if account is None:
        return browser, ""
    with open_hub(site.settings, site.clock) as hub:
        subject = hub.subject("company", "91420112MA4K00002B")
        cookie = {
            "company": lambda: sessions.begin(hub, "person", "", "武**", subject=subject, subject_kind="company"),
            "terminal": lambda: sessions.begin(hub, "terminal", account, "自助终端"),
        }.get(name, lambda: sessions.begin(hub, "staff", account, name))()
    browser.cookies.set("hub", cookie)
    return browser, sessions.csrf_of(cookie)


def knock(browser: TestClient, csrf: str, door: str) -> int:
    method, _, path = door.partition(" ")
    if path.startswith("/api/"):
        said = {"number": "91420112MA4K00002B", "purpose": "开户"} if method == "POST" else None
        return browser.request(method, path, json=said, headers={"X-CSRF-Token": csrf}).status_code
    if method == "GET":
        return browser.get(path).status_code
    form = {"csrf": csrf, **SENT.get(path, {})}
    if path == "/archive/requests":
        return browser.post(path, data=form, files={"proof-valid_id": ("a.pdf", b"%PDF-1.4")}).status_code
    return browser.post(path, data=form).status_code


@pytest.mark.parametrize("name", VISITORS)
def test_every_door_is_closed_to_whom_it_is_not_for(site: Site, name: str) -> None:
    browser, csrf = visitor(site, name)
    shut = {401, 403} if name not in ("nobody", "company", "terminal") else {303, 401, 403}
    for door, welcome in DOORS.items():
        status = knock(browser, csrf, door)
        if name in welcome:
            assert status in (200, 404, 422), (door, status)
        elif name in ("archivist", "both", "clerk", "auditor", "officer") and door.split()[1].startswith("/my-"):
            assert status == 303, (door, status)
        else:
            assert status in shut, (door, status)


def test_the_table_above_names_every_door(site: Site) -> None:
    known = {
        re.sub(r"\{[^}]*\}", "*", door.replace(ID, "*").replace("a/b.ofd", "*").replace("/1", "/*")) for door in DOORS
    }
    found = {
        f"{method} {re.sub(r'[{][^}]*[}]', '*', path)}"
        for path, methods in paths(site).items()
        for method in methods
        if path.startswith(("/archive", "/my-archive", "/api/archive/facts", "/api/archive/requests"))
        and not path.startswith(ELSEWHERE)
    }
    assert found == known


def paths(site: Site) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in site.app.routes:
        for one in getattr(getattr(route, "original_router", None), "routes", [route]):
            if methods := getattr(one, "methods", None):
                found.setdefault(one.path, set()).update(methods - {"HEAD"})
    return found


def test_a_form_without_its_token_takes_nothing_in_and_a_large_one_is_not_read(site: Site) -> None:
    browser, _ = visitor(site, "clerk")
    for path in ("/archive/requests", f"/archive/requests/{uuid4()}/withdraw"):
        stale = browser.post(path, data={"csrf": "x"}, files={"f": ("a.pdf", b"%PDF")})
        assert stale.status_code == 403 and "HUB-872" in stale.text
    huge = {"Content-Length": str(60 * 1024 * 1024), "Content-Type": "multipart/form-data; boundary=x"}
    refused = browser.post("/archive/requests", content=b"--x--", headers=huge)
    assert refused.status_code == 413 and "HUB-773" in refused.text

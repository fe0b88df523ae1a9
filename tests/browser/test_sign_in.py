"""Signing in as people do it: by password in the demonstration, by their organisation's provider, and out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.settings import Mode, Settings
from sandbox.oidc import Provider, ProviderServer
from store.vault import make_keyring
from tests.browser.conftest import Open
from tests.hub.access_files import PASSWORD, write
from tests.serving import serving
from web.app import create_app

Picture = Callable[..., Path]
Judge = Callable[[Page], None]


@dataclass
class Connected:
    """A served hub, and the provider its staff sign in with."""

    url: str
    provider: Provider


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Connected]:
    make_keyring(tmp_path / "keys")
    (tmp_path / "sources.toml").write_text("")
    (tmp_path / "sources.toml").chmod(0o600)
    provider = Provider(client_id="hub-web", users={"u-1001": "staff password"})
    server = ProviderServer(provider)
    server.start()
    (tmp_path / "oidc.secret").write_text(provider.client_secret or "")
    access = write(tmp_path / "access.toml")
    access.write_text(
        access.read_text(encoding="utf-8")
        + f'\n[[staff]]\nid = "zhao"\nname = "窗口赵"\norganisation = "bureau"\nroles = ["clerk"]\nsubject = "u-1001"\n'
        f'\n[provider]\nissuer = "{provider.issuer}"\nclient_id = "hub-web"\nsecret_file = "oidc.secret"\n',
        encoding="utf-8",
    )
    settings = Settings(tmp_path, database_url, tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)
    with serving(create_app(settings)) as url:
        provider.redirects = (f"{url}/sign-in/oidc/back",)
        yield Connected(url, provider)
    server.stop()


def test_a_clerk_signs_in_with_the_keyboard_and_out_again(
    open_page: Open, served: Connected, picture: Picture, judged_by_axe: Judge
) -> None:
    page = open_page("/quarantine")
    expect(page.get_by_role("heading", name="工作人员登录")).to_be_visible()
    judged_by_axe(page)
    picture(page, "sign-in")
    page.keyboard.type("li")  # the field is focused already
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
    judged_by_axe(page)
    picture(page, "sign-in-refused")
    page.get_by_label("演示账号").fill("li")
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/quarantine")
    assert "li" not in page.url and PASSWORD not in page.url
    assert page.evaluate("document.cookie") == ""
    picture(page, "signed-in")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(f"{served.url}/")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="工作人员登录")).to_be_visible()


def test_staff_sign_in_at_their_organisations_provider(open_page: Open, served: Connected) -> None:
    page = open_page("/sign-in?next=/overview")
    page.get_by_role("link", name="使用统一身份认证登录").click()
    expect(page.get_by_role("heading", name="统一身份认证（演示）")).to_be_visible()
    page.get_by_label("用户名").fill("u-1001")
    page.get_by_label("密码").fill("staff password")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{served.url}/overview")
    expect(page.get_by_text("窗口赵")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/sign-in/person", "/nowhere"])
def test_what_everybody_sees_is_for_everybody(
    open_page: Open, picture: Picture, judged_by_axe: Judge, path: str
) -> None:
    page = open_page(path)
    judged_by_axe(page)
    picture(page, "public-" + (path.strip("/").replace("/", "-") or "home"))
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_is_no_clerk_reads_at_the_desk_what_to_do(
    open_page: Open, served: Connected, picture: Picture, judged_by_axe: Judge
) -> None:
    page = open_page("/sign-in?next=/desk")
    page.get_by_label("演示账号").fill("auditor")
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/desk")
    expect(page.get_by_role("alert")).to_contain_text("您的账号没有查看此页的权限")
    judged_by_axe(page)
    picture(page, "auditor-at-the-desk")

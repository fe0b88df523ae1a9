"""A bureau that is followed by another: the table that says so, and the new bureau's seal, for tests of old licences.

Licences are issued with the demo's seal before the day; from the day on the demo's bureau is gone and the new one has
taken over.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.settings import Settings
from hub.context import Hub
from hub.install import DEMO_BUREAU
from hub.press import DEMO
from hub.seals import add_configured
from signing.demo_pki import Bureau, prepare

NEW_BUREAU = Bureau(name="武汉市东西湖区政务服务局（测试）", credit_code="11420112MB0000003Y", es_id="42011200000009")
_NEW_SEAL = "new-seal"


def write_succession(settings: Settings, effective: date, *, more: str = "") -> None:
    """Have the demo's bureau be followed by `NEW_BUREAU` from a day on; `more` is further TOML for the table."""
    settings.home.joinpath("organs.toml").write_text(
        f"""
demo = true
bureau = "new"
ignore_test_mark = true
seal_names = ["{{name}}", "{{name}}电子证照专用章"]

[[organs]]
id = "old"
credit_code = "{DEMO_BUREAU.credit_code}"
verified = false
names = [{{ name = "{DEMO_BUREAU.name}", until = {effective - timedelta(days=1)}, verified = false }}]

[[organs]]
id = "new"
credit_code = "{NEW_BUREAU.credit_code}"
verified = false
names = [{{ name = "{NEW_BUREAU.name}", since = {effective}, verified = false }}]

[[successions]]
predecessor = "old"
successor = "new"
effective = {effective}
basis = "测试方案（未核实）"
verified = false
{more}
""",
        encoding="utf-8",
    )


def use_new_seal(hub: Hub, at: datetime) -> None:
    """Have the press seal as `NEW_BUREAU`, under the demo's authority, and enter its seal in the register of seals."""
    use_seal_of(hub, NEW_BUREAU, at, _NEW_SEAL)


def use_seal_of(hub: Hub, bureau: Bureau, at: datetime, folder: str) -> None:
    """The same for any bureau; `folder` is where its keys lie below the demo's."""
    prepare(hub.settings.keys / DEMO, bureau, at, folder)
    (hub.settings.keys / "press.toml").write_text(
        f"""
[seal]
kind = "file"
key_file = "{DEMO}/{folder}/signer-key.pem"
certificate_file = "{DEMO}/{folder}/signer-cert.pem"
passphrase_file = "{DEMO}/passphrase"
seal_file = "{DEMO}/{folder}/seal.esl"

[pdf]
kind = "file"
key_file = "{DEMO}/{folder}/pdf/signer-key.pem"
certificate_file = "{DEMO}/{folder}/pdf/signer-cert.pem"
passphrase_file = "{DEMO}/passphrase"
chain_file = "{DEMO}/pdf-root-cert.pem"
""",
        encoding="utf-8",
    )
    add_configured(hub, who="test", legal_basis="测试方案")

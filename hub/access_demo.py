"""The access file of the demonstration: made-up offices, accounts for each role, two terminals, one bank.

Everything in it is marked `demo = true`, which production mode refuses. Passwords and secrets are drawn anew for each
installation and lie in `HUB_HOME/secrets/`, readable by its owner only; the file itself has hashes.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.settings import Mode, Settings
from hub.access_file import DemoAccessRefused, read_access
from hub.passwords import hashed

ACCOUNTS: Final = "demo-accounts.txt"
#: No look-alikes: people type these.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class _Account:
    id: str
    name: str
    organisation: str
    roles: tuple[str, ...]


_STAFF: Final = (
    _Account("demo-counter", "窗口人员甲（演示）", "demo-bureau", ("clerk",)),
    _Account("demo-street", "便民窗口人员乙（演示）", "demo-street", ("clerk",)),
    _Account("demo-steward", "数据管理员（演示）", "demo-bureau", ("data_steward",)),
    _Account("demo-auditor", "审计员（演示）", "demo-bureau", ("auditor",)),
    _Account("demo-operator", "运维人员（演示）", "demo-bureau", ("operator",)),
    _Account("demo-officer", "证照管理员（演示）", "demo-bureau", ("licence_officer",)),
    _Account("demo-archivist", "档案管理员（演示）", "demo-bureau", ("archivist",)),
)
_TERMINALS: Final = (
    ("demo-terminal-1", "自助终端一号（演示）", "demo-bureau", "区政务服务中心一楼大厅（演示）"),
    ("demo-terminal-2", "自助终端二号（演示）", "demo-street", "街道便民服务中心（演示）"),
)
_PARTNER: Final = ("demo-bank", "演示银行开户系统", "demo-bank-office")

_ORGANISATIONS: Final = """\
# Who may ask for what in the demonstration. Made by `hub prepare`, yours to change: it is read again once it changes.
# Everything is made up and marked `demo = true`; production mode refuses it. docs/access.md explains every line.

[[organisations]]
code = "demo-bureau"
name = "区行政审批局综合窗口（演示）"
levels = ["district", "street", "community"]

[[organisations]]
code = "demo-street"
name = "某街道便民服务中心（演示）"
street = "420112999"  # made up
levels = ["street", "community"]

[[organisations]]
code = "demo-bank-office"
name = "演示银行"

"""
_GRANTS: Final = """\
# The numbers of lookups a day are our own guess.
[[grants]]
organisations = ["demo-bureau"]
callers = ["clerk"]
items = "all"
purposes = ["acceptance", "decision", "follow_up"]
quota = 2000

[[grants]]
organisations = ["demo-street"]
callers = ["clerk"]
items = "all"
purposes = ["acceptance"]
quota = 500

[[grants]]
organisations = ["demo-bureau", "demo-street"]
callers = ["terminal"]
items = "all"
purposes = ["self_service"]
quota = 1000

[[grants]]
organisations = ["demo-bank-office"]
callers = ["partner"]
items = "all"
purposes = ["follow_up"]
fields = [
    "tax.registration.taxpayer_name", "tax.registration.credit_code", "tax.registration.state",
    "market.company.name", "market.company.credit_code",
]
quota = 200

# Annotated copies 加注件; days and numbers are our own guess too.
[copies]
most_days = 90

[[copy_grants]]
organisations = ["demo-bureau"]
callers = ["clerk"]
licence_types = "all"
items = "all"
purposes = ["acceptance", "decision", "follow_up"]
fields = "face"
basis = "国务院关于在线政务服务的若干规定（国务院令第716号）"
most_days = 30
quota = 200

# Who may ask how a licence stands (GET /api/licences/status).
[[status]]
organisations = ["demo-bank-office"]
callers = ["partner"]
"""


def make(settings: Settings) -> Path | None:
    """Write file, secrets and list of accounts where there is no access file yet; the path of the list, or None.

    Raises:
        DemoAccessRefused: in production mode.
    """
    if settings.mode is Mode.PRODUCTION:
        raise DemoAccessRefused("production mode makes no demonstration accounts; write the access file yourself.")
    if settings.access_file.exists():
        return None
    folder = settings.home / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = [_ORGANISATIONS]
    told = ["Accounts of the demonstration; sign in at /sign-in.\n"]
    for account in _STAFF:
        password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        roles = ", ".join(f'"{role}"' for role in account.roles)
        text.append(
            f'[[staff]]\nid = "{account.id}"\nname = "{account.name}"\norganisation = "{account.organisation}"\n'
            f'roles = [{roles}]\npassword = "{hashed(password)}"\ndemo = true\n\n'
        )
        told.append(f"{account.id:<16} {password}   {account.name}: {', '.join(account.roles)}\n")
    told.append("\nTerminals (their keys beside this file; a browser session: hub access terminal NUMBER)\n")
    for number, name, organisation, place in _TERMINALS:
        key = folder / f"{number}.key"
        _private(key, secrets.token_hex(32) + "\n")
        text.append(
            f'[[terminals]]\nid = "{number}"\nname = "{name}"\norganisation = "{organisation}"\nplace = "{place}"\n'
            f'algorithm = "hmac-sha256"\nkey_file = "{_beside(key, settings.access_file.parent)}"\ndemo = true\n\n'
        )
        told.append(f"{number}   {name}, key in {key.name}\n")
    secret = secrets.token_urlsafe(24)
    client, name, organisation = _PARTNER
    text.append(
        f'[[partners]]\nid = "{client}"\nname = "{name}"\norganisation = "{organisation}"\n'
        f'secret = "{hashed(secret)}"\nroles = ["archive"]\ndemo = true\n\n'
    )
    told.append(f"\nPartner (POST /oauth/token): client_id {client}, client_secret {secret}\n")
    text.append(_GRANTS)
    accounts = folder / ACCOUNTS
    _private(accounts, "".join(told))
    # Last: a run that died before is begun anew, with new secrets.
    _private(settings.access_file, "".join(text))
    read_access(settings.access_file, settings.mode)
    return accounts


def _beside(key: Path, folder: Path) -> str:
    return key.relative_to(folder).as_posix() if key.is_relative_to(folder) else str(key)


def _private(path: Path, text: str) -> None:
    """A whole file or none, for its owner only."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)

"""An access file for tests: written by hand, so that it does not agree with the program by construction."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hub.access import with_holder
from hub.caller import Caller, CallerKind
from hub.passwords import hashed

HR = "11420112MB0000000M3000199001000"
FOOD = "11420112MB0000000M3000199003000"
PASSWORD = "correct horse"

_TEXT = """
[[organisations]]
code = "bureau"
name = "区行政审批局综合窗口"

[[organisations]]
code = "street"
name = "吴家山街道便民服务中心"
street = "420112001"
levels = ["street"]

[[organisations]]
code = "bank"
name = "某银行"

[[staff]]
id = "li"
name = "窗口李"
organisation = "bureau"
roles = ["clerk"]
password = "{hash}"
demo = true

[[staff]]
id = "wang"
name = "窗口王"
organisation = "street"
roles = ["clerk"]
password = "{hash}"
demo = true

[[staff]]
id = "narrow"
name = "窗口赵"
organisation = "bureau"
roles = ["clerk"]
items = ["{food}"]
password = "{hash}"
demo = true

[[staff]]
id = "auditor"
name = "审计员"
organisation = "bureau"
roles = ["auditor"]
password = "{hash}"
demo = true

[[staff]]
id = "officer"
name = "证照管理员"
organisation = "bureau"
roles = ["licence_officer"]
password = "{hash}"
demo = true

[[staff]]
id = "archivist"
name = "档案管理员"
organisation = "bureau"
roles = ["archivist"]
password = "{hash}"
demo = true

[[terminals]]
id = "T-1"
name = "自助终端一号"
organisation = "bureau"
place = "政务服务中心一楼"
algorithm = "hmac-sha256"
key_file = "t1.key"
demo = true

[[partners]]
id = "bank-1"
name = "某银行开户系统"
organisation = "bank"
secret = "{hash}"
roles = ["archive"]
demo = true

[[partners]]
id = "case-system"
name = "行政处罚系统"
organisation = "bureau"
secret = "{hash}"
roles = ["licence_officer"]
demo = true

[[grants]]
organisations = ["bureau"]
callers = ["clerk"]
items = "all"
purposes = ["acceptance", "decision"]
quota = 500

[[grants]]
organisations = ["bureau"]
callers = ["terminal"]
items = "all"
purposes = ["self_service", "acceptance"]
quota = 200

[[grants]]
organisations = ["street"]
callers = ["clerk"]
items = "all"
purposes = ["acceptance"]
quota = 50
since = 2026-11-01
until = 2026-12-31

[[grants]]
organisations = ["bank"]
callers = ["partner"]
items = ["{hr}"]
purposes = ["follow_up"]
fields = ["tax.registration.taxpayer_name", "tax.registration.state"]
quota = 5

[[status]]
organisations = ["bank"]
callers = ["partner"]
until = 2026-12-31
"""


@cache
def access_text() -> str:
    """The file as a person would write it."""
    return _TEXT.format(hash=hashed(PASSWORD), hr=HR, food=FOOD)


def write(path: Path) -> Path:
    """The file and the terminal's key beside it."""
    path.write_text(access_text(), encoding="utf-8")
    (path.parent / "t1.key").write_text("ab" * 32)
    return path


def clerk(account: str = "li", organisation: str = "bureau", street: str | None = None) -> Caller:
    return Caller(CallerKind.CLERK, account, "窗口", organisation, "机构", street=street, roles=frozenset({"clerk"}))


def terminal(*, present: bool = True) -> Caller:
    found = Caller(CallerKind.TERMINAL, "T-1", "自助终端一号", "bureau", "区行政审批局综合窗口", place="一楼")
    return with_holder(found) if present else found


def partner() -> Caller:
    return Caller(CallerKind.PARTNER, "bank-1", "某银行开户系统", "bank", "某银行")

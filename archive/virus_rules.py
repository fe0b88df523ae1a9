"""Items 4-1 and 4-2: is there a virus scanner in order, and does it find anything. Without one nothing is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from archive.opened import CannotJudge, Opened
from archive.report import Finding
from core.errors import HubError

#: Signatures that are older are no answer.
OLDEST: Final = timedelta(days=7)


def scanner_state(package: Opened) -> Iterator[Finding]:
    """There is a scanner, and its signatures are not old."""
    _demand_fresh(package)
    yield from ()


def virus(package: Opened) -> Iterator[Finding]:
    """The scanner finds nothing in the package or in its files."""
    if package.scanner is None:
        raise _none()
    try:
        found = package.scanner.scan(package.data)
    except HubError as error:
        raise CannotJudge(
            f"杀毒软件未作答（{error.code}）", f"the virus scanner gave no answer ({error.code})"
        ) from None
    if found is not None:
        yield Finding(f"检出病毒：{found}", f"a virus was found: {found}")
        return
    # that old signatures find nothing says nothing
    _demand_fresh(package)


def _demand_fresh(package: Opened) -> None:
    if package.scanner is None:
        raise _none()
    try:
        age = package.scanner.database_age()
    except HubError as error:
        raise CannotJudge(
            f"杀毒软件未作答（{error.code}）", f"the virus scanner gave no answer ({error.code})"
        ) from None
    if age is None:
        raise CannotJudge("病毒库日期未知", "the scanner does not say how old its signatures are")
    if age > OLDEST:
        raise CannotJudge(f"病毒库已{age.days}天未更新", f"the scanner's signatures are {age.days} days old")


def _none() -> CannotJudge:
    return CannotJudge("未安装杀毒软件（ClamAV），未检测", "no virus scanner (ClamAV) is installed")

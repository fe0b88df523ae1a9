"""The licence register is published each month: its head under the bureau's seal, for everybody, once and for all.

For a month the first head signed after its end is published. A file that was handed out cannot be taken back: whoever
has it can have it proved at any time that the register only grew since.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from core.clock import SHANGHAI, second_text
from core.digest import sm3
from core.errors import Permanent, Rejected
from core.settings import Settings
from documents.licence import LicencePage, SheetKind, seal_places, set_sheets
from documents.ofd import write
from documents.package import Package
from hub import licence_register
from hub.compose import data_xml
from hub.context import Hub, OnStep, no_step
from hub.files import read_checked, write_durably
from hub.log_heads import Head, to_dict
from hub.log_proofs import head_of
from hub.press import Press
from store import register_months, seal_uses
from store.register_months import PublishedMonth
from store.seal_uses import DocumentKind
from store.turns import only_one

__all__ = ["PublishedMonth", "every", "file_of", "last_month", "publish", "read_file"]

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_TEMPLATE: Final = "register-month"


class MonthNotOver(Rejected):
    """A month cannot be published: it is not over, or is no month."""

    code: ClassVar[str] = "HUB-926"


class MonthUnknown(Permanent):
    """The register of this month was not published."""

    code: ClassVar[str] = "HUB-927"


class NoticeRefusedByVerifier(Permanent):
    """A notice of the register did not pass our own verifier; it was not published."""

    code: ClassVar[str] = "HUB-928"


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing a month came to; `fresh`: it was published by this call."""

    month: PublishedMonth
    document: Path
    head: Path
    fresh: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "month": self.month.month,
            "head": self.month.head,
            "entries": self.month.entries,
            "document": str(self.document),
            "document_sm3": self.month.document_sm3.hex(),
            "head_file": str(self.head),
            "published_at": second_text(self.month.published_at),
            "fresh": self.fresh,
        }


def last_month(now: datetime) -> str:
    """The month that ended last, such as `2026-11`."""
    first = now.astimezone(SHANGHAI).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def every(hub: Hub) -> list[PublishedMonth]:
    """All published months, the newest first."""
    return register_months.every(hub.connection)


def file_of(settings: Settings, name: str) -> Path:
    """Where a published file lies, such as `2026-11.ofd`."""
    return settings.home / "published" / "register" / name


def publish(hub: Hub, month: str | None = None, on_step: OnStep = no_step) -> Publication:
    """Publish a month, by default the one that ended last. One that is published stays as it is.

    Raises:
        MonthNotOver: it is not over yet, or is no month.
        TurnTaken: another process publishes the month; nothing was done.
        FileAltered: it was published, and its files are gone or changed.
        SealNotRegistered, SealNotActive, TimestampUnavailable: the seal may not or cannot be used now.
        NoticeRefusedByVerifier: what was sealed is not what it should be.
        HubError: as sealing a head of the register raises, and drawing, signing or the store.
    """
    month = month or last_month(hub.clock.now())
    end = _end_of(month)
    if hub.clock.now() < end:
        raise MonthNotOver(f"{month} is not over yet; nothing was published. It can be from {end:%Y-%m-%d} on.")
    with only_one(hub.connection, f"publish the register of {month}"):
        known = register_months.of(hub.connection, month)
        if known is not None:
            _check_files(hub.settings, known)
            return _publication(hub.settings, known, fresh=False)
        number = register_months.first_head_since(hub.connection, end)
        head = licence_register.seal_head(hub) if number is None else head_of(hub, licence_register.LOG, number)
        on_step("head.sealed")
        return _publication(hub.settings, _publish(hub, month, head, on_step), fresh=True)


def read_file(hub: Hub, name: str) -> bytes:
    """A published file as it was published, such as `2026-11.ofd` or `2026-11.json`.

    Raises:
        MonthUnknown: there is none of this name.
        FileAltered: it is gone, or was changed.
    """
    month, _, suffix = name.rpartition(".")
    known = register_months.of(hub.connection, month) if _MONTH.fullmatch(month) else None
    if known is None or suffix not in ("ofd", "json"):
        raise MonthUnknown("the register of this month was not published; /register lists those that were.")
    return read_checked(file_of(hub.settings, name), known.document_sm3 if suffix == "ofd" else known.head_sm3)


def _publish(hub: Hub, month: str, head: Head, on_step: OnStep) -> PublishedMonth:
    press = Press.open(hub.settings)
    now = hub.clock.now()
    head_file = (json.dumps(to_dict(head), ensure_ascii=False, indent=1) + "\n").encode()
    page = _page(hub.settings, month, head, head_file, press, now)
    sheets = set_sheets([page])
    package: Package = write(sheets)
    use = seal_uses.begin_use(
        hub.connection,
        seal_sm3=press.seal_sm3,
        es_id=press.bureau.seal_id,
        case_no=f"register-{month}",
        licence=None,
        document_kind=DocumentKind.OFD,
        draft_sm3=sm3(package.to_bytes()),
        now=now,
    )
    on_step("notice.intended")
    sealed = press.seal(package, seal_places(sheets), now)
    on_step("notice.sealed")
    report = press.verify(sealed, now)
    if report.verdict.value != "valid":
        raise NoticeRefusedByVerifier(
            f"the register of {month}: our own verifier finds the sealed notice {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). Nothing was published. Check seal, certificates and trust "
            "anchors, then publish again."
        )
    # Until the month is recorded nobody is shown these files, so a second try may write others over them.
    write_durably(file_of(hub.settings, f"{month}.json"), head_file)
    on_step("head.written")
    write_durably(file_of(hub.settings, f"{month}.ofd"), sealed)
    on_step("notice.written")
    register_months.record(
        hub.connection,
        month,
        head,
        document_sm3=sm3(sealed),
        head_sm3=sm3(head_file),
        use=use,
        timestamped=all(seal.stamped_at is not None for seal in report.seals),
        now=hub.clock.now(),
    )
    on_step("month.recorded")
    known = register_months.of(hub.connection, month)
    if known is None:
        raise MonthUnknown(f"the register of {month} was recorded and is not there; the database is not ours.")
    return known


def _page(settings: Settings, month: str, head: Head, head_file: bytes, press: Press, now: datetime) -> LicencePage:
    address, day = settings.citizens_address, now.astimezone(SHANGHAI).date()
    told = {
        "month": f"{int(month[:4])}年{int(month[5:])}月",
        "entries": f"{head.size:,} 条",
        "head": str(head.number),
        "made": f"{head.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}（北京时间）",
        "stamp": "有，见所附登记簿头" if head.stamp is not None else "无",
        "root": head.root.hex(" ", 4),
        "address": f"{address}/register" if address else "见本机关网站",
        "organ": press.bureau.name,
        "issued": f"{day.year}年{day.month}月{day.day}日",
    }
    names = {
        "month": "公布月份", "entries": "登记条目数", "head": "登记簿头序号", "made": "签名时间", "stamp": "可信时间戳",
        "root": "根值（SM3）", "address": "公布网址", "organ": "公布机关", "issued": "公布日期",
    }  # fmt: skip
    metadata: dict[str, str] = {}
    face = [{"label": names[key], "words": words} for key, words in told.items()]
    return LicencePage(
        template=_TEMPLATE,
        fields=told,
        metadata=metadata,
        data_xml=data_xml({"metadata": metadata, "face": face}),
        qr_text=f"{address}/register" if address else head.root.hex(),
        doc_id=sm3(f"register {month}".encode())[:16].hex(),
        title=f"证照登记簿公告（{told['month']}）",
        creator=press.bureau.name,
        created=day,
        test_mark=press.is_test,
        sheet=SheetKind.NOTICE,
        attached=((f"{month}.json", head_file),),
    )


def _end_of(month: str) -> datetime:
    if not _MONTH.fullmatch(month):
        raise MonthNotOver("a month is written like 2026-11; nothing was published.")
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=SHANGHAI)


def _check_files(settings: Settings, known: PublishedMonth) -> None:
    read_checked(file_of(settings, f"{known.month}.ofd"), known.document_sm3)
    read_checked(file_of(settings, f"{known.month}.json"), known.head_sm3)


def _publication(settings: Settings, known: PublishedMonth, *, fresh: bool) -> Publication:
    return Publication(known, file_of(settings, f"{known.month}.ofd"), file_of(settings, f"{known.month}.json"), fresh)

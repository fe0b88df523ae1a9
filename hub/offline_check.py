"""What a bank does without network and without this hub: the file's seal is verified, its place looked up in the list.

Four things must agree: who sealed the file, whom the file names as its issuer, whom the list speaks for, and who signed
the list. The place is read from what the seal covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from core.clock import SHANGHAI
from core.errors import HubError, Rejected
from core.settings import Settings
from core.verdict import Verdict
from documents.ofd import DATA
from documents.package import Package
from documents.reader import Reader
from documents.xml import parse
from hub.designation import STATUS_ELEMENT
from hub.status_reading import StatusList, StatusListRefused, StatusListStale
from hub.status_slots import Slot
from hub.trust import trust_of
from hub.verify import verify_file
from schemas.dates import Validity
from signing.errors import TrustUnknown
from signing.report import Expectation, Language

_OUTCOMES: Final = {Slot.VALID: Verdict.VALID, Slot.NOT_ASSIGNED: Verdict.CANNOT_TELL}


class DocumentUnfit(Rejected):
    """A sealed file is no licence of this hub's kind, or does not tell its place in a status list."""

    code: ClassVar[str] = "HUB-923"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a licence says of itself, under its seal."""

    number: str
    identifier: str
    issuer_code: str
    valid_until: date | None
    place: int


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """The plain verdict, in both languages, and what it rests on.

    Attributes:
        slot: what the list says; None where it was not asked.
        code: of the error that kept us from an answer.
        issued_at, valid_until, list_signer: of the list, once it was found good.
    """

    verdict: Verdict
    zh: str
    en: str
    stated: Stated | None = None
    slot: Slot | None = None
    code: str | None = None
    issued_at: datetime | None = None
    valid_until: datetime | None = None
    list_signer: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "verdict": self.verdict.value,
            "zh": self.zh,
            "en": self.en,
            "number": self.stated.number if self.stated else None,
            "identifier": self.stated.identifier if self.stated else None,
            "status": self.slot.name.lower() if self.slot is not None else None,
            "code": self.code,
            "list_issued_at": self.issued_at.isoformat() if self.issued_at else None,
            "list_valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "list_signer": self.list_signer or None,
        }


def check(
    data: bytes,
    status_list: bytes,
    settings: Settings | None,
    *,
    anchors: Sequence[bytes] | None = None,
    at: datetime,
    issuer_code: str | None = None,
) -> OfflineAnswer:
    """Whether a licence may be relied on at this moment.

    Args:
        data: the sealed OFD.
        issuer_code: the organ whose list is accepted; the document's own issuer by default. For documents of an organ
            that another one has succeeded.

    Raises:
        CertificateRefused: a trusted certificate cannot be read.
        PressMalformed: from `press.toml`.
        LibcryptoMissing: this machine cannot compute SM2.
    """
    try:
        stated = stated_in(data)
    except HubError as error:
        report = verify_file(data, settings, anchors=anchors, at=at)
        if report.verdict is not Verdict.INVALID:
            return OfflineAnswer(
                Verdict.CANNOT_TELL, "文件不是可按清单核验的电子证照，无法判断", error.message, code=error.code
            )
        return _of_file(report.lines(quiet=True, language=Language.BOTH), report.verdict, None)
    report = verify_file(data, settings, anchors=anchors, at=at, expect=Expectation(stated.issuer_code, None, None))
    if report.verdict is not Verdict.VALID:
        return _of_file(report.lines(quiet=True, language=Language.BOTH), report.verdict, stated)
    try:
        read = StatusList.read(status_list)
        signer = read.check(trust_of(settings, anchors), at, issuer_code=issuer_code or stated.issuer_code)
        slot = read.slot(stated.place)
    except StatusListStale as error:
        return OfflineAnswer(
            Verdict.CANNOT_TELL, "状态清单已过期或本机时钟不准，请重新下载清单后再核验", error.message, stated,
            code=error.code,
        )  # fmt: skip
    except (StatusListRefused, TrustUnknown) as error:
        return OfflineAnswer(
            Verdict.CANNOT_TELL, "状态清单不可信，请从发证机关重新下载", error.message, stated, code=error.code
        )
    ended = stated.valid_until is not None and at.astimezone(SHANGHAI).date() > stated.valid_until
    if ended and slot in (Slot.VALID, Slot.SUSPENDED):
        # The list may be of yesterday; the day is printed on the document.
        slot = Slot.EXPIRED
    zh, en = _told(slot, f"{read.issued_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
    verdict = _OUTCOMES.get(slot, Verdict.INVALID)
    return OfflineAnswer(verdict, zh, en, stated, slot, None, read.issued_at, read.valid_until, signer)


def stated_in(data: bytes) -> Stated:
    """What the file says of itself.

    Raises:
        DocumentUnfit: it is no licence with a place in a status list, or says two different things.
        ContainerRefused, NotReadable, XmlRefused: it is no OFD of the form we read.
    """
    reader = Reader(Package.read(data))
    attached = reader.attachments().get(DATA)
    if attached is None:
        raise DocumentUnfit("the file has no structured data attached; it is no licence of this kind.")
    elements = parse(attached, "structured data").find("元数据")
    covered = {} if elements is None else {str(one.tag): one.text or "" for one in elements}
    if covered != reader.information():
        raise DocumentUnfit("the file's metadata and its structured data say different things; ask its issuer.")
    try:
        place = covered[STATUS_ELEMENT]
        return Stated(
            number=covered["ZZBH"],
            identifier=covered["ZZBS"],
            issuer_code=covered["ZZBFJGDM"],
            valid_until=Validity.parse(covered["ZZYXQJZRQ"]).until,
            place=int(place) if place.isascii() and place.isdecimal() and len(place) < 9 else -1,
        )
    except (KeyError, HubError):
        raise DocumentUnfit(
            "the file does not tell its place in a status list: it is older than the lists, or of another issuer. "
            "Check it online."
        ) from None


def _of_file(lines: list[str], verdict: Verdict, stated: Stated | None) -> OfflineAnswer:
    return OfflineAnswer(verdict, lines[0], lines[1], stated)


def _told(slot: Slot, when: str) -> tuple[str, str]:
    """A document that is sealed and unchanged, by a list of this moment."""
    if slot is Slot.VALID:
        return (
            f"有效：印章可信，未被改动；按{when}的状态清单，该证照有效",
            f"valid: sealed and unchanged, and in force by the status list of {when}",
        )
    if slot is Slot.NOT_ASSIGNED:
        return (
            f"无法判断：印章可信，但{when}的状态清单中没有这份证照，请换用更新的清单或联网核验",
            f"cannot tell: sealed and unchanged, but the status list of {when} does not know it; take a newer list",
        )
    return (
        f"不可用：印章可信，但按{when}的状态清单，该证照{slot.chinese}",
        f"not to be relied on: sealed and unchanged, but {_ENGLISH[slot]} by the status list of {when}",
    )


_ENGLISH: Final = {
    Slot.SUSPENDED: "suspended", Slot.SUPERSEDED: "superseded by a newer document", Slot.CANCELLED: "cancelled",
    Slot.WITHDRAWN: "withdrawn", Slot.REVOKED: "revoked", Slot.EXPIRED: "expired",
}  # fmt: skip

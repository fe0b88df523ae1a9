"""Annotated copies 加注件 of a licence in force: for one receiver and one use, until a day, under the bureau's seal.

A copy says what the licence's current document says, under the same identifier, and across every page for whom, what
for and until when it was made. It has a token of its own, so that its QR code tells of it and not of the licence's own
document. The file goes to who asked for it and is not kept: what was handed out is known by its SM3, and a file that
nobody stores cannot be used for anything else.

The use of the licence's facts and of the seal is written down in one transaction before anything is sealed; what came
of it is written down before the file may leave. A copy that died in between never left, and its use of the seal is
closed as abandoned when the next one is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import uuid4

from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import HubError, Permanent, Rejected, Retryable
from documents.pdf import draw as draw_pdf
from hub.access import CopyRight
from hub.compose import drawn_from, pages_of
from hub.context import Hub, OnStep, no_step
from hub.designation import address_of, digest_of, new_token
from hub.organ_rule import require_one_organ
from hub.pdf import pdf_sealer, verify_pdf
from hub.press import Bureau, Press
from hub.seals import require_active
from schemas.licence_life import Status
from schemas.licence_metadata import LicenceMetadata
from signing.report import Expectation, Report
from store import annotated, audit, licence_life, licences
from store.annotated import RESOURCE, Planned
from store.audit import About, Usage
from store.connection import transaction
from store.licence_life import Licence
from store.licences import LicenceVersion

__all__ = ["Annotated", "By", "Form", "Wanted", "last_moment", "log_refused", "make"]

#: A receiver's longest name, and the longest cause: `certificateCopyCause` of the sharing interfaces has 200.
LONGEST_RECEIVER: Final = 100
LONGEST_CAUSE: Final = 200
_MATERIAL: Final = "annotated_copy"


class CopyLicenceUnknown(Permanent):
    """No licence that was published bears the number or identifier of which a copy was asked for."""

    code: ClassVar[str] = "HUB-960"


class CopyNotInForce(Permanent):
    """A copy was asked for of a licence that is not in force."""

    code: ClassVar[str] = "HUB-961"


class CopyUnfit(Rejected):
    """Receiver, cause or end of an annotated copy is missing, too long, or out of bounds."""

    code: ClassVar[str] = "HUB-962"


class CopyRefusedByVerifier(Permanent):
    """An annotated copy that was sealed did not pass our own verifier; nobody got it."""

    code: ClassVar[str] = "HUB-963"


class CopyUnderFormerSeal(Permanent):
    """The licence's current document names another organ or seal than the one in use; a copy of it would mix both."""

    code: ClassVar[str] = "HUB-964"


class CopyOvertaken(Retryable):
    """The licence got a new document while a copy of the one before was being drawn."""

    code: ClassVar[str] = "HUB-967"


class CopyOfAnother(Permanent):
    """The holder who was named has no licence of the number or identifier of which a copy was asked for."""

    code: ClassVar[str] = "HUB-968"


class Form(StrEnum):
    """In which form a copy is wanted."""

    OFD = "ofd"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """A copy as it is asked for.

    Attributes:
        licence: its number, or the identifier of its current document.
        receiver: whom it is for, 1 to 100 characters.
        cause: what for, 1 to 200 characters.
        until: the last moment it holds; it never outlives the licence.
    """

    licence: str
    receiver: str
    cause: str
    until: datetime
    form: Form = Form.OFD


def _free(_: Any, __: CopyRight) -> None:
    """Nothing is counted."""


@dataclass(frozen=True, slots=True, repr=False)
class By:
    """Who asks, and what he may.

    Attributes:
        usage: the entry of the audit log, without whom it is about and how it ended.
        right: what he may have of a licence; raises what refuses it.
        spend: counts the copy within the transaction that writes the entry; raises what refuses it.
        holder: keyed hash of whose licence it has to be; None where any licence will do.
    """

    usage: Usage
    right: Callable[[Licence], CopyRight]
    spend: Callable[[Any, CopyRight], None] = _free
    holder: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Annotated:
    """A copy that was made; `data` is the only file of it."""

    id: str
    number: str
    identifier: str
    form: Form
    data: bytes
    until: datetime
    entry: str
    timestamped: bool

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; without the file."""
        return {
            "copy": self.id,
            "number": self.number,
            "identifier": self.identifier,
            "form": self.form.value,
            "bytes": len(self.data),
            "sm3": sm3(self.data).hex(),
            "until": self.until.isoformat(timespec="seconds"),
            "entry": self.entry,
            "timestamped": self.timestamped,
        }


def last_moment(now: datetime, days: int) -> datetime:
    """The end of the day so many days after today, Asia/Shanghai."""
    day = now.astimezone(SHANGHAI).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


def make(hub: Hub, wanted: Wanted, by: By, on_step: OnStep = no_step) -> Annotated:
    """Draw the copy, write down its uses, seal it, verify it, write down what came of it; then the file may leave.

    A refused one is written into the audit log as refused.

    Raises:
        CopyUnfit, GlyphMissing, TextOverflow, TextRefused: what it shall say cannot stand on it.
        CopyLicenceUnknown, CopyOfAnother, CopyNotInForce, CopyUnderFormerSeal: of this licence there is none to be had.
        CopyOvertaken: a Retryable; a new document came in between.
        SealNotRegistered, SealNotActive, PressUnset: the seal may not be used.
        CopyRefusedByVerifier, OrganRuleBroken: our own verifier does not find it valid, or it names two organs.
        HubError: what `by.right` and `by.spend` raise, and of signing or the store.
    """
    annotated.close_dead(hub.connection, hub.clock.now())
    begun = _begin(hub, wanted, by, on_step)
    on_step("copy.intended")
    try:
        data, timestamped = _seal(hub, begun, hub.clock.now(), on_step)
        annotated.record_made(
            hub.connection, begun.use, document_sm3=sm3(data), timestamped=timestamped, now=hub.clock.now()
        )
    finally:
        with suppress(Retryable):
            annotated.let_go(hub.connection, begun.use)
    on_step("copy.recorded")
    planned, version = begun.planned, begun.version
    return Annotated(
        planned.id,
        version.number,
        version.identifier,
        wanted.form,
        data,
        planned.expires_at,
        planned.entry,
        timestamped,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Drawn:
    """What is to be sealed, and by what."""

    draft: bytes
    seal: Callable[[datetime], bytes]
    verify: Callable[[bytes, datetime], Report]


@dataclass(frozen=True, slots=True, repr=False)
class _Begun:
    """A copy whose uses of facts and seal are written down; `use` is the number of the latter."""

    version: LicenceVersion
    planned: Planned
    drawn: _Drawn
    use: int


def _begin(hub: Hub, wanted: Wanted, by: By, on_step: OnStep) -> _Begun:
    holder = by.holder
    try:
        _check_words(wanted)
        version, licence, holder = _current(hub, wanted.licence, by.holder)
        return _written_down(hub, wanted, by, version, licence, holder, on_step)
    except Retryable:
        raise
    except HubError as error:
        log_refused(hub, by.usage, error, holder)
        raise


def _written_down(
    hub: Hub, wanted: Wanted, by: By, version: LicenceVersion, licence: Licence, holder: bytes, on_step: OnStep
) -> _Begun:
    now = hub.clock.now().astimezone(SHANGHAI).replace(microsecond=0)
    right = by.right(licence)
    _in_force(licence, now)
    until = _end(wanted.until.astimezone(SHANGHAI), right.most_days, licence, now)
    press = Press.open(hub.settings)
    registered = require_active(hub, press)
    facts = licences.facts(hub.connection, hub.vault, version)
    _check_organ(facts, press.bureau, version.number)
    copy, token = str(uuid4()), new_token()
    copied = _facts_of(
        facts, wanted, until, now, copy=copy, maker=by.usage.organisation_name, address=address_of(hub.settings, token)
    )
    drawn = _as_pdf(hub, press, copied, registered) if wanted.form is Form.PDF else _as_ofd(press, copied)
    on_step("copy.drawn")
    usage = replace(by.usage, basis=right.basis, about=(_about(holder, copied),), outcome="complete")
    hub.vault.ready(RESOURCE)
    with transaction(hub.connection) as cursor:
        held = licence_life.hold(cursor, version.licence)
        _in_force(held, now)
        if held.current_version != version.version:
            raise CopyOvertaken(
                f"licence {version.number} got a new document while a copy was being drawn; nothing was sealed. "
                "Ask again."
            )
        by.spend(cursor, right)
        entry = audit.append(cursor, usage, now)
        planned = Planned(
            copy, version.id, entry, wanted.form.value, wanted.receiver.strip(), wanted.cause.strip(), now, until,
            digest_of(token), by.usage.user, by.usage.organisation,
        )  # fmt: skip
        use = annotated.intend(
            cursor,
            hub.vault,
            planned,
            seal_sm3=press.seal_sm3,
            es_id=press.bureau.seal_id,
            case_no=version.case_no,
            draft_sm3=sm3(drawn.draft),
            now=now,
        )
    return _Begun(version, planned, drawn, use)


def _seal(hub: Hub, begun: _Begun, now: datetime, on_step: OnStep) -> tuple[bytes, bool]:
    """The sealed file, and whether timestamps are in it."""
    data = begun.drawn.seal(now)
    on_step("copy.sealed")
    report = begun.drawn.verify(data, now)
    if report.verdict.value != "valid":
        raise CopyRefusedByVerifier(
            f"a copy of licence {begun.version.number}: our own verifier finds it {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). Nobody got it. Check seal, certificates and trust anchors "
            "(`hub verify`), then ask again."
        )
    require_one_organ(hub.settings, data, report, begun.version.number, now)
    on_step("copy.verified")
    return data, all(seal.stamped_at is not None for seal in report.seals)


def _check_words(wanted: Wanted) -> None:
    for what, words, longest in (
        ("receiver", wanted.receiver.strip(), LONGEST_RECEIVER),
        ("cause", wanted.cause.strip(), LONGEST_CAUSE),
    ):
        if not 1 <= len(words) <= longest:
            raise CopyUnfit(
                f"a copy's {what} needs 1 to {longest} characters, this has {len(words)}; no copy was made. "
                "Say in a few words for whom and what for it is."
            )


def _end(until: datetime, most_days: int, licence: Licence, now: datetime) -> datetime:
    """The asked end, or the end of the licence's last day where that comes first."""
    if until <= now:
        raise CopyUnfit("a copy was to end before it begins; no copy was made. Give a later end.")
    if until > last_moment(now, most_days):
        raise CopyUnfit(f"a copy may hold for {most_days} days at most; no copy was made. Give an earlier end.")
    if licence.valid_until is None:
        return until
    return min(until, datetime.combine(licence.valid_until, time(23, 59, 59), SHANGHAI))


def _current(hub: Hub, asked: str, holder: bytes | None) -> tuple[LicenceVersion, Licence, bytes]:
    """The document asked for, its licence, and the keyed hash of whose it is."""
    version = licences.by_number(hub.connection, asked) or licences.by_identifier(hub.connection, asked)
    licence = licence_life.by_id(hub.connection, version.licence) if version is not None else None
    owner = annotated.holder_of(hub.connection, version.id) if version is not None else None
    if holder is not None and owner != holder:
        raise CopyOfAnother(
            "the holder who was named has no licence of this number or identifier; no copy was made. Check both."
        )
    if version is None or licence is None or owner is None or version.published_at is None:
        raise CopyLicenceUnknown(
            "no published licence bears the number or identifier; no copy was made. Take a number from `hub licences`."
        )
    if version.superseded_at is not None:
        raise CopyNotInForce(
            f"the document asked for of licence {version.number} was superseded by a newer one; no copy was made. "
            "Ask by the number, or by the newer document's identifier."
        )
    return version, licence, owner


def _in_force(licence: Licence, now: datetime) -> None:
    status = licence.status_on(now.date())
    if status is not Status.VALID:
        raise CopyNotInForce(
            f"licence {licence.number} is {status.value} ({status.chinese}); no copy was made. "
            "Only of a licence in force is there a copy."
        )


def _check_organ(facts: Mapping[str, Any], bureau: Bureau, number: str) -> None:
    metadata: Mapping[str, str] = facts["metadata"]
    named = (metadata["ZZBFJGDM"], metadata["ZZBFJG"], metadata.get("ZZQZMC", bureau.seal_name))
    if named != (bureau.credit_code, bureau.name, bureau.seal_name):
        raise CopyUnderFormerSeal(
            f"the current document of licence {number} names {named[1]} and the seal {named[2]}, and the seal in "
            f"use is {bureau.seal_name}; no copy was made. Reseal the licence (`hub licences reseal`) first."
        )


def _facts_of(
    facts: Mapping[str, Any], wanted: Wanted, until: datetime, now: datetime, *, copy: str, maker: str, address: str
) -> dict[str, Any]:
    """What the copy is drawn from: the licence's frozen facts, with what makes it a copy."""
    receiver, cause = wanted.receiver.strip(), wanted.cause.strip()
    metadata = LicenceMetadata.of_elements({
        **facts["metadata"],
        "JZJZZSJ": f"{now:%Y-%m-%d %H:%M:%S}",
        "JZJZZZ": maker,
        "JZJZZSY": cause,
        "JZJYXQJZSJ": f"{until:%Y-%m-%d %H:%M:%S}",
    })  # fmt: skip
    return {
        **facts,
        "title": f"{facts['title']}（加注件）",
        "doc_id": sm3(copy.encode())[:16].hex(),
        "issued_on": now.date().isoformat(),
        "qr_text": address,
        "metadata": metadata.elements(),
        "note": {
            "receiver": receiver,
            "cause": cause,
            "until": f"{until.year}年{until.month}月{until.day}日 {until:%H:%M}",
        },
    }


def _as_ofd(press: Press, facts: Mapping[str, Any]) -> _Drawn:
    drawn = drawn_from(facts, press.bureau)
    return _Drawn(drawn.package.to_bytes(), lambda now: press.seal(drawn.package, drawn.places, now), press.verify)


def _as_pdf(hub: Hub, press: Press, facts: Mapping[str, Any], registered: Any) -> _Drawn:
    sealer = pdf_sealer(hub, registered)
    document = draw_pdf(*pages_of(facts, press.bureau))
    expect = Expectation(credit_code=press.bureau.credit_code, seals=1)
    return _Drawn(
        document.to_bytes(),
        lambda now: sealer.seal(document, now),
        lambda data, now: verify_pdf(data, hub.settings, at=now, expect=expect),
    )


def _about(holder: bytes, facts: Mapping[str, Any]) -> About:
    """Whom the entry is about: the holder, with everything the copy shows of him."""
    shown = [
        *(code for code in facts["metadata"] if not code.startswith(("JZJ", "KZ_"))),
        *(line["label"] for line in facts["face"]),
    ]
    return About(holder, "applicant", {_MATERIAL: [f"licence.{name}" for name in shown]}, None, True)


def log_refused(hub: Hub, usage: Usage, error: HubError, holder: bytes | None = None) -> None:
    """Write the refusal of a copy into the audit log; `holder` is whose licence it was about, where that is known."""
    about = (About(holder, "applicant", {}, None, False),) if holder is not None else ()
    with transaction(hub.connection) as cursor:
        audit.append(cursor, replace(usage, about=about, outcome="refused", refusal=error.code), hub.clock.now())

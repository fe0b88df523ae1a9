"""The organ rule at issuing: who is not in force gets no number, and what names two organs is not published."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from core.clock import SHANGHAI
from core.errors import Permanent
from core.settings import Settings
from hub.organ_claims import claims_of
from hub.organs import organs_of
from hub.press import Bureau
from schemas.licence_types import LicenceType
from schemas.organs import Organ, OrganTable, Ruling, judge
from signing.ofd.layout import Files
from signing.report import Report


class IssuerUnfit(Permanent):
    """The bureau whose seal is configured is no organ in force, or the licence type is another organ's."""

    code: ClassVar[str] = "HUB-932"


class OrganRuleBroken(Permanent):
    """A sealed document does not name one organ everywhere; it was not recorded and not published."""

    code: ClassVar[str] = "HUB-933"


def require_issuer(settings: Settings, bureau: Bureau, kind: LicenceType, day: date) -> None:
    """Return when the bureau of the press may issue licences of a type on a day. Asked before a number is reserved.

    Raises:
        IssuerUnfit: it may not; the message says why.
        OrgansUnset, OrgansBroken: there is no table of organs to go by.
    """
    table = organs_of(settings)
    organ = _organ_of(table, bureau, day)
    heir = table.heir(organ, day, kind.name)
    if heir is not organ:
        raise _unfit(bureau, day, f"{heir.name} has followed it for {kind.name}")
    owner = table.owner_of(kind.name, kind.type_code)
    if owner is not None and owner.organ != organ.id:
        whose = table.by_id(owner.organ)
        raise _unfit(bureau, day, f"{kind.name} is {whose.name if whose else owner.organ}'s ({owner.basis})")


def require_organ(settings: Settings, bureau: Bureau, day: date) -> None:
    """Return when the bureau of the press is one organ in force on a day: its code, name and seal are the table's.

    For what bears the bureau's seal and is no licence.

    Raises:
        IssuerUnfit: it is not; the message says why.
        OrgansUnset, OrgansBroken: there is no table of organs to go by.
    """
    _organ_of(organs_of(settings), bureau, day)


def require_one_organ(settings: Settings, sealed: bytes | Files, report: Report, number: str, now: datetime) -> None:
    """Return when a document that was just sealed names one organ everywhere. Asked before it is recorded.

    Args:
        sealed: its file, or the files of its package as the verifier was given them.
        report: our verifier's report on it.
        number: the licence's, for the message.

    Raises:
        OrganRuleBroken: it does not, or not all of it can be read.
        OrgansUnset, OrgansBroken: there is no table of organs to go by.
    """
    found = judge(claims_of(sealed, report), organs_of(settings), now.astimezone(SHANGHAI).date())
    if found.ruling is Ruling.KEEPS and not found.outdated:
        return
    why = "; ".join(f"{one.word}: {one.en}" for one in found.findings) or "another organ has followed the issuer"
    raise OrganRuleBroken(
        f"licence {number}: the sealed document does not name one organ in force ({why}). It was not recorded and not "
        "published. Put seal, signer's certificate and the table of organs in order (`hub seals organs`), then run "
        "the same again; a licence of the organ of before needs a new version first (`hub licences reseal`)."
    )


def _organ_of(table: OrganTable, bureau: Bureau, day: date) -> Organ:
    organ = table.organ_at(day, code=bureau.credit_code, name=bureau.name)
    if organ is None:
        raise _unfit(bureau, day, "the table of organs knows no organ of that code that bears that name on that day")
    if table.by_seal(bureau.seal_name, day) is not organ:
        raise _unfit(bureau, day, f"the table knows no seal of it that is called {bureau.seal_name}")
    return organ


def _unfit(bureau: Bureau, day: date, why: str) -> IssuerUnfit:
    return IssuerUnfit(
        f"the seal is that of {bureau.name} {bureau.credit_code}, which may not issue on {day}: {why}. No number was "
        "reserved and nothing was sealed. Correct press.toml or organs.toml (`hub seals organs`), then run the issue "
        "again."
    )

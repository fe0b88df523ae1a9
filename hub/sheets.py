"""Plain sheets under the bureau's seal: certificates, reports, inventories, receipts. Drawn, sealed, verified, logged.

The use of the seal is written down before anything is sealed and settled before the file may leave; a sheet that our
own verifier does not find valid leaves never. What becomes of the file is its caller's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.clock import SHANGHAI
from core.digest import sm3
from core.errors import Permanent
from documents.plain import Drawn, Sheet, Table, Watermark, draw
from hub.context import Hub, OnStep, no_step
from hub.organ_rule import require_organ
from hub.press import Press
from store import seal_uses
from store.connection import transaction
from store.seal_uses import DocumentKind
from store.turns import only_one

__all__ = ["SealedSheet", "Sheet", "SheetRefusedByVerifier", "Table", "Watermark", "seal_sheet"]


class SheetRefusedByVerifier(Permanent):
    """A sheet that was sealed did not pass our own verifier; nobody got it."""

    code: ClassVar[str] = "HUB-992"


@dataclass(frozen=True, slots=True, repr=False)
class SealedSheet:
    """A sealed sheet.

    Attributes:
        data: the OFD.
        sm3: of it, by which the use of the seal knows it.
        pages: how many it has.
        use: number of the use of the seal, in `seal_use`.
        timestamped: whether the seal bears a timestamp.
    """

    data: bytes
    sm3: bytes
    pages: int
    use: int
    timestamped: bool


def seal_sheet(hub: Hub, sheet: Sheet, *, case_no: str, on_step: OnStep = no_step) -> SealedSheet:
    """Draw a sheet and seal it with the bureau's seal: over the organ's name, and over the edges of several pages.

    Args:
        case_no: for what the seal is used, in the log of its uses: a number of one's own for each sheet, without
            anybody's name. A second call with the same one closes what a dead process left of the first.

    Raises:
        FieldsUnfit, GlyphMissing, TextOverflow, TextRefused: it cannot be drawn; nothing was sealed.
        IssuerUnfit: the bureau of the press is no organ in force.
        PressUnset, SealNotRegistered, SealNotActive: the seal may not be used.
        SignerUnavailable, TimestampUnavailable: Retryable; it cannot be used now.
        TurnTaken: a Retryable; another process seals for the same case.
        SheetRefusedByVerifier: our own verifier does not find it valid; nobody gets it.
    """
    press = Press.open(hub.settings)
    now = hub.clock.now()
    require_organ(hub.settings, press.bureau, now.astimezone(SHANGHAI).date())
    drawn = draw(sheet, press.bureau.name, test_mark=press.is_test)
    on_step("sheet.drawn")
    with only_one(hub.connection, f"seal a sheet for {case_no}"):
        use = seal_uses.begin_use(
            hub.connection,
            seal_sm3=press.seal_sm3,
            es_id=press.bureau.seal_id,
            case_no=case_no,
            licence=None,
            document_kind=DocumentKind.SHEET,
            draft_sm3=sm3(drawn.package.to_bytes()),
            now=now,
        )
        on_step("sheet.intended")
        try:
            data, timestamped = _seal(press, drawn, case_no, now, on_step)
        except Permanent:
            with transaction(hub.connection) as cursor:
                seal_uses.abandon_use(cursor, use, now=hub.clock.now())
            raise
        digest = sm3(data)
        seal_uses.settle_use(hub.connection, use, document_sm3=digest, timestamped=timestamped, now=hub.clock.now())
        on_step("sheet.recorded")
    return SealedSheet(data, digest, drawn.pages, use, timestamped)


def _seal(press: Press, drawn: Drawn, case_no: str, now: datetime, on_step: OnStep) -> tuple[bytes, bool]:
    """The sealed file, and whether a timestamp is in it."""
    data = press.seal(drawn.package, drawn.places, now)
    on_step("sheet.sealed")
    report = press.verify(data, now)
    if report.verdict.value != "valid":
        raise SheetRefusedByVerifier(
            f"the sheet for {case_no}: our own verifier finds it {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). Nobody got it. Check seal, certificates and trust anchors "
            "(`hub verify`), then ask again."
        )
    on_step("sheet.verified")
    return data, all(seal.stamped_at is not None for seal in report.seals)

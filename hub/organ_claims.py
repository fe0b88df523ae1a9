"""What a sealed licence says about its organ, read from an OFD or a PDF of whatever maker, as far as it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from core.errors import HubError
from documents.package import Limits, Package
from documents.reader import Reader
from schemas.dates import read_date
from schemas.errors import DateRefused, IdentifierRefused
from schemas.identifiers.licence import LicenceId
from schemas.licence_metadata import LicenceMetadata
from schemas.organs import Claims, SealClaim
from schemas.organs.names import one_form
from signing.ofd.layout import Files
from signing.pdf.elements import licence_elements
from signing.report import Report, SealFacts

PDF_MARK: Final = b"%PDF-"
_LIMITS: Final = Limits()
#: The field under which documents of this house tag the organ on the page.
_FACE_FIELD: Final = "organ"
#: Words before the organ on the faces of other makers' licences, which tag nothing.
_LABELS: Final = ("发证机关", "颁发机关", "颁发机构", "发证机构", "发证部门", "核发机关", "登记机关", "审批机关")
#: Elements as some makers call them: by their Chinese names.
_CHINESE: Final = {
    str(field.description).partition("，")[0]: str(field.validation_alias)
    for field in LicenceMetadata.model_fields.values()
    if field.validation_alias is not None
}
_SEAL: Final = "Seal"


def claims_of(data: bytes | Files, report: Report, limits: Limits = _LIMITS) -> Claims:
    """The claims; what cannot be read is None. Bad input is an answer, not an exception.

    Args:
        data: the file, or the files of an OFD package that was read already.
        report: our verifier's, which has read the seals.
        limits: how much an OFD package may cost to open.
    """
    if isinstance(data, bytes) and data.startswith(PDF_MARK):
        return _claims(_pdf_elements(data), None, report.seals, is_pdf=True)
    try:
        files = data if isinstance(data, Files) else Files(Package.read(data, limits))
        reader = Reader(files.package, files.root)
        elements = reader.information()
    except (HubError, ValueError):
        return _claims({}, None, report.seals)
    return _claims(elements, _face(reader), report.seals)


def _pdf_elements(data: bytes) -> Mapping[str, str]:
    try:
        return licence_elements(data)
    except HubError:
        return {}


def _face(reader: Reader) -> str | None:
    """The organ on the page: where it is tagged, or what stands after one of the usual words."""
    try:
        tagged = reader.fields().get(_FACE_FIELD)
        return tagged or _after_label(reader.page_text().values())
    except (HubError, ValueError):
        pass
    try:
        # Tags of other makers are not always XML; the page still is.
        return _after_label(reader.page_text().values())
    except (HubError, ValueError):
        return None


def _after_label(texts: Iterable[str]) -> str | None:
    lines = [one for one in texts if one.strip()]
    for index, line in enumerate(lines):
        form = one_form(line)
        label = next((one for one in _LABELS if form.startswith(one)), None)
        if label is None:
            continue
        rest = form.removeprefix(label).lstrip(":()")
        if rest:
            return rest
        return lines[index + 1].strip() if index + 1 < len(lines) else None
    return None


def _claims(
    elements: Mapping[str, str], face: str | None, seals: Iterable[SealFacts], *, is_pdf: bool = False
) -> Claims:
    told = {_CHINESE.get(name, name): text.strip() for name, text in elements.items() if text.strip()}
    identifier = told.get("ZZBS")
    return Claims(
        face=face,
        issuer=told.get("ZZBFJG"),
        issuer_code=told.get("ZZBFJGDM"),
        identifier_issuer=None if identifier is None else _issuer_in(identifier),
        seals=tuple(_seal_claims(list(seals), is_pdf=is_pdf)),
        stated_seal=told.get("ZZQZMC"),
        licence=told.get("ZZMC"),
        type_code=told.get("ZZLXDM"),
        number=told.get("ZZBH"),
        identifier=identifier,
        issued_on=_day(told.get("ZZBFRQ")),
        is_pdf=is_pdf,
    )


def _issuer_in(identifier: str) -> str:
    """The issuer within an identifier; what is no identifier is given as it stands, to be told as malformed."""
    try:
        return LicenceId.parse(identifier).issuer
    except IdentifierRefused:
        return identifier


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return read_date(text)[0]
    except DateRefused:
        return None


def _seal_claims(seals: list[SealFacts], *, is_pdf: bool) -> Iterable[SealClaim]:
    # A signature beside a seal (it locks the file, say) may be anybody's; without a seal it is all there is.
    stamped = [one for one in seals if one.kind == _SEAL]
    for one in stamped or seals:
        named = None if is_pdf or one.kind != _SEAL else one.seal_name
        yield SealClaim(named, one.organisation, one.signed_at)

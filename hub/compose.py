"""A licence worked out from its case, before anything is reserved or signed: face, metadata, structured data.

What comes out is plain text in one mapping, frozen in the register when the number is reserved. The
document is drawn from that mapping alone, so that a second try after a crash draws the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from lxml import etree

from core.digest import sm3
from documents.licence import CopyNote, LicencePage, Place, SheetKind, riding_places, seal_places, set_sheets
from documents.ofd import write
from documents.package import Package
from hub.approvals import Case
from hub.designation import STATUS_ELEMENT, Designation
from hub.press import Bureau
from hub.wording import in_words
from schemas.identifiers.credit import CreditCode
from schemas.judge import canonical
from schemas.licence_metadata import HOLDER_WORDS, LicenceMetadata
from schemas.licence_types import LicenceType
from schemas.licence_types.face import FaceSources, fill
from store.licence_making import Composed


def compose(
    case: Case,
    kind: LicenceType,
    bureau: Bureau,
    designation: Designation,
    now: datetime,
    *,
    address: str,
    test_mark: bool,
) -> Composed:
    """A document of a licence; it is drawn once on trial, so that a lacking glyph costs no number.

    Args:
        address: where its QR code leads.

    Raises:
        FaceIncomplete: a line of the face has no value.
        GlyphMissing, TextOverflow, TextRefused, FieldsUnfit: it cannot be drawn.
    """
    number, identifier, validity = designation.number, designation.identifier, designation.validity
    proofs = {part.material.code: part.proof.record for part in case.evidence.materials if part.proof is not None}
    face = fill(
        kind,
        FaceSources(
            evidence=proofs,
            accept=case.accept,
            result=case.result,
            number=number,
            identifier=identifier,
            issued_on=designation.issued_on,
            validity=validity,
            issuer_name=bureau.name,
            issuer_code=CreditCode.parse(bureau.credit_code),
        ),
    )
    holder = case.accept.applicant_number
    metadata = LicenceMetadata(
        name=kind.name,
        type_code=kind.type_code,
        number=number,
        identifier=identifier.text,
        issuer=bureau.name,
        issuer_code=bureau.credit_code,
        issued_on=designation.issued_on,
        holder=case.accept.applicant_name,
        holder_code=holder.number,
        holder_code_type=case.accept.applicant_number_type,
        holder_code_word=HOLDER_WORDS.get(case.accept.applicant_number_type, case.accept.applicant_number_type.value),
        valid_from=designation.valid_from,
        valid_until=validity,
        signer=bureau.signer,
        sealed_at=now,
        seal_name=bureau.seal_name,
        created_at=now,
        extension={STATUS_ELEMENT: str(designation.status_index)},
    )
    facts: dict[str, Any] = {
        "kind": kind.id,
        "title": kind.name,
        "doc_id": sm3(identifier.text.encode())[:16].hex(),
        "version": designation.version,
        "issued_on": designation.issued_on.isoformat(),
        "qr_text": address,
        "sheets": list(kind.sheets),
        "reserved_at": now.isoformat(),
        "test_mark": test_mark,
        "face": [{"key": line.key, "label": line.label, "words": words} for line, words in face],
        "metadata": metadata.elements(),
        "case": {
            "accept": canonical(case.accept).decode(),
            "result": canonical(case.result).decode(),
        },
        "evidence": [
            {
                "material": part.material.code,
                "name": part.material.name,
                "resource": part.material.resource,
                "version": part.proof.version,
                "since": part.proof.since.isoformat(),
                "facts": {
                    label: in_words(getattr(part.proof.record, name)) for name, label in part.material.labels().items()
                },
            }
            for part in case.evidence.materials
            if part.proof is not None
        ],
    }
    drawn_from(facts, bureau)
    return Composed(number, identifier.text, facts, designation.token_sm3, validity.until)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An unsealed document, and where its seals go."""

    package: Package
    places: tuple[Place, ...]


def drawn_from(facts: Mapping[str, Any], bureau: Bureau) -> Drawn:
    """The unsealed document; the same facts give the same bytes. Over several pages a riding seal holds them together.

    Raises:
        GlyphMissing, TextOverflow, TextRefused, FieldsUnfit: it cannot be drawn.
    """
    sheets = set_sheets(pages_of(facts, bureau))
    return Drawn(write(sheets), (*seal_places(sheets), *riding_places(sheets)))


def pages_of(facts: Mapping[str, Any], bureau: Bureau) -> list[LicencePage]:
    """Every sheet of the licence, ready to be set."""
    page = page_of(facts, bureau)
    return [replace(page, sheet=SheetKind(sheet)) for sheet in facts.get("sheets", [page.sheet.value])]


def page_of(facts: Mapping[str, Any], bureau: Bureau) -> LicencePage:
    """What the licence says, ready to be set as OFD or PDF."""
    metadata: dict[str, str] = facts["metadata"]
    return LicencePage(
        template=facts["kind"],
        fields={line["key"]: line["words"] for line in facts["face"]},
        metadata=metadata,
        data_xml=data_xml(facts),
        # Documents of older releases hold their identifier there.
        qr_text=facts.get("qr_text", metadata["ZZBS"]),
        doc_id=facts["doc_id"],
        title=facts["title"],
        creator=bureau.name,
        created=date.fromisoformat(facts["issued_on"]),
        test_mark=facts["test_mark"],
        note=CopyNote(**facts["note"]) if "note" in facts else None,
    )


def data_xml(facts: Mapping[str, Any]) -> bytes:
    """The structured data attached to the licence: metadata elements by code, face lines by label.

    The layout of this attachment is ours; the one of GB/T 36905 was not at hand.
    """
    root = etree.Element("电子证照")
    elements = etree.SubElement(root, "元数据")
    for code, words in facts["metadata"].items():
        etree.SubElement(elements, code).text = words
    lines = etree.SubElement(root, "证面信息")
    for line in facts["face"]:
        etree.SubElement(lines, "项", 名称=line["label"]).text = line["words"]
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written

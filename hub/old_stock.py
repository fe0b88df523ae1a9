"""A handful of old licences, made up, that a bureau like the demo's finds in its cupboard: what the audit is tried on.

Each stands for one case from the field: sealed by the organ of before while it was there, or after it was gone; the
bureau's name on the face and the old organ's seal on it; a business licence, which is the market regulator's. They are
sealed under an authority of their own, which nobody trusts unless told to. All of it says 测试.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from core.clock import SHANGHAI
from core.digest import sm3
from core.settings import Mode, Settings
from documents.licence import LicencePage, Place, seal_places, set_sheets
from documents.ofd import NAMESPACE, write
from documents.package import Package
from hub.compose import data_xml
from hub.files import write_durably
from hub.press import DemoSealRefused
from schemas.dates import Validity, chinese_date
from schemas.identifiers.licence import LicenceId
from schemas.licence_types import licence_type
from schemas.organs import Organ, OrganTable, demo_organs
from signing.demo_pki import Bureau, prepare
from signing.ofd.seal import Stamp, seal
from signing.seal.port import LocalSealer

#: Folder of its authority, below the folder that is written.
PKI: Final = "pki"
_APPROVAL, _COMMERCE, _MARKET = "approval", "industry-commerce", "market-regulation"
_FOOD: Final = "food"
_BUSINESS: Final = "营业执照"
_BUSINESS_TYPE: Final = "11100000000000000X001"
_SEAL_MM: Final = 42.0
#: Seals of the demo are valid for two years, so each use needs one that began a little before.
_SEAL_BEGINS: Final = {_COMMERCE: (2016, 2022), _APPROVAL: (2022,), _MARKET: (2022,)}


@dataclass(frozen=True, slots=True)
class OldLicence:
    """One case: which organ stands where, when it was sealed, and what the audit must find.

    `issuer` is on the face and in the metadata, `identifier` in the identifier, `sealer` sealed it.
    """

    name: str
    business: bool
    sealed: date
    issuer: str
    identifier: str
    sealer: str
    findings: tuple[str, ...]
    outdated: bool = False


#: Findings as the audit must name them, under the demo's table of organs.
STOCK: Final = (
    OldLicence("food-of-the-organ-before", False, date(2016, 5, 10), _COMMERCE, _COMMERCE, _COMMERCE, (), True),
    OldLicence(
        "food-with-the-old-seal", False, date(2023, 3, 1), _APPROVAL, _APPROVAL, _COMMERCE,
        ("seal.differs", "certificate.differs"),
    ),
    OldLicence(
        "food-with-the-old-code", False, date(2023, 3, 2), _APPROVAL, _COMMERCE, _APPROVAL, ("identifier.differs",)
    ),
    OldLicence(
        "food-after-the-end", False, date(2023, 3, 3), _COMMERCE, _COMMERCE, _COMMERCE, ("issuer_code.not_then",)
    ),
    OldLicence("food-as-it-should-be", False, date(2023, 3, 4), _APPROVAL, _APPROVAL, _APPROVAL, ()),
    OldLicence(
        "business-with-the-old-seal", True, date(2023, 3, 5), _MARKET, _MARKET, _COMMERCE,
        ("seal.differs", "certificate.differs"),
    ),
    OldLicence("business-of-the-organ-before", True, date(2016, 6, 1), _COMMERCE, _COMMERCE, _COMMERCE, (), True),
    OldLicence("business-as-it-should-be", True, date(2023, 3, 6), _MARKET, _MARKET, _MARKET, ()),
)  # fmt: skip


def make_old_stock(settings: Settings, folder: Path) -> list[Path]:
    """Write the old licences into `folder`, and the authority they are sealed under into its folder `pki`.

    Raises:
        DemoSealRefused: in production mode.
        DiskRefuses: a Retryable; no room, or no right to write there.
    """
    if settings.mode is Mode.PRODUCTION:
        raise DemoSealRefused("production mode makes no made-up licences; nothing was written")
    press = _Presses(folder / PKI, demo_organs())
    made = []
    for number, old in enumerate(STOCK, start=1):
        path = folder / f"{old.name}.ofd"
        write_durably(path, press.licence(old, number))
        made.append(path)
    return made


class _Presses:
    """Seals of several organs and years under one authority."""

    def __init__(self, folder: Path, table: OrganTable) -> None:
        self._folder = folder
        self._table = table

    def licence(self, old: OldLicence, number: int) -> bytes:
        """One licence, sealed at noon of its day."""
        at = datetime(old.sealed.year, old.sealed.month, old.sealed.day, 12, tzinfo=SHANGHAI)
        sealer = self._sealer(old.sealer, at)
        issuer, coded = self._organ(old.issuer), self._organ(old.identifier)
        elements = _elements(old, number, issuer, coded, sealer.seal.name)
        package, places = _business(elements) if old.business else _food(elements, old.sealed)
        stamps = [Stamp(**asdict(place)) for place in places]
        return seal(package, sealer, stamps=stamps, at=at).to_bytes()

    def _sealer(self, organ_id: str, at: datetime) -> LocalSealer:
        began = max(year for year in _SEAL_BEGINS[organ_id] if year <= at.year)
        organ = self._organ(organ_id)
        es_id = f"420112{began}{list(_SEAL_BEGINS).index(organ_id) + 1:04}"
        # The first call makes the authority, which must be older than every seal.
        begin = datetime(began, 1, 2, tzinfo=SHANGHAI)
        keys = prepare(self._folder, Bureau(organ.name, organ.credit_code, es_id), begin, f"{organ_id}-{began}")
        return LocalSealer(keys.seal, keys.signer)

    def _organ(self, organ_id: str) -> Organ:
        found = self._table.by_id(organ_id)
        if found is None:
            raise KeyError(organ_id)
        return found


def _elements(old: OldLicence, number: int, issuer: Organ, coded: Organ, seal_name: str) -> dict[str, str]:
    kind = licence_type(_FOOD)
    type_code = _BUSINESS_TYPE if old.business else kind.type_code
    day = old.sealed.isoformat()
    return {
        "ZZMC": _BUSINESS if old.business else kind.name,
        "ZZLXDM": type_code,
        "ZZBH": f"（测试）旧{old.sealed.year}{number:05}",
        "ZZBS": LicenceId.compose(type_code, coded.credit_code, f"{old.sealed.year}OLD{number:04}").text,
        "ZZBFJG": issuer.name,
        "ZZBFJGDM": issuer.credit_code,
        "ZZBFRQ": day,
        "CZZT": f"东西湖区测试{number}号店",
        "CZZTDM": "91420112MA4K000005",
        "ZZYXQQSRQ": day,
        "ZZYXQJZRQ": Validity(None).text,
        "ZZQZMC": seal_name if old.sealer == old.issuer else "",
    }


def _food(elements: Mapping[str, str], day: date) -> tuple[Package, tuple[Place, ...]]:
    """In the layout of this house."""
    kind = licence_type(_FOOD)
    known = {
        "organ": elements["ZZBFJG"],
        "issued": chinese_date(day),
        "identifier": elements["ZZBS"],
        "number": elements["ZZBH"],
        "holder": elements["CZZT"],
        "holder_code": elements["CZZTDM"],
        "valid": Validity(None).chinese,
    }
    words = {line.key: known.get(line.key) or line.text or "测试" for line in kind.face}
    told = {code: text for code, text in elements.items() if text}
    facts: dict[str, Any] = {
        "metadata": told,
        "face": [{"key": line.key, "label": line.label, "words": words[line.key]} for line in kind.face],
    }
    page = LicencePage(
        template=kind.id,
        fields=words,
        metadata=told,
        data_xml=data_xml(facts),
        qr_text=elements["ZZBS"],
        doc_id=sm3(elements["ZZBS"].encode())[:16].hex(),
        title=kind.name,
        creator=elements["ZZBFJG"],
        created=day,
        test_mark=True,
    )
    sheets = set_sheets([page])
    return write(sheets), seal_places(sheets)


def _business(elements: Mapping[str, str]) -> tuple[Package, tuple[Place, ...]]:
    """As another maker might write it: no tags, no attachment, a font named and not embedded."""
    lines = (
        ("营业执照（测试样本，不具法律效力）", 12, 60),
        (f"统一社会信用代码 {elements['CZZTDM']}", 6, 90),
        (f"名称 {elements['CZZT']}", 6, 110),
        ("登记机关", 6, 200),
        (elements["ZZBFJG"], 6, 212),
        (elements["ZZBFRQ"], 6, 224),
    )
    texts = "".join(
        f'<ofd:TextObject ID="{20 + index}" Boundary="20 {top} 170 {size + 4}" Font="3" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}">{escape(text)}</ofd:TextCode></ofd:TextObject>'
        for index, (text, size, top) in enumerate(lines)
    )
    told = "".join(
        f"<ofd:CustomData Name={quoteattr(code)}>{escape(text)}</ofd:CustomData>"
        for code, text in elements.items()
        if text
    )
    space = f'xmlns:ofd="{NAMESPACE}"'
    document = sm3(elements["ZZBS"].encode())[:16].hex()
    files = {
        "OFD.xml": f'<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>{document}'
        f"</ofd:DocID><ofd:CustomDatas>{told}</ofd:CustomDatas></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {space}><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"
        '</ofd:CommonData><ofd:Pages><ofd:Page ID="10" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/PublicRes.xml": f'<ofd:Res {space} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="宋体"/>'
        "</ofd:Fonts></ofd:Res>",
        "Doc_0/Pages/Page_0/Content.xml": f'<ofd:Page {space}><ofd:Content><ofd:Layer ID="11" Type="Body">{texts}'
        "</ofd:Layer></ofd:Content></ofd:Page>",
    }
    package = Package(
        {name: f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode() for name, text in files.items()}
    )
    return package, (Place(0, 130.0, 195.0, _SEAL_MM, _SEAL_MM),)

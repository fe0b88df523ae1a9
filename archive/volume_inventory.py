"""卷内目录: the inventory of a holder's volume as XML, after the schema `volume.xsd`; written and read back.

The same inventory gives the same bytes: no moment of writing is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from lxml import etree

from archive.errors import VolumeRefused, VolumeUnfit
from documents.xml import XmlRefused, parse

#: Bytes of an inventory; some 20,000 packages.
LARGEST: Final = 32 << 20
_VERSION: Final = "1"
#: Elements of an entry, in their order.
_FIELDS: Final = (
    "file_no", "archive_code", "project_no", "item", "item_name", "outcome", "licence_number", "licence_version",
    "accepted", "decided", "retention", "organ", "origin", "moved", "bytes", "sm3", "sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Number:
    """A number of the holder; `value` in clear where whoever had the volume made gave it."""

    kind: str
    since: date
    basis: str
    until: date | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A name of the holder, and the earliest day it is known to have been borne."""

    name: str
    since: date


@dataclass(frozen=True, slots=True, repr=False)
class Succession:
    """Whom the holder followed (`earlier`), or who followed it; with that one's names, the last first."""

    earlier: bool
    kind: str
    on: date
    basis: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of the holder as it stood when the volume was drawn up."""

    type: str
    number: str
    title: str
    status: str
    valid_until: date | None
    inherited: bool


@dataclass(frozen=True, slots=True)
class Packed:
    """A package of the volume. `inherited`: of a party the holder followed. Digests as hexadecimal digits."""

    place: int
    part: str
    inherited: bool
    file_no: str
    archive_code: str | None
    project_no: str
    item: str
    item_name: str
    outcome: str
    licence_number: str | None
    licence_version: int | None
    accepted: date
    decided: date
    retention: str
    organ: str
    origin: str | None
    moved: str | None
    bytes: int
    sm3: str
    sha256: str

    @property
    def path(self) -> str:
        """Where it lies in the file of the volume."""
        return f"packages/{self.place:05d}-{self.file_no}.zip"


@dataclass(frozen=True, slots=True, repr=False)
class Inventory:
    """What a volume holds. `kind` of the holder: company, citizen or other."""

    kind: str
    numbers: Sequence[Number]
    names: Sequence[Name]
    successions: Sequence[Succession]
    licences: Sequence[Licence]
    packages: Sequence[Packed]

    @property
    def bytes(self) -> int:
        """Of all packages."""
        return sum(one.bytes for one in self.packages)


def write_inventory(inventory: Inventory) -> bytes:
    """The inventory as XML.

    Raises:
        VolumeUnfit: a value is missing or holds signs XML cannot carry, or the places do not count from 1.
    """
    root = etree.Element("volume", {"version": _VERSION})
    try:
        holder = etree.SubElement(root, "holder", {"kind": inventory.kind})
        for number in inventory.numbers:
            element = _with(holder, "number", {"kind": number.kind, "since": number.since, "until": number.until})
            _texts(element, {"value": number.value, "basis": number.basis})
        for name in inventory.names:
            _with(holder, "name", {"since": name.since}).text = name.name
        for one in inventory.successions:
            direction = "earlier" if one.earlier else "later"
            element = _with(holder, "succession", {"direction": direction, "kind": one.kind, "on": one.on})
            _texts(element, {"basis": one.basis})
            for other in one.names:
                _texts(element, {"name": other})
        licences = etree.SubElement(root, "licences")
        for licence in inventory.licences:
            element = _with(
                licences, "licence",
                {
                    "type": licence.type, "status": licence.status, "valid_until": licence.valid_until,
                    "inherited": licence.inherited,
                },
            )  # fmt: skip
            _texts(element, {"number": licence.number, "title": licence.title})
        entries = _with(root, "entries", {"packages": len(inventory.packages), "bytes": inventory.bytes})
        for packed in inventory.packages:
            element = _with(
                entries, "entry", {"place": packed.place, "part": packed.part, "inherited": packed.inherited}
            )
            _texts(element, {name: getattr(packed, name) for name in _FIELDS})
    except ValueError:
        raise VolumeUnfit(
            "a value of the volume's catalogue holds signs XML cannot carry; no file was written. Correct it at its "
            "source (names, bases)."
        ) from None
    fault = _fault(root)
    if fault is not None:
        raise VolumeUnfit(f"the volume's inventory does not fit its own schema ({fault}); no file was written.")
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def read_inventory(data: bytes) -> Inventory:
    """The inventory that these bytes are.

    Raises:
        VolumeRefused: they do not fit the schema, contradict themselves, or are not as an inventory is written.
    """
    try:
        root = parse(data, "the inventory", largest=LARGEST)
    except XmlRefused as refusal:
        raise VolumeRefused(f"the volume is refused: {refusal.message}") from None
    fault = _fault(root)
    if fault is not None:
        raise VolumeRefused(f"the volume is refused: its inventory does not fit the schema ({fault}).")
    holder, licences, entries = root
    inventory = Inventory(
        kind=_attribute(holder, "kind"),
        numbers=[
            Number(
                _attribute(one, "kind"), _day(one.get("since")), _text(one, "basis"), _day_or_none(one.get("until")),
                one.findtext("value"),
            )
            for one in holder.findall("number")
        ],
        names=[Name(one.text or "", _day(one.get("since"))) for one in holder.findall("name")],
        successions=[
            Succession(
                one.get("direction") == "earlier", _attribute(one, "kind"), _day(one.get("on")), _text(one, "basis"),
                tuple(name.text or "" for name in one.findall("name")),
            )
            for one in holder.findall("succession")
        ],
        licences=[
            Licence(
                _attribute(one, "type"), _text(one, "number"), _text(one, "title"), _attribute(one, "status"),
                _day_or_none(one.get("valid_until")), _truth(one),
            )
            for one in licences
        ],
        packages=[_packed(one) for one in entries],
    )  # fmt: skip
    try:
        again = write_inventory(inventory)
    except VolumeUnfit as unfit:
        raise VolumeRefused(f"the volume is refused: {unfit.message}") from None
    if again != data:
        raise VolumeRefused(
            "the volume is refused: its inventory says more, or says it otherwise, than an inventory does. Nothing was "
            "taken in; ask its sender for the original."
        )
    return inventory


def _packed(element: etree._Element) -> Packed:
    texts: dict[str, Any] = {name: element.findtext(name) for name in _FIELDS}
    version = texts["licence_version"]
    return Packed(
        place=int(_attribute(element, "place")),
        part=_attribute(element, "part"),
        inherited=_truth(element),
        **{
            **texts,
            "licence_version": None if version is None else int(version),
            "accepted": _day(texts["accepted"]),
            "decided": _day(texts["decided"]),
            "bytes": int(texts["bytes"]),
        },
    )


def _fault(root: etree._Element) -> str | None:
    """Why an inventory is none: by the schema, then by what no schema can say. No value is told."""
    if not etree.XMLSchema(_schema()).validate(root):
        return "`xmllint --schema volume.xsd` says where"
    entries = root[2]
    if [one.get("place") for one in entries] != [str(place) for place in range(1, len(entries) + 1)]:
        return "its places do not count from 1"
    sizes = [int(one.findtext("bytes") or "0") for one in entries]
    if (entries.get("packages"), entries.get("bytes")) != (str(len(sizes)), str(sum(sizes))):
        return "its totals are not those of its entries"
    return None


@cache
def _schema() -> etree._Element:
    return parse((files("archive") / "volume.xsd").read_bytes(), "volume.xsd")


def _with(parent: etree._Element, name: str, attributes: Mapping[str, object]) -> etree._Element:
    told = {key: _told(value) for key, value in attributes.items() if value is not None}
    return etree.SubElement(parent, name, told)


def _texts(parent: etree._Element, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if value is not None:
            etree.SubElement(parent, name).text = _told(value)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _attribute(element: etree._Element, name: str) -> str:
    return str(element.get(name) or "")


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(name) or ""


def _truth(element: etree._Element) -> bool:
    return element.get("inherited") == "true"


def _day(text: str | None) -> date:
    return date.fromisoformat(text or "")


def _day_or_none(text: str | None) -> date | None:
    return None if text is None else _day(text)

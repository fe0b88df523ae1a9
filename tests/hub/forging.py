"""Forged variants of issued files, the same ones at every run: by a clumsy hand, by a thief, by an insider.

Each is named after its kind, so that a failing one can be made again.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from documents.package import Package
from hub.compose import drawn_from
from hub.press import Bureau, Press
from signing.demo_pki import open_keys
from signing.demo_pki import prepare as prepare_keys
from signing.ofd.seal import Stamp, seal
from signing.seal.port import LocalSealer

Forged = Iterator[tuple[str, bytes]]

_SIGNS = "/Signs/"
_RAW_FLIPS, _ENTRY_FLIPS, _PDF_FLIPS, _CUTS = 320, 12, 120, 40
#: What somebody would like his licence to say.
WISHES = ("样例冒名有限公司", "91420112MA0000000X", "二〇九九年十二月三十一日", "长期", "张三")


def of_bytes(data: bytes) -> Forged:
    """The file as bytes: flipped, cut off, with something before or behind."""
    for place in spread(len(data), _RAW_FLIPS):
        yield f"byte {place} flipped", flipped(data, place)
    for place in spread(len(data), _CUTS):
        yield f"cut at {place}", data[:place]
    for name, more in (("a blank", b" "), ("a page", b"<ofd/>"), ("itself", data), ("a PDF", b"%PDF-1.7\n%%EOF\n")):
        yield f"{name} behind", data + more
        yield f"{name} before", more + data


def of_entries(data: bytes, other: bytes) -> Forged:
    """The package opened, one thing changed, zipped again as it should be.

    Args:
        other: a genuine licence of somebody else.
    """
    own, foreign = dict(Package.read(data).entries), dict(Package.read(other).entries)
    for name, content in own.items():
        for place in spread(len(content), _ENTRY_FLIPS):
            yield f"{name} byte {place} flipped", zipped(own | {name: flipped(content, place)})
        yield f"{name} removed", zipped({one: kept for one, kept in own.items() if one != name})
        yield f"{name} emptied", zipped(own | {name: b""})
        yield f"{name} longer", zipped(own | {name: content + b"\n"})
        if name in foreign and foreign[name] != content:
            yield f"{name} of another licence", zipped(own | {name: foreign[name]})
        renamed = {(f"{one}x" if one == name else one): kept for one, kept in own.items()}
        yield f"{name} renamed", zipped(renamed)
    yield (
        "all seals of another licence",
        zipped(own | {name: content for name, content in foreign.items() if _SIGNS in name}),
    )
    yield (
        "all pages of another licence",
        zipped(own | {name: content for name, content in foreign.items() if "/Pages/" in name}),
    )
    yield (
        "everything but the seals of another licence",
        zipped(foreign | {name: content for name, content in own.items() if _SIGNS in name}),
    )
    yield "without any seal", zipped({name: content for name, content in own.items() if _SIGNS not in name})
    for name in (
        "Doc_0/Pages/Page_9/Content.xml",
        "Doc_1/Document.xml",
        "Doc_0/Attachs/more.xml",
        "more.bin",
        "中.xml",
    ):
        yield f"{name} added", zipped(own | {name: b"<x/>"})


def of_container(data: bytes) -> Forged:
    """The same files in another zip: reordered, packed, one twice, with a comment; the seal may well hold."""
    own = dict(Package.read(data).entries)
    names = list(own)
    for turn in range(1, len(names)):
        yield f"reordered by {turn}", zipped({name: own[name] for name in names[turn:] + names[:turn]})
    yield "reordered backwards", zipped(dict(reversed(own.items())))
    for level in range(1, 10):
        yield f"packed at level {level}", packed(own, level)
    yield "with a comment", packed(own, 0, comment=b"genuine")
    for name in names[:6]:
        yield f"{name} twice", packed(own, 0, again=(name, b"<x/>"))
    yield "a bomb beside", packed(own | {"bomb.bin": bytes(80 << 20)}, 9)


def of_words(data: bytes, lines: Mapping[str, str]) -> Forged:
    """Words on the face replaced: on the page, in the attached data, in the document information, everywhere.

    Args:
        lines: label to words of the face.
    """
    own = dict(Package.read(data).entries)
    places: dict[str, Callable[[str], bool]] = {
        "page": lambda name: "/Pages/" in name,
        "data": lambda name: "/Attachs/" in name,
        "information": lambda name: name == "OFD.xml",
        "everything": lambda name: name.endswith(".xml") and _SIGNS not in name,
    }
    for label, words in lines.items():
        for wish in WISHES:
            for where, chosen in places.items():
                changed = {
                    name: content.replace(words.encode(), wish.encode()) if chosen(name) else content
                    for name, content in own.items()
                }
                if changed != own:
                    yield f"{label} on {where}: {wish}", zipped(changed)
    # Of words that stand glyph by glyph: any one figure or sign on the page.
    for name, content in own.items():
        if "/Pages/" in name:
            codes = list(re.finditer(rb">([^<>\s][^<>]*)</ofd:TextCode>", content))
            for one in codes[:: max(1, len(codes) // 60)]:
                changed_page = content[: one.start(1)] + "伪".encode() + content[one.end(1) :]
                if changed_page != content:
                    yield f"{name} text at {one.start()}", zipped(own | {name: changed_page})


def of_strangers(facts: Mapping[str, Any], folder: Path, bureau: Bureau, at: datetime) -> Forged:
    """Drawn as ours is, sealed by somebody else under a seal with our name and number.

    Args:
        folder: where the stranger keeps his keys.
        bureau: whom his seal names.
    """
    from hub.install import DEMO_BUREAU

    prepare_keys(folder, DEMO_BUREAU, at - timedelta(days=1))
    keys = open_keys(folder)
    sealer = LocalSealer(keys.seal, keys.signer, None)
    for number, changed in enumerate(wished(facts)):
        drawn = drawn_from(changed, bureau)
        stamps = [
            Stamp(**{name: getattr(place, name) for name in place.__dataclass_fields__}) for place in drawn.places
        ]
        yield f"sealed by a stranger {number}", seal(drawn.package, sealer, stamps=stamps, at=at).to_bytes()


def of_insiders(facts: Mapping[str, Any], press: Press, at: datetime) -> Forged:
    """Sealed with our own seal, past the register."""
    for number, changed in enumerate(wished(facts)):
        drawn = drawn_from(changed, press.bureau)
        yield f"sealed past the register {number}", press.seal(drawn.package, drawn.places, at + timedelta(seconds=1))


def of_pdf(data: bytes) -> Forged:
    """A PDF copy altered: bytes, figures, more behind it, cut off."""
    for place in spread(len(data), _PDF_FLIPS):
        yield f"pdf byte {place} flipped", flipped(data, place)
    for place in spread(len(data), 20):
        yield f"pdf cut at {place}", data[:place]
    yield "pdf with a blank", data + b" "
    yield "pdf with another update", data + b"\n1 0 obj\n<< /Type /Catalog >>\nendobj\nstartxref\n0\n%%EOF\n"
    yield "pdf twice", data + data
    figures = list(re.finditer(rb"/ByteRange ?\[[^\]]*\]", data))
    for one in figures:
        yield f"pdf range at {one.start()}", data.replace(one.group(), b"/ByteRange [0 1 2 3]".ljust(len(one.group())))


def wished(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The frozen facts as they are, and with one line of the face and its data as somebody would like them."""
    yield copy.deepcopy(dict(facts))
    for place, line in enumerate(facts["face"]):
        changed = copy.deepcopy(dict(facts))
        changed["face"][place]["words"] = line["words"][:-1] + "伪" if len(line["words"]) > 1 else "伪"
        for element, words in facts["metadata"].items():
            if words == line["words"]:
                changed["metadata"][element] = changed["face"][place]["words"]
        yield changed


def spread(length: int, count: int) -> list[int]:
    """So many places over a length, at uneven distances, the first and the last among them."""
    if length <= count:
        return list(range(length))
    return sorted({(place * (length - 1)) // (count - 1) ^ (place & 1) for place in range(count)} & set(range(length)))


def flipped(data: bytes, place: int) -> bytes:
    """One bit of one byte turned over."""
    changed = bytearray(data)
    changed[place] ^= 1 << place % 8
    return bytes(changed)


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """As the house writes packages."""
    return Package(entries).to_bytes()


def packed(
    entries: Mapping[str, bytes], level: int, *, comment: bytes = b"", again: tuple[str, bytes] | None = None
) -> bytes:
    """As others write packages."""
    written = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    with zipfile.ZipFile(written, "w", method, compresslevel=level or None) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, method, level or None)
        if again is not None:
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(zipfile.ZipInfo(again[0]), again[1])
        archive.comment = comment
    return written.getvalue()

"""Changes that keep the outer form, so that what lies inside is reached: DER trees with right lengths, zip files with
right checksums."""

from __future__ import annotations

import random
from collections.abc import Callable

from core.errors import Rejected
from documents.package import Limits, Package
from signing import der

Mutate = Callable[[bytes, int], bytes]
_INTERESTING = (
    b"", b"\x00", b"\x80", b"\xff", b"\x01", b"\x00\x00", b"\x7f" * 9, b"\xff" * 130, b"\x80" * 70, b"20260302013000Z",
    b"\x2a\x81\x1c\xcf\x55\x01\x83\x75", b"\x30\x00", b"\xa0\x00", bytes(64), "章".encode(),
)  # fmt: skip
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0xA0, 0xA1, 0xA3, 0x80)


def der_tree(data: bytes, seed: int) -> bytes:
    """One to three elements anywhere in the tree changed, doubled, dropped or exchanged; all lengths written anew."""
    dice = random.Random(seed)
    for _ in range(dice.randint(1, 3)):
        data = _changed(data, dice, 24)
    return data


def _changed(data: bytes, dice: random.Random, depth: int) -> bytes:
    try:
        element = der.read(data, "it")
    except Rejected:
        return dice.choice(_INTERESTING) if dice.random() < 0.5 else data[: dice.randint(0, len(data))]
    parts = _parts(element)
    if parts and depth and dice.random() < 0.85:
        place = dice.randrange(len(parts))
        match dice.randrange(8):
            case 0:
                del parts[place]
            case 1:
                parts.insert(place, dice.choice(parts))
            case 2:
                dice.shuffle(parts)
            case _:
                parts[place] = _changed(parts[place], dice, depth - 1)
        return der.wrap(element.tag, b"".join(parts))
    match dice.randrange(3):
        case 0:
            return der.wrap(dice.choice(_TAGS), element.content)
        case 1:
            return der.wrap(element.tag, dice.choice(_INTERESTING))
        case _:
            content = bytearray(element.content)
            if content:
                content[dice.randrange(len(content))] = dice.randrange(256)
            return der.wrap(element.tag, bytes(content))


def _parts(element: der.Element) -> list[bytes]:
    """What is inside, also inside OCTET STRINGs and BIT STRINGs' tags, where it is DER; nothing otherwise."""
    if not element.tag & 0x20:
        return []
    try:
        return [one.raw for one in element.children("it", element.tag, 500)]
    except Rejected:
        return []


def zip_entries(data: bytes, seed: int) -> bytes:
    """Entries of a package changed, dropped, renamed or moved; written anew with right checksums."""
    dice = random.Random(seed)
    try:
        entries = list(Package.read(data, Limits(total_bytes=4 << 20, entries=64)).entries.items())
    except Rejected:
        return data
    for _ in range(dice.randint(1, 2)):
        if not entries:
            break
        place = dice.randrange(len(entries))
        name, content = entries[place]
        match dice.randrange(6):
            case 0:
                del entries[place]
            case 1:
                entries.insert(place, entries.pop(dice.randrange(len(entries))))
            case 2:
                entries.append((name + "x", content))
            case 3 if name.endswith((".dat", ".esl")):
                entries[place] = (name, der_tree(content, dice.getrandbits(32)))
            case _:
                changed = bytearray(content)
                at = dice.randint(0, len(changed))
                changed[at : at + dice.randint(0, 4)] = dice.choice(
                    (b"<", b"&x;", b"<!DOCTYPE a>", b"0", b"\xff", b"/..")
                )
                entries[place] = (name, bytes(changed))
    try:
        return Package(dict(entries)).to_bytes()
    except Rejected:
        return data

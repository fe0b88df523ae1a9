"""The modules of a QR code (ISO/IEC 18004, model 2, byte mode, level M) by table, for codes made by the thousand.

Error correction, interleaving, placing and masking of a QR code are all linear: every bit of the text turns
over a fixed set of modules, whatever the others are. So for each size of code the set of each half byte is
computed once, and a code is the exclusive or of a few hundred long numbers: a third of the time of a library that goes
through the steps one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from operator import getitem, xor

#: For each version: error correction bytes of a block, then its blocks as (how many, data bytes each), level M.
_BLOCKS: dict[int, tuple[int, tuple[tuple[int, int], ...]]] = {
    1: (10, ((1, 16),)),
    2: (16, ((1, 28),)),
    3: (26, ((1, 44),)),
    4: (18, ((2, 32),)),
    5: (24, ((2, 43),)),
    6: (16, ((4, 27),)),
    7: (18, ((4, 31),)),
    8: (22, ((2, 38), (2, 39))),
    9: (22, ((3, 36), (2, 37))),
    10: (26, ((4, 43), (1, 44))),
}
_ALIGNED = {2: (18,), 3: (22,), 4: (26,), 5: (30,), 6: (34,), 7: (22, 38), 8: (24, 42), 9: (26, 46), 10: (28, 50)}
#: From this version on the code tells its version, and from 10 on the length of the text takes two bytes.
_TELLS_VERSION, _LONG_COUNT = 7, 10
#: Readers read every mask; choosing the prettiest of eight would cost eight codes.
_MASK = 3
_LEVEL_M = 0
_BYTE_MODE = "4"
_PADDING = "ec11"
_BLACK = str.maketrans("01", "\xff\x00")
#: Bytes that a code of the largest version made here holds.
MOST_BYTES = 213


def modules(text: bytes) -> list[bytes]:
    """The rows of the smallest code that holds `text`, one byte a module, 0x00 black and 0xFF blank, no margin.

    Raises:
        ValueError: more than 213 bytes.
    """
    version = next((one for one in _BLOCKS if len(text) <= _room(one)), None)
    if version is None:
        raise ValueError(f"a code made here holds {MOST_BYTES} bytes")
    table = _table(version)
    count = f"{len(text):04x}" if version >= _LONG_COUNT else f"{len(text):02x}"
    digits = f"{_BYTE_MODE}{count}{text.hex()}0"
    # Every row of the table is asked once: what is left is filled up as the standard says.
    filled = digits + (_PADDING * (len(table.sets) // 4 + 1))[: len(table.sets) - len(digits)]
    turned = reduce(xor, map(getitem, table.sets, filled), table.empty)
    side = table.side
    drawn = f"{turned:0{side * side}b}".translate(_BLACK).encode("latin-1")
    return [drawn[start : start + side] for start in range(0, side * side, side)]


def _room(version: int) -> int:
    """Bytes of text: all data bytes but those for the mode and the length."""
    return sum(many * size for many, size in _BLOCKS[version][1]) - (3 if version >= _LONG_COUNT else 2)


@dataclass(frozen=True, slots=True)
class _Table:
    """A version's modules as bits of one number, row by row from the top.

    `empty` holds no text, and `sets` tells for each hexadecimal digit of the data which modules each value turns over.
    """

    side: int
    empty: int
    sets: tuple[dict[str, int], ...]


@cache
def _table(version: int) -> _Table:
    side = 17 + 4 * version
    fixed, black = _functions(version, side)
    places = _placed(side, fixed)
    masked = sum(1 << _bit(side, row, column) for row, column in places if (row + column) % _MASK == 0)
    bits = _data_bits(version, [_bit(side, *place) for place in places])
    sets = tuple(
        {
            f"{value:x}": reduce(xor, (one for index, one in enumerate(four) if value >> (3 - index) & 1), 0)
            for value in range(16)
        }
        for four in (bits[start : start + 4] for start in range(0, len(bits), 4))
    )
    return _Table(side, sum(1 << _bit(side, *one) for one in black) ^ masked, sets)


def _bit(side: int, row: int, column: int) -> int:
    return side * side - 1 - row * side - column


_Place = tuple[int, int]


def _functions(version: int, side: int) -> tuple[set[_Place], set[_Place]]:
    """The modules that carry no data, and those of them that are black."""
    fixed: set[_Place] = set()
    black: set[_Place] = set()
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        for row in range(max(0, top - 1), min(side, top + 8)):
            for column in range(max(0, left - 1), min(side, left + 8)):
                fixed.add((row, column))
                ring = max(abs(row - top - 3), abs(column - left - 3))
                if ring <= 3 and ring != 2:
                    black.add((row, column))
    centres = (6, *_ALIGNED.get(version, ()))
    corners = {(6, 6), (6, centres[-1]), (centres[-1], 6)}
    for middle in ((a, b) for a in centres for b in centres if (a, b) not in corners and version > 1):
        for row in range(middle[0] - 2, middle[0] + 3):
            for column in range(middle[1] - 2, middle[1] + 3):
                fixed.add((row, column))
                if max(abs(row - middle[0]), abs(column - middle[1])) != 1:
                    black.add((row, column))
    for along in range(8, side - 8):
        for place in ((6, along), (along, 6)):
            fixed.add(place)
            if along % 2 == 0:
                black.add(place)
    _tell_format(side, fixed, black)
    if version >= _TELLS_VERSION:
        told = version << 12 | _remainder(version << 12, 0x1F25, 12)
        for index in range(18):
            for place in ((index // 3, side - 11 + index % 3), (side - 11 + index % 3, index // 3)):
                fixed.add(place)
                if told >> index & 1:
                    black.add(place)
    return fixed, black


def _tell_format(side: int, fixed: set[_Place], black: set[_Place]) -> None:
    """Level and mask, told twice, and the one module that is always dark."""
    data = (_LEVEL_M << 3 | _MASK) << 10
    told = (data | _remainder(data, 0x537, 10)) ^ 0x5412
    around = [(index, 8) for index in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, index) for index in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(8, side - 1 - index) for index in range(8)] + [(side - 7 + index, 8) for index in range(7)]
    for places in (around, apart):
        for index, place in enumerate(places):
            fixed.add(place)
            if told >> index & 1:
                black.add(place)
    fixed.add((side - 8, 8))
    black.add((side - 8, 8))


def _remainder(value: int, divisor: int, degree: int) -> int:
    while value.bit_length() > degree:
        value ^= divisor << (value.bit_length() - 1 - degree)
    return value


def _placed(side: int, fixed: set[_Place]) -> list[_Place]:
    """Where data goes, in order: pairs of columns from the right, up and down in turn, past the column of the clock."""
    order: list[_Place] = []
    upward = True
    for right in (*range(side - 1, 6, -2), *range(5, 0, -2)):
        for row in range(side - 1, -1, -1) if upward else range(side):
            order += [(row, column) for column in (right, right - 1) if (row, column) not in fixed]
        upward = not upward
    return order


def _data_bits(version: int, places: list[int]) -> list[int]:
    """For each bit of the data bytes, first bit first, the modules it turns over, its error correction among them."""
    extra, groups = _BLOCKS[version]
    sizes = [size for many, size in groups for _ in range(many)]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    # Data bytes of the blocks in turn, the shorter blocks leaving out their last turn, then their corrections.
    order = [(block, index) for index in range(max(sizes)) for block, size in enumerate(sizes) if index < size]
    order += [(block, sizes[block] + index) for index in range(extra) for block in range(len(sizes))]
    first = {byte: 8 * number for number, byte in enumerate(order)}
    generator = _generator(extra)
    found = [0] * (8 * sum(sizes))
    for block, size in enumerate(sizes):
        # X to the power of one less than the degree: the last data byte stands one higher.
        correction = [1] + [0] * (extra - 1)
        for index in range(size - 1, -1, -1):
            correction = _times_x(correction, generator)
            for bit in range(8):
                value = 0x80 >> bit
                turned = 1 << places[first[block, index] + bit]
                for number, one in enumerate(correction):
                    product, at = _product(one, value), first[block, size + number]
                    for each in range(8):
                        if product & 0x80 >> each:
                            turned ^= 1 << places[at + each]
                found[8 * (starts[block] + index) + bit] = turned
    return found


def _times_x(remainder: list[int], generator: list[int]) -> list[int]:
    """A polynomial over GF(256), highest power first, times X, less the generator as often as it goes."""
    top = remainder[0]
    return [one ^ _product(top, other) for one, other in zip((*remainder[1:], 0), generator[1:], strict=True)]


def _generator(degree: int) -> list[int]:
    """The product of (X - 2^i) for i below `degree`, highest power first."""
    found, root = [1], 1
    for _ in range(degree):
        found = [one ^ _product(other, root) for one, other in zip((*found, 0), (0, *found), strict=True)]
        root = _product(root, 2)
    return found


def _product(one: int, other: int) -> int:
    """In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    found = 0
    while other:
        if other & 1:
            found ^= one
        one = one << 1 ^ (0x11D if one & 0x80 else 0)
        other >>= 1
    return found

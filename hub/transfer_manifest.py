"""Destination: what a parcel's manifest says, read strictly; the letter around it was verified before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from archive.stages import VolumePart
from hub.transfer_letters import LetterRefused

_FILE_NO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KINDS: Final = frozenset({"company", "citizen", "registration_number", "organisation_code", "other"})


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a party; `text` None where the origin knows its keyed hash alone."""

    kind: str
    text: str | None = field(repr=False)
    since: date
    until: date | None
    basis: str


@dataclass(frozen=True, slots=True)
class Party:
    """A holder: its numbers, and its names with the earliest day of each."""

    numbers: tuple[Number, ...]
    names: tuple[tuple[str, date], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Followed:
    """One party, by its place in the list, followed another."""

    earlier: int
    later: int
    kind: str
    happened_on: date
    basis: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A package as the manifest lists it. `fault` is what the origin itself found wrong."""

    file_no: str
    party: int
    path: str
    size: int
    sm3: str
    sha256: str
    part: str
    licence_number: str | None
    fault: str | None
    proof: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it. `absent` and `given_up`: electronic file number to why."""

    parties: tuple[Party, ...]
    successions: tuple[Followed, ...]
    packages: tuple[Listed, ...]
    absent: Mapping[str, str]
    given_up: Mapping[str, str]
    log: Mapping[str, Any]
    reports: Sequence[str]


def read_manifest(said: Mapping[str, Any]) -> Manifest:
    """Read what a parcel's letter says.

    Raises:
        LetterRefused: it lacks something, or contradicts itself.
    """
    try:
        found = Manifest(
            parties=tuple(_party(one) for one in said["parties"]),
            successions=tuple(
                Followed(
                    _count(one["earlier"]), _count(one["later"]), _text(one["kind"]), _day(one["on"]),
                    _text(one["basis"]),
                )
                for one in said["successions"]
            ),
            packages=tuple(_listed(one) for one in said["packages"]),
            absent={_file_no(one["file_no"]): _text(one["fault"]) for one in said["absent"]},
            given_up={_file_no(one["file_no"]): _text(one["reason"]) for one in said["given_up"]},
            log=dict(said["log"]),
            reports=[_text(one["report"]) for one in said["packages"] if one["report"] is not None],
        )  # fmt: skip
        numbers = [*(one.file_no for one in found.packages), *found.absent, *found.given_up]
        counts = {
            "packages": len(found.packages),
            "bytes": sum(one.size for one in found.packages),
            "absent": len(found.absent),
            "given_up": len(found.given_up),
        }
        places = [one.party for one in found.packages]
        places += [place for one in found.successions for place in (one.earlier, one.later)]
        sound = (
            len(set(numbers)) == len(numbers)
            and {name: said["counts"][name] for name in counts} == counts
            and all(place < len(found.parties) for place in places)
            and all(one.earlier != one.later for one in found.successions)
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        sound = False
    if not sound:
        raise LetterRefused(
            "a parcel is refused: its manifest lacks something a manifest says, or contradicts itself; nothing was "
            "taken in. Have it packed anew."
        )
    return found


def _party(one: Mapping[str, Any]) -> Party:
    return Party(
        numbers=tuple(
            Number(
                _kind(number["kind"]),
                None if number["number"] is None else _text(number["number"]),
                _day(number["since"]),
                None if number["until"] is None else _day(number["until"]),
                _text(number["basis"]),
            )
            for number in one["numbers"]
        ),
        names=tuple((_text(name["name"]), _day(name["since"])) for name in one["names"]),
    )


def _listed(one: Mapping[str, Any]) -> Listed:
    file_no = _file_no(one["file_no"])
    if one["path"] != f"packages/{file_no}.zip" or one["report"] not in (None, f"reports/{file_no}.json"):
        raise ValueError
    return Listed(
        file_no=file_no,
        party=_count(one["party"]),
        path=one["path"],
        size=_count(one["bytes"]),
        sm3=_hex(one["sm3"]),
        sha256=_hex(one["sha256"]),
        part=VolumePart(one["part"]).value,
        licence_number=None if one["licence_number"] is None else _text(one["licence_number"]),
        fault=None if one["fault"] is None else _text(one["fault"]),
        proof=None if one["proof"] is None else dict(one["proof"]),
    )


def _file_no(value: Any) -> str:
    if not isinstance(value, str) or _FILE_NO.fullmatch(value) is None:
        raise ValueError
    return value


def _hex(value: Any) -> str:
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 2_000 or "\0" in value:
        raise ValueError
    return value


def _kind(value: Any) -> str:
    if value not in _KINDS:
        raise ValueError
    return str(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _day(value: Any) -> date:
    return date.fromisoformat(value)

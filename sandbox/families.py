"""Couples that are still married, their children, and the households they live in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox import numbers, words
from sandbox.world import Person, given_name, some_day

#: Children born before are grown up and live elsewhere.
_YOUNGEST_FROM = date(2004, 1, 1)
_LAST_BIRTH = date(2025, 12, 31)
#: A small world needs all its couples to show every kind of row.
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Couple:
    """A man and a woman married on a day, as civil affairs has them."""

    man: Person
    woman: Person
    on: date


@dataclass(frozen=True, slots=True)
class Child:
    """A child with its medical certificate of birth."""

    person: Person
    father: Person
    mother: Person
    certificate: str


@dataclass(frozen=True, slots=True)
class Family:
    """One household: the couple and the children who live with them."""

    number: str
    couple: Couple
    children: tuple[Child, ...]
    station: str


def families(rng: Random, couples: list[Couple]) -> list[Family]:
    """Every second couple's household; of a small world every couple's. At least one has a child."""
    chosen = couples[: max(_FEWEST, len(couples) // 2)]
    taken: set[str] = set()
    made: list[Family] = []
    for place, couple in enumerate(chosen, 1):
        children = _children(rng, couple, rng.choices((0, 1, 2), (35, 45, 20))[0], taken)
        made.append(Family(f"4201120{place:07d}", couple, children, rng.choice(STATIONS)))
    if not any(family.children for family in made):
        last = made[-1]
        made[-1] = Family(last.number, last.couple, _children(rng, last.couple, 1, taken), last.station)
    return made


#: The police stations' codes are made up; the division before them is not.
STATIONS = tuple(f"420112{number:03d}000" for number in range(610, 660, 5))


def _children(rng: Random, couple: Couple, wanted: int, taken: set[str]) -> tuple[Child, ...]:
    found: list[Child] = []
    first = max(couple.on + timedelta(days=300), _YOUNGEST_FROM)
    for _ in range(wanted):
        if first > _LAST_BIRTH:
            break
        born = some_day(rng, first, min(first + timedelta(days=6 * 365), _LAST_BIRTH))
        first = born + timedelta(days=500)
        found.append(_child(rng, couple, born, taken))
    return tuple(found)


def _child(rng: Random, couple: Couple, born: date, taken: set[str]) -> Child:
    while True:
        sequence = rng.randint(1, 999)
        number = numbers.citizen_number(words.AREA_DISTRICT, born, sequence)
        if number not in taken:
            break
    taken.add(number)
    man = sequence % 2 == 1
    parent = couple.man if rng.random() < 0.9 else couple.woman
    long_surname = parent.name[:2] in words.COMPOUND_SURNAMES
    name = parent.name[: 2 if long_surname else 1] + given_name(rng, man)
    person = Person(number, name, man, born, parent.folk)
    return Child(person, couple.man, couple.woman, f"Q42{len(taken):07d}")

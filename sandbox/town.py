"""Fills the tables of police, health, housing, the sharing platform and the market register.

Nobody is made up here but children: couples are those civil affairs has as married, owners and insured people are
the world's, and an organisation has the head it has everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from random import Random

from sandbox import entity_records, people_records, records, words
from sandbox.families import STATIONS, Couple, Family, families
from sandbox.people_records import DAUGHTER, HEAD, SON, SPOUSE
from sandbox.records import DAYS, FOLDERS
from sandbox.rows import Rows
from sandbox.world import World, address, stream

__all__ = ["BOOKS", "Couple", "Town", "Wanted"]

_HOUSEHOLD, _TITLE = "police.household", "housing.title"
#: Draws that say what becomes of a household: it moves out of the district, or stays as it is.
_MOVES, _STAYS = 0.06, 1.0

#: The workbooks of the real-estate register: a whole one, and what came later.
BOOKS = ("quanshu_20260315.xlsx", "quanshu_20260331.xlsx")
#: The shares of the world that the smaller tables hold; they keep the demo short.
_OWNERS, _FUND, _PERMITS = 0.15, 0.25, 0.2


@dataclass
class Wanted:
    """What approvals rest on: by credit code or citizen number who must have a record, or must not.

    Such a record stays as it is first written, and gets no dirt that refuses it.
    """

    has: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lacks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def drawn(self, resource: str, number: str, *, else_: bool) -> bool:
        """Whether it has one: as planned, or as it was drawn."""
        return number in self.has[resource] or (else_ and number not in self.lacks[resource])


class Town:
    """Adds to the rows of a world, each part from its own stream of numbers."""

    def __init__(self, world: World, rows: Rows, wanted: Wanted) -> None:
        self.world, self.rows, self.wanted = world, rows, wanted

    def fill(self, couples: list[Couple]) -> None:
        """Add everything. `couples` are those still married."""
        homes = families(self._stream("families"), couples)
        self._police(self._stream("police"), homes)
        self._households(self._stream("households"), homes)
        self._health(self._stream("health"), homes)
        self._titles(self._stream("titles"), couples)
        self._fund(self._stream("fund"))
        self._platform(self._stream("platform"))
        self._register(self._stream("register"))

    def _stream(self, name: str) -> Random:
        return stream(self.world.seed, name)

    def _police(self, rng: Random, homes: list[Family]) -> None:
        numbers = count(1)
        for family in homes:
            couple, first = family.couple, rng.choice(DAYS[:3])
            head, other = (couple.man, couple.woman) if rng.random() < 0.7 else (couple.woman, couple.man)
            people = [(head, HEAD), (other, SPOUSE)]
            people += [(child.person, SON if child.person.man else DAUGHTER) for child in family.children]
            written = [
                self.rows.add(people_records.household(rng, family.number, family.station, person, relation, first))
                for person, relation in people
            ]
            draw = rng.random()
            if (planned := self._planned(couple)) is not None:
                draw = planned
            for row in written if draw == _STAYS else ():
                row.guarded = True
            if draw < 0.05:  # another station keeps the household's papers now
                for row in written:
                    self.rows.add(records.later(rng, row, DAYS[4], pcs=f"420112{rng.randint(700, 720)}000"))
            elif draw < 0.08:  # moved out of the district
                for row in written:
                    self.rows.add(records.deletion(rng, row, DAYS[4]))
            for child in family.children:
                if rng.random() < 0.95:
                    born = people_records.birth(rng, child, next(numbers), family.station, rng.choice(DAYS[:4]))
                    self.rows.add(born)

    def _planned(self, couple: Couple) -> float | None:
        """What becomes of a couple's household where an approval rests on one of them, as the draw that says so."""
        numbers = {couple.man.number, couple.woman.number}
        if numbers & self.wanted.lacks[_HOUSEHOLD]:
            return _MOVES
        return _STAYS if numbers & self.wanted.has[_HOUSEHOLD] else None

    def _households(self, rng: Random, homes: list[Family]) -> None:
        """The unmarried whose papers an approval rests on, each in a household of its own."""
        by_number = {person.number: person for person in self.world.people}
        at_home = {person.number for family in homes for person in (family.couple.man, family.couple.woman)}
        for place, number in enumerate(sorted(self.wanted.has[_HOUSEHOLD] - at_home), 1):
            person, station = by_number[number], rng.choice(STATIONS)
            row = people_records.household(rng, f"4201121{place:07d}", station, person, HEAD, DAYS[0])
            self.rows.add(row).guarded = True

    def _health(self, rng: Random, homes: list[Family]) -> None:
        for family in homes:
            for child in family.children:
                self.rows.add(people_records.birth_certificate(rng, child))

    def _titles(self, rng: Random, couples: list[Couple]) -> None:
        numbers = count(1)
        for couple in couples:
            if rng.random() < 2 * _OWNERS:
                both = rng.random() < 0.6
                owners = (couple.man, couple.woman) if both else (rng.choice((couple.man, couple.woman)),)
                self._unit(rng, tuple(map(people_records.owner, owners)), next(numbers), "住宅")
        for place, company in enumerate(self.world.companies):
            if self.wanted.drawn(_TITLE, company.code, else_=place == 0 or rng.random() < _OWNERS):
                use = rng.choice(("工业用地/厂房", "仓储用地/仓库", "商服用地/办公"))
                guarded = company.code in self.wanted.has[_TITLE]
                self._unit(rng, (people_records.owner(company),), next(numbers), use, guarded=guarded)

    def _unit(
        self, rng: Random, owners: tuple[tuple[str, str], ...], number: int, use: str, *, guarded: bool = False
    ) -> None:
        # the second of them always, so that the later workbook of a small world has something too
        book = BOOKS[number == 2 or rng.random() < 0.15]
        for row in people_records.titles(rng, owners, number, address(rng), use, book=book):
            self.rows.add(row).guarded = guarded
            if book == BOOKS[0] and rng.random() < 0.04:  # the later workbook tells of it again
                again = row.copy()
                again.stamp, again.fields["fj"] = BOOKS[1], "抵押已注销"
                self.rows.add(again)

    def _fund(self, rng: Random) -> None:
        numbers, employers = count(1), dict[str, int]()
        insured = [row for row in self.rows.of("hr.insurance") if row.fields["xz"] == words.INSURANCES[0][0]]
        seen: set[str | None] = set()
        for row in insured:
            if row.fields["zjhm"] in seen or (seen and rng.random() > _FUND):
                continue
            seen.add(row.fields["zjhm"])
            folder = rng.choices(FOLDERS, (80, 12, 8))[0]
            self.rows.add(people_records.fund_account(rng, row, next(numbers), employers, folder=folder))

    def _platform(self, rng: Random) -> None:
        numbers = count(1)
        for place, organisation in enumerate((*self.world.companies, *self.world.social), 1):
            held = self.rows.add(entity_records.legal_person(rng, organisation, place))
            if organisation in self.world.companies and (place == 1 or rng.random() < _PERMITS):
                permit = entity_records.permit(rng, organisation, str(held.fields["frwybs"]), next(numbers))
                self.rows.add(permit)

    def _register(self, rng: Random) -> None:
        for place, company in enumerate(self.world.companies, 1):
            first = self.rows.add(entity_records.entity(rng, company, place, rng.choice(DAYS[:3])))
            draw = rng.random()
            if company.code in self.wanted.has["market.entity"]:
                first.fields["uniscid"], first.guarded = company.code, True
                continue
            if draw < 0.04:
                self.rows.add(records.later(rng, first, DAYS[3], regstate="2", apprdate=DAYS[3].isoformat()))
            elif draw < 0.05:
                self.rows.add(records.deletion(rng, first, DAYS[4]))

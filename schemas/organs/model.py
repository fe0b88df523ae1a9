"""The table of organs: credit codes, names and the days they were borne, who followed whom, who owns which licence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator

from schemas.declared import Declared
from schemas.errors import IdentifierRefused
from schemas.identifiers.credit import CreditCode
from schemas.organs.names import one_form

_NAME: Final = "{name}"
_CODE_LENGTH: Final = 18
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class NameBorne(Declared):
    """A name and the days it was borne, both included.

    Two names of one organ may overlap: that is how a time of transition is written down.

    Attributes:
        since: first day; None = since before anything that is looked at here.
        until: last day; None = to this day.
        verified: whether somebody compared it with the decision that gave or took the name.
    """

    name: str
    since: date | None = None
    until: date | None = None
    verified: bool

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("a name's last day lies before its first")
        return self

    def borne_on(self, day: date) -> bool:
        """Whether the organ was called so on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def overlaps(self, other: NameBorne) -> bool:
        """Whether there is a day on which both were borne."""
        ends = [end for end in (self.until, other.until) if end is not None]
        begins = [begin for begin in (self.since, other.since) if begin is not None]
        return not ends or not begins or max(begins) <= min(ends)


class Organ(Declared):
    """One organ for as long as it has its credit code. It is in force on the days on which it bears a name.

    Attributes:
        id: short name, used in this table only.
        credit_code: its unified social credit code.
        verified: whether the code was compared with the register it comes from.
        names: its names, the first one first.
        seals: whole names of seals of its own that no pattern of the table makes.
    """

    id: Id
    credit_code: str
    verified: bool
    names: tuple[NameBorne, ...] = Field(min_length=1)
    seals: tuple[str, ...] = ()

    @field_validator("credit_code")
    @classmethod
    def _is_a_code(cls, text: str) -> str:
        try:
            return CreditCode.parse(text).text
        except IdentifierRefused:
            raise ValueError("this is no unified social credit code: its check character does not fit") from None

    def names_on(self, day: date) -> tuple[NameBorne, ...]:
        """The names borne on a day; none when the organ was not there."""
        return tuple(one for one in self.names if one.borne_on(day))

    @property
    def name(self) -> str:
        """The name it bore last, for people."""
        return self.names[-1].name

    def name_on(self, day: date) -> str:
        """What to call it on a day; its last name when it bore none."""
        borne = self.names_on(day)
        return borne[-1].name if borne else self.name


class Succession(Declared):
    """From a day on one organ does what another did.

    Attributes:
        predecessor, successor: ids of organs.
        effective: first day of the successor.
        basis: the decision or law it rests on.
        licences: names of the licence types that went over; none = all that no other succession of this
            predecessor names.
        verified: whether somebody has read the basis.
    """

    predecessor: Id
    successor: Id
    effective: date
    basis: str
    licences: tuple[str, ...] = ()
    verified: bool

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        if self.predecessor == self.successor:
            raise ValueError("an organ does not follow itself; a new name is one more of its names")
        return self


class Owner(Declared):
    """Whose a licence type is, whatever seal stands on it.

    Attributes:
        licence: the type's name, e.g. 营业执照; a name that begins with it (营业执照（副本）) counts too.
        type_codes: codes of GB/T 36904 that mean it as well.
        organ: id of the owner.
        basis: the law it rests on.
        verified: whether somebody has read it there.
    """

    licence: str
    type_codes: tuple[str, ...] = ()
    organ: Id
    basis: str
    verified: bool

    def means(self, licence: str | None, type_code: str | None) -> bool:
        """Whether a licence of this name and code is of the type."""
        named = licence is not None and one_form(licence).startswith(one_form(self.licence))
        return named or (type_code is not None and type_code in self.type_codes)


class OrganTable(Declared):
    """All organs this installation knows, and which of them it is itself.

    Attributes:
        demo: True for the table that comes with the software; production mode issues nothing by it.
        bureau: id of the organ that runs this hub.
        ignore_test_mark: the mark （测试） in names does not count, as demo seals bear it.
        seal_names: what seals are called: `{name}` stands for any name the organ bears on the day.
    """

    demo: bool = False
    bureau: Id
    ignore_test_mark: bool = False
    seal_names: tuple[str, ...] = (_NAME,)
    organs: tuple[Organ, ...] = Field(min_length=1)
    successions: tuple[Succession, ...] = ()
    owners: tuple[Owner, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if any(pattern.count(_NAME) != 1 for pattern in self.seal_names):
            raise ValueError("every pattern of seal_names holds {name} once")
        ids = [one.id for one in self.organs]
        if len(set(ids)) != len(ids) or len({one.credit_code for one in self.organs}) != len(ids):
            raise ValueError("two organs share an id or a credit code")
        _require_known(ids, (self.bureau,), "bureau")
        _require_known(
            ids, (id_ for one in self.successions for id_ in (one.predecessor, one.successor)), "successions"
        )
        _require_known(ids, (one.organ for one in self.owners), "owners")
        self._require_one_bearer()
        return self

    def _require_one_bearer(self) -> None:
        for borne in self._borne.values():
            for index, (organ, name) in enumerate(borne):
                if any(other.id != organ.id and name.overlaps(second) for other, second in borne[index + 1 :]):
                    raise ValueError("two organs bear one name, or have seals of one name, on the same day")

    # --- organs by what is written about them ---

    @cached_property
    def _by_id(self) -> Mapping[str, Organ]:
        return {one.id: one for one in self.organs}

    @cached_property
    def _by_code(self) -> Mapping[str, Organ]:
        return {one.credit_code: one for one in self.organs}

    @cached_property
    def _borne(self) -> Mapping[str, list[tuple[Organ, NameBorne]]]:
        """Every name of an organ and of its seals in one form, with who bore it and when."""
        found: dict[str, list[tuple[Organ, NameBorne]]] = {}
        for organ in self.organs:
            for borne in organ.names:
                for text in (borne.name, *self._seals_of(borne.name)):
                    listed = found.setdefault(self.form(text), [])
                    if (organ, borne) not in listed:
                        listed.append((organ, borne))
            always = NameBorne(name=organ.name, verified=False)
            for text in organ.seals:
                found.setdefault(self.form(text), []).append((organ, always))
        return found

    def _seals_of(self, name: str) -> Iterator[str]:
        return (pattern.replace(_NAME, name) for pattern in self.seal_names)

    def seals_of(self, organ: Organ, names: Iterable[NameBorne]) -> Iterator[str]:
        """What the organ's seals are called under some of its names, and those it lists by their whole name."""
        for one in names:
            yield from self._seals_of(one.name)
        yield from organ.seals

    def form(self, text: str) -> str:
        """A name in the one form in which names are compared here."""
        return one_form(text, without_test_mark=self.ignore_test_mark)

    @property
    def own(self) -> Organ:
        """The organ that runs this hub."""
        return self._by_id[self.bureau]

    def by_id(self, name: str) -> Organ | None:
        """The organ of an id."""
        return self._by_id.get(name)

    def by_code(self, code: str) -> Organ | None:
        """The organ of a credit code, whether or not it is still there."""
        return self._by_code.get(code)

    def by_name(self, name: str, day: date | None = None) -> Organ | None:
        """The organ that bore a name on a day; without a day, the one that bore it last."""
        return self._bearer(name, day, seal=False)

    def by_seal(self, name: str, day: date | None = None) -> Organ | None:
        """The organ whose seals are called so: by its name on the day and a pattern, or by a listed name."""
        return self._bearer(name, day, seal=True)

    def _bearer(self, text: str, day: date | None, *, seal: bool) -> Organ | None:
        form = self.form(text)
        found = [
            organ
            for organ, borne in self._borne.get(form, ())
            if (day is None or borne.borne_on(day))
            and (seal or any(self.form(one.name) == form for one in organ.names))
        ]
        return found[-1] if found else None

    def organ_at(self, day: date, *, code: str | None = None, name: str | None = None) -> Organ | None:
        """The organ in force on a day under a code, a name, or both; None when there is none, or they are two."""
        found = [] if code is None else [self.by_code(code)]
        if name is not None:
            found.append(self.by_name(name, day))
        if not found or any(one is not found[0] for one in found):
            return None
        organ = found[0]
        return organ if organ is not None and organ.names_on(day) else None

    def same_at(self, day: date, *references: str) -> bool:
        """Whether credit codes, names, names of seals, and organisations as certificates write them (code and name in
        one) all mean one organ that is in force on the day. What the table does not know means none."""
        found = {self._meant(reference, day) for reference in references}
        return len(found) == 1 and None not in found

    def _meant(self, reference: str, day: date) -> str | None:
        organ = self.by_code(reference[:_CODE_LENGTH])
        rest = reference[_CODE_LENGTH:]
        if organ is None:
            organ = self.by_seal(reference, day)
        elif rest and self.by_name(rest, day) is not organ:
            return None
        return organ.id if organ is not None and organ.names_on(day) else None

    # --- who followed whom, and whose a licence is ---

    def chain(self, organ: Organ, day: date, licence: str | None = None) -> tuple[Succession, ...]:
        """The successions from `organ` to the one in charge on a day, the first one first; forward in time only, so
        that what went to another organ and came back is told too.

        Args:
            licence: of which licence type; None = of what no succession names.
        """
        found: list[Succession] = []
        while True:
            since = found[-1].effective if found else date.min
            open_ = [one for one in self.successions if since <= one.effective <= day and one not in found]
            step = self._step([one for one in open_ if one.predecessor == organ.id], licence)
            if step is None:
                return tuple(found)
            found.append(step)
            organ = self._by_id[step.successor]

    def _step(self, of_organ: list[Succession], licence: str | None) -> Succession | None:
        named = [one for one in of_organ if licence is not None and self._names(one, licence)]
        return max(named or [one for one in of_organ if not one.licences], key=lambda one: one.effective, default=None)

    def _names(self, succession: Succession, licence: str) -> bool:
        return self.form(licence).startswith(tuple(self.form(name) for name in succession.licences))

    def heir(self, organ: Organ, day: date, licence: str | None = None) -> Organ:
        """The organ in charge on a day of what `organ` once issued; itself when nobody followed."""
        steps = self.chain(organ, day, licence)
        return self._by_id[steps[-1].successor] if steps else organ

    def owner_of(self, licence: str | None, type_code: str | None) -> Owner | None:
        """The line that says whose a licence type is; None: whoever issued it, or followed who did."""
        return next((one for one in self.owners if one.means(licence, type_code)), None)


def _require_known(ids: Iterable[str], named: Iterable[str], where: str) -> None:
    if not set(named) <= set(ids):
        raise ValueError(f"{where}: an id is named that no organ has")

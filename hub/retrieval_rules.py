"""Who may see what of an archive: a table, requester by proofs by form. What no row allows is refused.

The hub's own table follows article 60 of 《市场主体登记管理条例实施细则》; a bureau puts its own as
`retrieval-matrix.toml` in HUB_HOME. Where the table cannot be read nobody may see anything.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from importlib.resources import files
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.settings import Settings
from hub.retrieval_errors import NoRule, RulesBroken
from hub.retrieval_parts import Form, Proof, Requester
from schemas.declared import Declared, told_of

Unmasked = Literal["never", "decider", "always"]
HolderKind = Literal["company", "citizen"]

#: A bureau's own table below HUB_HOME, and the hub's.
FILE: Final = "retrieval-matrix.toml"
_OWN: Final = "retrieval_matrix.toml"
#: What there is to be seen as facts 机读档案.
NAMES: Final = ("name", "credit_code", "former_names", "register", "licences", "cases", "successions")


class Row(Declared):
    """One row of the table.

    Attributes:
        proofs: all of them are needed.
        holders: kinds of holders whose archive it lets be seen.
        decision: `automatic` where no person has to decide: only where the hub itself knows who asks, as papers are
            looked at by people.
        facts: what it lets be seen (some of `NAMES`); of a row for originals nothing.
        unmasked: whether third parties' data may be seen: never, if who decides says so, always.
        may_withhold: the requester may, by law, have it kept from the holder until a day.
        days: how long the answer is given out.
        quota: requests a day of one account.
        basis: title of the law it rests on; `verified` is False where nobody confirmed the row (未核实).
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    requester: Requester
    form: Form
    proofs: Annotated[tuple[Proof, ...], Field(min_length=1)]
    holders: Annotated[tuple[HolderKind, ...], Field(min_length=1)]
    decision: Literal["automatic", "person"]
    facts: tuple[str, ...] = ()
    unmasked: Unmasked
    may_withhold: bool = False
    days: Annotated[int, Field(ge=1, le=366)]
    quota: Annotated[int, Field(ge=1)]
    basis: Annotated[str, Field(max_length=200)]
    verified: bool
    note: str = ""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if unknown := set(self.facts) - set(NAMES):
            raise ValueError(f"there are no facts {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
        if (self.form is Form.FACTS) != bool(self.facts):
            raise ValueError("a row for facts names some in `facts`, one for originals names none")
        if self.automatic and Proof.SIGNED_IN not in self.proofs:
            raise ValueError("papers are looked at by a person: `automatic` needs the proof `signed_in`")
        return self

    @property
    def automatic(self) -> bool:
        """Whether no person has to decide."""
        return self.decision == "automatic"


class Rules(Declared):
    """The table.

    Attributes:
        limits_verified: for days, quotas, facts and masking, as `verified` of a row is for the rest.
        stamp: name of the seal that certificates bear; where it is verified no other seal may be used for them.
        own: it is the bureau's, and not the hub's suggestion.
    """

    limits_verified: bool
    stamp: str
    stamp_verified: bool
    rows: tuple[Row, ...]
    own: bool = False

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        ids = [row.id for row in self.rows]
        ways = [(row.requester, row.form, frozenset(row.proofs), holder) for row in self.rows for holder in row.holders]
        if len(set(ids)) != len(ids):
            raise ValueError("two rows have one id")
        if len(set(ways)) != len(ways):
            raise ValueError("two rows are for the same requester, form, holder and proofs")
        return self

    def rows_for(self, requester: Requester, form: Form) -> tuple[Row, ...]:
        """The ways there are for a requester to a form: for a page to say which proofs to bring."""
        return tuple(row for row in self.rows if (row.requester, row.form) == (requester, form))

    def find(self, requester: Requester, form: Form, proofs: Collection[Proof], holder: str | None = None) -> Row:
        """The first row whose proofs are all there.

        Args:
            holder: kind of the holder; None while it is not known.

        Raises:
            NoRule: there is none.
        """
        given = set(proofs)
        rows = self.rows_for(requester, form)
        for row in rows:
            if given.issuperset(row.proofs) and (holder is None or holder in row.holders):
                return row
        ways = "; or ".join(", ".join(row.proofs) for row in rows if holder is None or holder in row.holders)
        raise NoRule(
            f"no rule lets {requester.value} see {form.value} of this archive with these proofs; nothing was given "
            f"out. {f'Needed are: {ways}.' if ways else 'No proof would do.'} `hub requests rules` shows the table."
        )


def rules_of(settings: Settings) -> Rules:
    """The table in force.

    Raises:
        RulesBroken: it cannot be read, or contradicts itself.
    """
    path = settings.home / FILE
    own = path.exists()
    try:
        text = path.read_text(encoding="utf-8") if own else (files("hub") / _OWN).read_text(encoding="utf-8")
        return Rules.model_validate({**tomllib.loads(text), "own": own})
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = f"is no TOML file: {error}"
    except ValidationError as error:
        why = f"is not as it must be: {told_of(error)}"
    raise RulesBroken(
        f"the table of who may see what of an archive ({path if own else _OWN}) {why}. Nobody may see anything until "
        "it is mended (`hub requests rules`)."
    )


def trouble(settings: Settings) -> str | None:
    """The code of what is wrong with the table, for those who watch; None where nothing is."""
    try:
        rules_of(settings)
    except RulesBroken as error:
        return error.code
    return None

"""Who may see what of an archive: a table, requester by proofs by form. What no row allows is refused.

The hub's own table follows 《市场主体登记管理条例实施细则》 article 60; a bureau puts its own as `retrieval-matrix.toml`
in HUB_HOME. Where the table cannot be read nobody may see anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.settings import Settings
from hub.retrieval_parts import Form, Proof, Requester

Unmasked = Literal["never", "decider", "always"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        proofs: all of them are needed.
        holders: kinds of holders it is for: `company`, `citizen`.
        automatic: no person has to decide.
        facts: names of the facts it lets be seen (`hub.retrieval_facts.NAMES`); of originals nothing.
        unmasked: whether third parties' data may be seen: never, if who decides says so, always.
        days: how long the answer is given out.
        quota: requests a day of one account.
        basis: title of the law it rests on; `verified` is False where nobody confirmed the row (未核实).
    """

    id: str
    requester: Requester
    form: Form
    proofs: tuple[Proof, ...]
    holders: tuple[str, ...]
    automatic: bool
    facts: tuple[str, ...]
    unmasked: Unmasked
    days: int
    quota: int
    basis: str
    verified: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table. `own` is True where it is the bureau's and not the hub's suggestion."""

    rows: tuple[Row, ...]
    own: bool

    def rows_for(self, requester: Requester, form: Form) -> tuple[Row, ...]:
        """The ways there are for a requester to a form: for a page to say which proofs to bring."""
        return tuple(row for row in self.rows if (row.requester, row.form) == (requester, form))


def rules_of(settings: Settings) -> Rules:
    """The table in force.

    Raises:
        RulesBroken: it cannot be read, or contradicts itself.
    """
    raise NotImplementedError

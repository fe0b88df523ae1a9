"""How a department is asked about one citizen or company right now: the table `[live]` of a declaration.

What stands there is how we would ask. Until the department has confirmed it, it is unverified and says what is unknown.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.access import Access, BlobAccess, RestAccess, SoapAccess, SqlName, TableAccess

Kind = Literal["citizen", "company"]
Text = Annotated[str, Field(min_length=1)]


class LiveQuestion(BaseModel):
    """One question: whom it can be about, and where the number goes.

    Attributes:
        citizen: for a gateway or a service the one parameter that takes a citizen number; for a table the columns
            one of which holds it; for documents their fields. Empty: citizens cannot be asked about.
        company: the same for a credit code.
        path: of the gateway, below its prefix.
        method: of the gateway. With GET the number stands in the address, which the department's servers may log.
        operation: of the service.
        parameters: of the operation besides the number; their values may hold {username} and {password}.
        number_column: the column of a table of documents that holds the number; without it the documents themselves
            are searched, which a large table is too slow for.
        stored: how that table holds its documents, where they are searched.
        verified: whether the department has confirmed all of it.
        unknown: what has not been confirmed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    citizen: tuple[Text, ...] = ()
    company: tuple[Text, ...] = ()
    path: Text | None = None
    method: Literal["POST", "GET"] = "POST"
    operation: Text | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    number_column: SqlName | None = None
    stored: Literal["text", "bytes"] | None = None
    verified: bool
    unknown: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _asks_about_somebody(self) -> LiveQuestion:
        if not (self.citizen or self.company):
            raise ValueError("give under `citizen` or `company` where the number goes")
        if not self.verified and not self.unknown:
            raise ValueError("an unverified question must list under `unknown` what is not known")
        if "{password}" not in self.parameters.values() and any(
            "pw" in name.lower() or "pass" in name.lower() for name in self.parameters
        ):
            raise ValueError("a password belongs into the sources file; write {password} here")
        return self

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Whom it can be about."""
        kinds: tuple[Kind, ...] = ("citizen", "company")
        return tuple(kind for kind in kinds if self.names(kind))

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Where the number of this kind goes."""
        return self.citizen if kind == "citizen" else self.company

    def unfit(self, access: Access, columns: Collection[str]) -> str | None:
        """What does not fit the way the resource is reached; None where all does."""
        given = {
            name
            for name in ("path", "operation", "parameters", "number_column", "stored")
            if getattr(self, name) not in (None, {})
        }
        if isinstance(access, RestAccess):
            return self._of_service(given - {"path"}, "path")
        if isinstance(access, SoapAccess):
            return self._of_service(given - {"operation", "parameters"}, "operation")
        if not isinstance(access, TableAccess | BlobAccess):
            return f"`{access.protocol}` brings files or nothing yet: nobody answers a question there"
        if strange := [name for name in (*self.citizen, *self.company) if name not in columns]:
            return f"{', '.join(strange)} is none of `columns`"
        if isinstance(access, TableAccess):
            return f"{', '.join(sorted(given))} is not for a table" if given else None
        if given - {"number_column", "stored"}:
            return f"{', '.join(sorted(given - {'number_column', 'stored'}))} is not for a table of documents"
        if (self.number_column is None) == (self.stored is None):
            return "a table of documents needs either `number_column` or, to be searched, `stored`"
        return None

    def _of_service(self, strange: set[str], needed: str) -> str | None:
        if strange:
            return f"{', '.join(sorted(strange))} is not for this protocol"
        if getattr(self, needed) is None:
            return f"`{needed}` is missing"
        if any(len(self.names(kind)) != 1 for kind in self.kinds):
            return "a gateway or service takes the number under one name"
        return None

"""Search 档案检索: one text is a number of a holder, a number of a package, or a name; days and parts narrow it.

Whoever searches sees the catalogue's lines, no package. The holders that were found see in their own data that
somebody searched for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from archive.stages import VolumePart
from core.errors import Permanent, Rejected
from hub.archive_words import RESOURCE
from hub.caller import Caller
from hub.context import Hub
from hub.subjects import read_number
from hub.usage import archive_usage
from schemas.errors import IdentifierRefused
from schemas.names import folded
from schemas.text import narrowed, trimmed
from store import archive_parties, archive_search, audit
from store.archive_packages import Filed
from store.archive_search import Bounds, Party, Place
from store.audit import About
from store.connection import transaction

__all__ = ["Bounds", "Found", "Place", "SearchNotAllowed", "SearchUnfit", "find"]

#: Roles that may search the archive; the operator's command is logged as the operator.
ROLES: Final = frozenset({"archivist", "operator"})
#: Lines of one page, and parties of one answer.
PAGE: Final = 20
_LONGEST: Final = 200
_SHORTEST_NAME: Final = 2
_PURPOSE: Final = "archive_search"
_BASIS: Final = "中华人民共和国档案法"


class SearchNotAllowed(Permanent):
    """The caller has no role that searches the archive."""

    code: ClassVar[str] = "HUB-853"


class SearchUnfit(Rejected):
    """What the archive was to be searched for is too short or too long, or its bounds make no sense."""

    code: ClassVar[str] = "HUB-854"


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What a search came to.

    Attributes:
        parties: the holders that fit: all that bear the name, or the one of the number.
        packages: lines of the catalogue: of the number, or of the only party that fits; the newest first. With several
            parties there are none: one of them has to be chosen (`party`).
        more: after which line the list goes on; None at its end.
        more_parties: further names fit; more of the name is to be typed.
    """

    parties: Sequence[Party]
    packages: Sequence[Filed]
    more: Place | None = None
    more_parties: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON; of persons no name and no number."""
        return {
            "parties": [
                {
                    "party": one.id,
                    "kind": one.kind,
                    "name": one.name,
                    "found_as": one.found_as,
                    "packages": one.packages,
                }
                for one in self.parties
            ],
            "packages": [line_of(one) for one in self.packages],
            "more": None
            if self.more is None
            else {"decided_on": self.more.decided_on.isoformat(), "file_no": self.more.file_no},
            "more_parties": self.more_parties,
        }


def line_of(one: Filed) -> dict[str, Any]:
    """A line of the catalogue for JSON."""
    return {
        "file_no": one.file_no,
        "archive_code": one.archive_code,
        "party": one.party,
        "part": one.stage,
        "item": one.item,
        "item_name": one.item_name,
        "case": one.project_no,
        "licence": one.licence_number,
        "outcome": one.outcome,
        "accepted_on": one.accepted_on.isoformat(),
        "decided_on": one.decided_on.isoformat(),
        "retention": one.retention,
        "organ": one.organ,
        "bytes": one.size,
        "origin": one.origin,
        "moved": one.moved,
    }


def find(
    hub: Hub,
    text: str,
    caller: Caller,
    *,
    bounds: Bounds | None = None,
    party: str | None = None,
    after: Place | None = None,
    limit: int = PAGE,
) -> Found:
    """Search the archive's catalogue.

    Args:
        text: credit code, citizen number, old registration number or organisation code; electronic file number, case
            number, licence number or 档号; or a name, its beginning or a piece of it (of a person: the whole name).
            Empty: whatever fits the bounds or the party.
        party: choose one of the parties an earlier search gave.
        after: go on after a line.

    Raises:
        SearchNotAllowed: the caller has none of `ROLES`.
        SearchUnfit: nothing to search for, too long, a name of one character, or days in the wrong order.
    """
    if not caller.roles & ROLES:
        refused = SearchNotAllowed(
            f"{caller.organisation_name} ({caller.kind.value}) may not search the archive; nothing was looked up. Who "
            "should needs the role `archivist` in the access file."
        )
        _log(hub, caller, (), refused.code)
        raise refused
    asked, within = trimmed(text), bounds or Bounds()
    _check(asked, within, party)
    found = _found(hub, asked, within, party, after, limit)
    _log(hub, caller, found.parties)
    return found


def _check(asked: str, bounds: Bounds, party: str | None) -> None:
    if len(asked) > _LONGEST:
        raise SearchUnfit(f"the text is longer than {_LONGEST} characters; nothing was looked up. Shorten it.")
    if bounds.since and bounds.until and bounds.since > bounds.until:
        raise SearchUnfit("the first day is after the last; nothing was looked up. Change the days.")
    if bounds.stage is not None and bounds.stage not in set(VolumePart):
        raise SearchUnfit(f"a volume has the parts {', '.join(VolumePart)}; nothing was looked up. Choose one of them.")
    if not asked and party is None and bounds == Bounds():
        raise SearchUnfit("nothing to search for was given; nothing was looked up. Give a number, a name or a day.")


def _found(hub: Hub, asked: str, bounds: Bounds, party: str | None, after: Place | None, limit: int) -> Found:
    at = hub.connection
    if party is not None:
        return _page(
            archive_search.parties(at, [party]), archive_search.of_party(at, [party], bounds, limit + 1, after), limit
        )
    if not asked:
        packages = archive_search.within(at, bounds, limit + 1, after)
        return _page([], packages, limit)
    holders = list(_holders(hub, asked))
    if holders:
        packages = archive_search.of_party(at, holders, bounds, limit + 1, after)
        return _page(archive_search.parties(at, holders), packages, limit)
    numbered = archive_search.by_number(at, narrowed(asked), bounds, limit)
    if numbered:
        return Found(archive_search.parties(at, sorted({one.party for one in numbered})), numbered)
    flat = folded(asked)
    if len(flat) < _SHORTEST_NAME:
        raise SearchUnfit(
            f"a name is searched by {_SHORTEST_NAME} characters or more; nothing was looked up. Type more of it."
        )
    named = archive_search.named(at, hub.subject("holder_name", flat), flat, limit + 1)
    if len(named) != 1:
        return Found(named[:limit], [], more_parties=len(named) > limit)
    return _page(named, archive_search.of_party(at, [named[0].id], bounds, limit + 1, after), limit)


def _page(parties: Sequence[Party], packages: Sequence[Filed], limit: int) -> Found:
    shown = packages[:limit]
    more = Place(shown[-1].decided_on, shown[-1].file_no) if len(packages) > limit else None
    return Found(parties, shown, more)


def _holders(hub: Hub, asked: str) -> Iterator[str]:
    """The party the text is a number of, where it has the shape of one."""
    for kinds in (("company",), ("citizen",)):
        try:
            subject = read_number(asked, kinds).subject
        except (IdentifierRefused, Rejected):
            continue
        party = archive_parties.party_of(hub.connection, hub.subject(subject.kind, subject.value))
        if party is not None:
            yield party


def _log(hub: Hub, caller: Caller, parties: Sequence[Party], refusal: str | None = None) -> None:
    about = tuple(
        About(subject, "applicant", {RESOURCE: [f"{RESOURCE}.catalogue"]}, None, True)
        for one in parties
        for subject in one.subjects[:1]
    )
    usage = archive_usage(
        caller,
        "档案检索",
        purpose=_PURPOSE,
        basis=_BASIS,
        about=about,
        outcome="complete" if refusal is None else "refused",
        refusal=refusal,
    )
    with transaction(hub.connection) as cursor:
        audit.append(cursor, usage, hub.clock.now())

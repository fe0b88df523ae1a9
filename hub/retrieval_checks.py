"""What a request has to say before it is taken in, and who may make it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hub.access_file import ARCHIVE
from hub.caller import CallerKind
from hub.retrieval_errors import AskedUnfit, NotForYou
from hub.retrieval_log import at_counter
from hub.retrieval_parts import LONGEST_NAME, LONGEST_PURPOSE, LONGEST_REASON, Asked, By, Form, Holder, Requester
from hub.retrieval_rules import Row
from hub.volume_parts import Entry


def check_who(asked: Asked, by: By) -> None:
    """A holder asks for itself, a partner's system for its organisation, a counter for anybody.

    Raises:
        NotForYou.
    """
    if isinstance(by, Holder):
        fits = asked.requester is Requester.ENTITY and not asked.subject and not asked.organisation
    elif by.kind is CallerKind.PARTNER:
        fits = asked.requester is Requester.PARTNER and ARCHIVE in by.roles
    else:
        fits = at_counter(by)
    if not fits:
        raise NotForYou(
            f"whoever asks may not ask as {asked.requester.value}, or has no role for it (clerk or archivist at the "
            "counter, a partner's system with the role `archive` for itself, a holder for its own archive); "
            "nothing was taken in."
        )


def check_words(asked: Asked, day: date) -> None:
    """Raises AskedUnfit: purpose, names, scope or the day until which it is withheld are unfit."""
    if not 1 <= len(asked.purpose.strip()) <= LONGEST_PURPOSE:
        raise AskedUnfit(
            f"the purpose of a request needs 1 to {LONGEST_PURPOSE} characters, this has {len(asked.purpose.strip())}; "
            "nothing was taken in. Say in a few words what for."
        )
    for what, words in (("organisation", asked.organisation or ""), ("person", asked.person or "")):
        if len(words.strip()) > LONGEST_NAME:
            raise _too_long(what, words, LONGEST_NAME)
    if asked.requester in (Requester.AUTHORITY, Requester.LAWYER) and not (asked.organisation or "").strip():
        raise AskedUnfit("an authority or law firm has to be named (`organisation`); nothing was taken in.")
    if asked.scope.files and asked.scope.parts:
        raise AskedUnfit("a request names files or parts of the volume, not both; nothing was taken in.")
    if asked.form is Form.FACTS and not asked.scope.all:
        raise AskedUnfit("facts are of the holder as a whole, not of files or parts; nothing was taken in.")
    if asked.withheld_until is not None and asked.withheld_until <= day:
        raise AskedUnfit("a request is withheld from the holder until a later day, or not; nothing was taken in.")


def check_withheld(asked: Asked, row: Row) -> None:
    """Raises NotForYou: the row lets nobody withhold a request, or no law is named."""
    if asked.withheld_until is None:
        return
    if not row.may_withhold or not asked.withheld_basis.strip():
        raise NotForYou(
            "a request is kept from the holder only where the row of the table says `may_withhold`, and with the law "
            "named; nothing was taken in."
        )


def check_scope(asked: Asked, volume: Sequence[Entry]) -> None:
    """Raises AskedUnfit: a file or all parts asked for are not in the holder's volume."""
    there = {one.file_no for one in volume}
    unknown = [file_no for file_no in asked.scope.files if file_no not in there]
    none_of = asked.scope.parts and not {part.value for part in asked.scope.parts} & {one.part for one in volume}
    if unknown or none_of:
        raise AskedUnfit(
            f"{len(unknown) or len(asked.scope.parts)} of the files or parts that were asked for are not in the "
            "holder's volume; nothing was taken in. Take them from the volume's list."
        )


def check_reason(reason: str, *, least: int) -> None:
    """Raises AskedUnfit: a reason is missing or too long."""
    if not least <= len(reason.strip()) <= LONGEST_REASON:
        raise AskedUnfit(f"a reason needs {least} to {LONGEST_REASON} characters; nothing was changed.")


def _too_long(what: str, words: str, longest: int) -> AskedUnfit:
    return AskedUnfit(
        f"the {what} of a request may have {longest} characters, this has {len(words.strip())}; nothing was taken in."
    )

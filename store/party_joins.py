"""Parties that turn out to be one: what was filed under the one goes to the other."""

from __future__ import annotations

from typing import Any, Final

from store.archive_parties import LOCK, NumberOfAnother

#: Repointed in this order; where both followed, or are followed by, the same one, one row is enough.
_MOVES: Final = (
    "update archive_record set party = %(keep)s where party = %(gone)s",
    "update archive_request set party = %(keep)s where party = %(gone)s",
    "update archive_identity set party = %(keep)s where party = %(gone)s",
    "insert into archive_name (party, key, name, folded, since) select %(keep)s, key, name, folded, since "
    "from archive_name where party = %(gone)s on conflict (party, key) do update "
    "set since = least(archive_name.since, excluded.since), name = coalesce(archive_name.name, excluded.name), "
    "folded = coalesce(archive_name.folded, excluded.folded)",
    "delete from archive_name where party = %(gone)s",
    "insert into archive_succession (earlier, later, kind, happened_on, basis) "
    "select case when earlier = %(gone)s then %(keep)s::uuid else earlier end, "
    "case when later = %(gone)s then %(keep)s::uuid else later end, kind, happened_on, basis "
    "from archive_succession where %(gone)s in (earlier, later) and %(keep)s not in (earlier, later) "
    "on conflict do nothing",
    "delete from archive_succession where %(gone)s in (earlier, later)",
    "update archive_party set joined = %(keep)s where id = %(gone)s or joined = %(gone)s",
)


def absorb(cursor: Any, keep: str, gone: str) -> None:
    """File under `keep` all that was filed under `gone`, a party of old numbers only. Part of the caller's transaction.

    Raises:
        NumberOfAnother: `gone` has a credit code or a citizen's number of its own.
    """
    cursor.execute("select subject from archive_identity where party = %s order by subject", (gone,))
    for (subject,) in cursor.fetchall():
        # whoever files a package under one of its numbers at this moment is waited for
        cursor.execute(LOCK, (bytes(subject),))
    cursor.execute(
        "select exists (select from archive_identity where party = %s and kind in ('company', 'citizen'))", (gone,)
    )
    if cursor.fetchone()[0]:
        raise NumberOfAnother(
            "an old number was to be joined to one company of the archive and belongs to another with a credit code of "
            "its own; nothing was changed. Look at both in the register; where one followed the other, enter the "
            "succession instead."
        )
    for move in _MOVES:
        cursor.execute(move, {"keep": keep, "gone": gone})

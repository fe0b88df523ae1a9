"""Pages as received, kept under their SM3 before anything reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from core.digest import sm3
from store.batches import Batch
from store.connection import Connection, fetch_one, transaction
from store.copying import CopyRows, of_bigint, of_bool, of_bytes, of_int, of_json, of_text
from store.errors import NotInStore
from store.vault import Vault


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page that is safe on disk."""

    resource: str
    sm3: bytes
    number: int
    body: bytes
    context: Mapping[str, str]


def keep(
    connection: Connection,
    vault: Vault,
    batch: Batch,
    *,
    number: int,
    body: bytes,
    context: Mapping[str, str],
    whole: bool = True,
) -> bytes:
    """Store the bytes in a transaction of their own; return their SM3. The same bytes twice are kept once.

    The transaction is not waited for until it is on disk: the log is written in order, so whatever rests on the
    page, its rows and the cursor behind it, is on disk only together with it or after it.

    `whole=False` marks bytes that were not a page of the protocol: evidence for the department.
    """
    digest = sm3(body)
    vault.ready(batch.resource)
    with transaction(connection) as cursor:
        cursor.execute("set local synchronous_commit to off")
        cursor.execute("select whole from raw_page where resource = %s and sm3 = %s", (batch.resource, digest))
        there = cursor.fetchone()
        if there is not None and whole and not there[0]:
            # Refused for what stood around it, e.g. a total that shrank, an answer may come again and be right.
            cursor.execute(
                "update raw_page set whole = true, number = %s, context = %s where resource = %s and sm3 = %s",
                (number, json.dumps(dict(context)), batch.resource, digest),
            )
        if there is None:
            vault.hold(cursor, batch.resource)
            # One process reads a resource, and no two parts of it hold the same rows: nobody can come between.
            row = CopyRows("raw_page", "resource", "sm3", "number", "batch", "body", "bytes", "context", "whole")
            row.add(
                of_text(batch.resource),
                of_bytes(digest),
                of_int(number),
                of_bigint(batch.id),
                of_bytes(vault.seal(batch.resource, digest, body)),
                of_int(len(body)),
                of_json(context),
                of_bool(whole),
            )
            row.copy(cursor)
    return digest


def load(connection: Connection, vault: Vault, resource: str, digest: bytes) -> KeptPage:
    """A kept page, as received.

    Raises:
        NotInStore: no page of that resource has this SM3.
    """
    row = fetch_one(
        connection,
        "select number, body, context from raw_page where resource = %s and sm3 = %s",
        (resource, digest),
    )
    if row is None:
        raise NotInStore(f"no page of {resource} with SM3 {digest.hex()} is kept")
    return KeptPage(resource, digest, row[0], vault.open_sealed(resource, digest, row[1]), row[2])

"""A page is kept as received under its SM3, once, and comes back as it was."""

from __future__ import annotations

import pytest

from core.digest import sm3
from store import raw_pages
from store.batches import begin_or_resume
from store.connection import Connection, fetch_all
from store.errors import NotInStore
from store.vault import Vault

RESOURCE = "hr.insurance"
BODY = '"张三","110105194912310021"\r\n'.encode("gb18030")


def test_a_kept_page_comes_back_byte_for_byte(connection: Connection, vault: Vault) -> None:
    batch = begin_or_resume(connection, RESOURCE)
    digest = raw_pages.keep(connection, vault, batch, number=3, body=BODY, context={"encoding": "GB18030"})
    assert digest == sm3(BODY)
    kept = raw_pages.load(connection, vault, RESOURCE, digest)
    assert (kept.body, kept.number, kept.context) == (BODY, 3, {"encoding": "GB18030"})


def test_the_same_bytes_are_kept_once(connection: Connection, vault: Vault) -> None:
    batch = begin_or_resume(connection, RESOURCE)
    for number in (1, 2):
        raw_pages.keep(connection, vault, batch, number=number, body=BODY, context={})
    assert fetch_all(connection, "select number, bytes from raw_page") == [(1, len(BODY))]


def test_bytes_that_were_kept_as_evidence_become_a_page_when_they_are_one(connection: Connection, vault: Vault) -> None:
    """An answer refused for what stood around it (a total that shrank) may come again, the same, and be right."""
    batch = begin_or_resume(connection, RESOURCE)
    raw_pages.keep(connection, vault, batch, number=0, body=BODY, context={}, whole=False)
    digest = raw_pages.keep(connection, vault, batch, number=3, body=BODY, context={"encoding": "GB18030"})
    kept = raw_pages.load(connection, vault, RESOURCE, digest)
    assert (kept.number, kept.context) == (3, {"encoding": "GB18030"})
    assert fetch_all(connection, "select whole from raw_page") == [(True,)]
    # The other way round nothing is taken back: what was read as a page once was one.
    raw_pages.keep(connection, vault, batch, number=0, body=BODY, context={}, whole=False)
    assert fetch_all(connection, "select whole, number from raw_page") == [(True, 3)]


def test_a_page_that_is_not_there_is_told(connection: Connection, vault: Vault) -> None:
    with pytest.raises(NotInStore, match=RESOURCE):
        raw_pages.load(connection, vault, RESOURCE, sm3(b"never"))

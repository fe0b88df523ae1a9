"""Seals for tests of the register, which judges none: bytes that could be any seal."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.digest import sm3
from store import seals
from store.connection import Connection
from store.seals import RegisteredSeal, SealEntry

ES_ID = "42011200000001"


def entry(now: datetime, mark: bytes = b"first", es_id: str = ES_ID) -> SealEntry:
    return SealEntry(
        es_id=es_id,
        organ="某区行政审批局",
        credit_code="11420112MB0000000M",
        name="某区行政审批局电子证照专用章",
        kind=4,
        vendor="MAKER",
        form=4,
        picture=b"\x89PNG" + mark,
        picture_type="PNG",
        width_mm=42,
        height_mm=42,
        sealed=mark,
        sm3=sm3(mark),
        maker_certificate=b"maker",
        signer_certificates=(b"signer", b"other signer"),
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=700),
    )


def registered(connection: Connection, now: datetime, mark: bytes = b"first") -> RegisteredSeal:
    return seals.register(connection, entry(now, mark), who="test", now=now)

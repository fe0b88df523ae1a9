"""Licences with a life, written as the store writes them, without drawing and sealing each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from core.digest import sm3
from hub import licence_register
from hub.context import Hub
from hub.designation import STATUS_ELEMENT
from schemas.licence_life import Step
from store import licence_life, licence_making, licences
from store.connection import fetch_all
from store.licence_making import Composed
from store.licences import LicenceVersion
from store.register_entries import Grounds

#: A law of nobody's.
BASIS = "某条例第十条（测试）"
FIRST_DAY, LAST_DAY = date(2026, 11, 20), date(2031, 11, 19)


def grounds(document_no: str | None = None) -> Grounds:
    return Grounds(BASIS, FIRST_DAY, "officer", "行政审批局", document_no)


def issued(hub: Hub, count: int, *, first: int = 1, valid_until: date | None = LAST_DAY) -> list[LicenceVersion]:
    """So many licences with a published document each."""
    return [_issued(hub, number, valid_until) for number in range(first, first + count)]


def _issued(hub: Hub, number: int, valid_until: date | None) -> LicenceVersion:
    version = licence_making.reserve(
        hub.connection, hub.vault, licence_type="food", year=2026, approval=f"A-{number}", item="item",
        holder=b"h" * 32, grounds=grounds(),
        compose=lambda sequence, place: _composed(f"T-{sequence:05d}", 1, place, valid_until), now=hub.clock.now(),
    )  # fmt: skip
    return published(hub, version)


def next_version(
    hub: Hub, of: LicenceVersion, step: Step = Step.RESEAL, valid_until: date | None = LAST_DAY
) -> LicenceVersion:
    """A further document of the licence, published."""
    version = licence_making.reserve_version(
        hub.connection, hub.vault, licence=of.licence, step=step, approval=None,
        made_for=f"order-{of.version}/{of.licence}", item="item", grounds=grounds(),
        compose=lambda number, place: _composed(of.number, number, place, valid_until), now=hub.clock.now(),
    )  # fmt: skip
    return published(hub, version)


def published(hub: Hub, version: LicenceVersion) -> LicenceVersion:
    licence_making.record_sealed(
        hub.connection, version, document_sm3=sm3(version.identifier.encode()), timestamped=False,
        path=f"licences/{version.identifier}.ofd", now=hub.clock.now(),
    )  # fmt: skip
    licence_making.record_published(hub.connection, version, hub.clock.now() + timedelta(seconds=1))
    found = licences.by_identifier(hub.connection, version.identifier)
    assert found is not None
    return found


def step(hub: Hub, of: LicenceVersion, *steps: Step) -> None:
    """Steps of its life that make no document."""
    for one in steps:
        licence_life.take_step(
            hub.connection, hub.vault, of.licence, one, grounds("〔2026〕1号"), now=hub.clock.now(), reason="因故"
        )


def entries(hub: Hub) -> Sequence[str]:
    """Numbers of the register's entries in the order of the log."""
    licence_register.sequence(hub)
    rows = fetch_all(hub.connection, "select entry::text from log_leaf where log = 'register' order by seq")
    return [row[0] for row in rows]


def _composed(number: str, version: int, place: int, valid_until: date | None) -> Composed:
    identifier = f"{number}-{version}"
    facts = {"metadata": {"ZZBS": identifier, STATUS_ELEMENT: str(place)}}
    return Composed(number, identifier, facts, sm3(identifier.encode()), valid_until)

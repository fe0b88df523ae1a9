"""Any walk through a licence's life ends where a model says, drawn up by hand: states, documents, register, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.merkle import leaf_hash
from schemas.licence_life import Status, Step, StepRefused, after
from store import licence_life, licence_making, licences
from store.connection import Connection, fetch_all
from store.licence_life import VersionInMaking
from store.licence_making import Composed
from store.licences import LicenceVersion
from store.register_entries import Grounds
from store.vault import Vault
from tests.store.seal_entries import registered

pytestmark = pytest.mark.world

#: By hand, not from the program: where each step leads from each state. Whatever is not here is refused.
MODEL = {
    ("reserved", "issue"): "valid", ("reserved", "void"): "void",
    ("valid", "change"): "valid", ("valid", "renew"): "valid", ("valid", "replace"): "valid",
    ("valid", "reseal"): "valid",
    ("valid", "suspend"): "suspended", ("valid", "withdraw"): "withdrawn", ("valid", "revoke"): "revoked",
    ("valid", "cancel"): "cancelled", ("valid", "expire"): "expired",
    ("suspended", "replace"): "suspended", ("suspended", "reseal"): "suspended", ("suspended", "resume"): "valid",
    ("suspended", "withdraw"): "withdrawn", ("suspended", "revoke"): "revoked", ("suspended", "cancel"): "cancelled",
    ("suspended", "expire"): "expired",
    ("expired", "renew"): "valid", ("expired", "withdraw"): "withdrawn", ("expired", "cancel"): "cancelled",
    ("withdrawn", "cancel"): "cancelled", ("revoked", "cancel"): "cancelled",
}  # fmt: skip
ENDING = {"withdraw", "revoke", "cancel", "void"}
PLAIN = st.sampled_from(["suspend", "resume", "withdraw", "revoke", "cancel", "expire", "void"])
WITH_DOCUMENT = st.sampled_from(["change", "renew", "replace", "reseal"])
_ORDERS = count()


def machine(connection: Connection, vault: Vault, now: datetime) -> Callable[[], RuleBasedStateMachine]:
    seal = registered(connection, now).entry

    class Life(RuleBasedStateMachine):
        """One licence; `made` and `told` are what the model expects of documents and of the register."""

        def __init__(self) -> None:
            super().__init__()
            self.state, self.making, self.told, self.published = "reserved", "issue", [], 0
            self.day = date(2026, 3, 2)

        def grounds(self) -> Grounds:
            self.day += timedelta(days=1)
            return Grounds("a law", self.day, "officer", "bureau", "1号")

        @initialize(begins=st.sampled_from(["reserved", "valid", "valid"]))
        def number_taken(self, begins: str) -> None:
            order = f"order-{next(_ORDERS)}"
            self.version = licence_making.reserve(
                connection, vault, licence_type="food", year=2026, approval=order, item="item", holder=b"h" * 32,
                grounds=self.grounds(), compose=lambda n, _: self.composed(f"no-{n}", 1), now=now,
            )  # fmt: skip
            self.licence = self.version.licence
            if begins != "reserved":
                self.publish_it()

        def composed(self, number: str, version: int) -> Composed:
            return Composed(number, f"{number}.{version:03d}", {}, f"{number}.{version}".encode(), date(2031, 3, 3))

        @rule()
        def suspend(self) -> None:
            self.take("suspend")

        @rule()
        def resume(self) -> None:
            self.take("resume")

        @rule(step=PLAIN)
        def any_step(self, step: str) -> None:
            self.take(step)

        def take(self, step: str) -> None:
            to = MODEL.get((self.state, step))
            grounds = self.grounds()
            if to is None or (self.making and step not in ENDING):
                with pytest.raises((StepRefused, VersionInMaking)):
                    self.step(step, grounds)
                return
            self.step(step, grounds)
            self.told.append((step, self.state, to, grounds.effective_on.isoformat()))
            self.state, self.making = to, ""

        def step(self, step: str, grounds: Grounds) -> None:
            licence_life.take_step(connection, vault, self.licence, Step(step), grounds, now=now, reason="why")

        @precondition(lambda self: self.state != "reserved")
        @rule(step=WITH_DOCUMENT)
        def begin_a_document(self, step: str) -> None:
            def reserve() -> LicenceVersion:
                order = f"order-{next(_ORDERS)}"
                return licence_making.reserve_version(
                    connection, vault, licence=self.licence, step=Step(step), approval=None, made_for=order,
                    item="item", grounds=self.grounds(), compose=lambda n, _: self.composed(self.version.number, n),
                    now=now,
                )  # fmt: skip

            if self.making or (self.state, step) not in MODEL:
                with pytest.raises((StepRefused, VersionInMaking)):
                    reserve()
                return
            self.version, self.making = reserve(), step

        @precondition(lambda self: self.making)
        @rule()
        def publish_it(self) -> None:
            licence_making.intend(
                connection, self.version, seal_sm3=seal.sm3, es_id=seal.es_id, draft_sm3=b"1" * 32, now=now
            )
            licence_making.record_sealed(
                connection, self.version, document_sm3=self.version.identifier.encode().ljust(32), timestamped=True,
                path="x.ofd", now=now,
            )  # fmt: skip
            licence_making.record_published(connection, self.version, now)
            licence_making.record_published(connection, self.version, now)  # as after a death: nothing twice
            to = MODEL[self.state, self.making]
            self.told.append((self.making, self.state, to, None))
            self.state, self.making, self.published = to, "", self.version.version

        @invariant()
        def the_licence_stands_where_the_model_says(self) -> None:
            held = licence_life.by_id(connection, self.licence)
            assert held is not None
            assert (held.status.value, held.current_version) == (self.state, self.published or None)
            assert held.status_on(date(2031, 3, 4)) is (
                Status.EXPIRED if self.state in ("valid", "suspended") else Status(self.state)
            )

        @invariant()
        def every_step_stands_once_in_history_and_register(self) -> None:
            history = licence_life.history(connection, self.licence)
            assert [(one.step.value, one.before.value, one.after.value) for one in history] == [
                (step, before, to) for step, before, to, _ in self.told
            ]
            bodies = [self.body(one.entry) for one in history]
            assert [(body["step"], body["before"], body["after"]) for body in bodies] == [one[:3] for one in self.told]
            assert all(day in (None, body["effective_on"]) for body, (*_, day) in zip(bodies, self.told, strict=True))

        def body(self, entry: str) -> dict[str, Any]:
            ((body, leaf),) = fetch_all(
                connection,
                "select r.body, w.leaf from register_entry r join log_waiting w on w.entry = r.id where r.id = %s",
                (entry,),
            )
            assert bytes(leaf) == leaf_hash(bytes(body))
            said: dict[str, Any] = json.loads(bytes(body))
            return said

        @invariant()
        def just_one_document_is_current(self) -> None:
            documents = licences.of_licence(connection, self.licence)
            shown = [one.version for one in documents if one.published_at and one.superseded_at is None]
            assert shown == ([self.published] if self.published else [])
            assert [one.version for one in documents] == list(range(1, len(documents) + 1))
            assert [one.state for one in documents].count("reserved") == bool(self.making)

    return Life


def test_any_walk_ends_where_the_model_says(connection: Connection, vault: Vault, now: datetime) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(connection, vault, now),
        settings=settings(max_examples=30, stateful_step_count=16, deadline=None, derandomize=True),
    )


def test_every_step_from_every_state_is_as_the_model_has_it() -> None:
    for status in Status:
        for step in Step:
            to = MODEL.get((status.value, step.value))
            if to is None:
                with pytest.raises(StepRefused):
                    after(step, status)
            else:
                assert after(step, status).value == to, (status, step)

"""Data protection keys: listed, replaced while the hub works, and dropped when nothing is sealed with them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from core.clock import second_text
from core.errors import Permanent
from hub.context import Hub, OnStep, no_step
from store import data_keys, resealing
from store.data_keys import DataKey
from store.errors import RowsHeld
from store.resealing import Walked as Walked

#: Told how far the rows have come.
OnWalk = Callable[[Walked], None]
#: Walks over the tables before it is told that rows stay held, and seconds between two.
_WALKS: Final = 30
_PAUSE: Final = 1.0


class NoSuchDataKey(Permanent):
    """No data key was ever made for a resource of that name."""

    code: ClassVar[str] = "HUB-624"


@dataclass(frozen=True, slots=True)
class KeyView:
    """One data key as an operator sees it. `sealed`: how many values are sealed with it."""

    key: DataKey
    sealed: int
    now: datetime

    @property
    def days(self) -> int:
        """Whole days since it was made."""
        return max(0, (self.now - self.key.made_at).days)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "resource": self.key.resource,
            "number": self.key.number,
            "state": "current" if self.key.current else "old",
            "kek": self.key.kek,
            "made_at": second_text(self.key.made_at),
            "replaced_at": second_text(self.key.replaced_at),
            "days": self.days,
            "sealed": self.sealed,
        }


@dataclass(frozen=True, slots=True)
class KekView:
    """One key-encryption key: a fingerprint, never the key. `file` is None where the keys folder lacks it."""

    fingerprint: str
    state: str
    file: str | None
    wraps: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"kek": self.fingerprint, "state": self.state, "file": self.file, "wraps": self.wraps}


@dataclass(frozen=True, slots=True)
class Listing:
    """All keys there are."""

    data_keys: tuple[KeyView, ...]
    keks: tuple[KekView, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"data_keys": [one.to_dict() for one in self.data_keys], "keks": [one.to_dict() for one in self.keks]}


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation of data keys did.

    Attributes:
        resumed: an earlier process had begun it.
        numbers: of the current data key, by resource.
        sealed: how many values this process sealed anew.
        unopened: how many do not open with their old key, and were left as they are.
    """

    resumed: bool
    numbers: dict[str, int]
    sealed: int
    unopened: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "resumed": self.resumed,
            "numbers": self.numbers,
            "sealed": self.sealed,
            "unopened": self.unopened,
        }


@dataclass(frozen=True, slots=True)
class KekRotated:
    """What a rotation of the KEK did. `wrapped` is 0 where an earlier process had wrapped the data keys already."""

    resumed: bool
    kek: str
    wrapped: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"resumed": self.resumed, "kek": self.kek, "wrapped": self.wrapped}


@dataclass(frozen=True, slots=True)
class Retired:
    """Which data keys were dropped, which old ones are still in use, and which KEK files were deleted."""

    dropped: tuple[tuple[str, int], ...]
    in_use: tuple[tuple[str, int], ...]
    keks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""

        def plain(keys: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
            return [{"resource": resource, "number": number} for resource, number in keys]

        return {"dropped": plain(self.dropped), "in_use": plain(self.in_use), "keks": list(self.keks)}


def listed(hub: Hub) -> Listing:
    """Every data key with the number of values sealed with it, and every KEK. No secret is in it."""
    data_keys.note_keks(hub.connection, hub.vault)
    sealed = resealing.counts(hub.connection)
    keys = data_keys.every(hub.connection)
    now = hub.clock.now()
    return Listing(
        tuple(KeyView(key, sealed.get((key.resource, key.number), 0), now) for key in keys), _keks(hub, keys)
    )


def rotate(
    hub: Hub, *, resource: str | None = None, on_step: OnStep = no_step, on_walk: OnWalk | None = None
) -> Rotated:
    """Give the resource, or each one, a new data key, and seal anew everything that is under an older one.

    Others read and write meanwhile. A rotation that an earlier process left is taken up where it stood. Old
    keys stay until `retire`.

    Raises:
        NoSuchDataKey: nothing was ever sealed for the resource; nothing was done.
        KeysBusy: another process changes keys; nothing was done.
        RowsHeld: some rows are held by others all the time; the rest is done, run it again.
    """
    with data_keys.only_keeper(hub.connection):
        resources = _resources(hub, resource)
        rotation = data_keys.begin_or_resume(hub.connection, resource)
        on_step("rotation.begun")
        for name in resources:
            if data_keys.replace(hub.connection, hub.vault, rotation, name):
                on_step("key.made")
        for name in resources:
            data_keys.let_writers_end(hub.connection, name)
            hub.vault.refresh(name)
        on_step("writers.ended")
        sealed, unopened = _seal_all(hub, resource, on_step, on_walk)
        data_keys.finish(hub.connection, rotation)
        on_step("rotation.finished")
        numbers = {key.resource: key.number for key in data_keys.every(hub.connection, resource) if key.current}
    return Rotated(rotation.resumed, numbers, sealed, unopened)


def rotate_kek(hub: Hub, *, on_step: OnStep = no_step) -> KekRotated:
    """Wrap every data key by a new KEK; no row is touched. The old KEK's file stays, under a retired name.

    A `.next` key that lies in the keys folder already is the one that is taken. Where an earlier process got
    as far as the database and died, what it left is put in order, and no further key is made.

    Raises:
        KeysBusy: another process changes keys; nothing was done.
        KeyringUnusable: a data key does not open; nothing was done.
    """
    keyring = hub.vault.keyring
    with data_keys.only_keeper(hub.connection):
        in_use = data_keys.kek_in_use(hub.connection)
        if in_use is not None and keyring.name_files(in_use):
            return KekRotated(True, in_use, 0)
        new = keyring.next_kek()
        on_step("kek.made")
        wrapped = data_keys.wrap_anew(hub.connection, hub.vault, new)
        on_step("kek.wrapped")
        keyring.name_files(new)
        on_step("kek.named")
    return KekRotated(False, new, wrapped)


def make_next_kek(hub: Hub) -> str:
    """Have the next KEK lie ready in the keys folder, to be copied to every machine before it is taken into use."""
    with data_keys.only_keeper(hub.connection):
        return hub.vault.keyring.next_kek()


def retire(hub: Hub, *, resource: str | None = None, keks: bool = False, on_step: OnStep = no_step) -> Retired:
    """Drop old data keys that nothing is sealed with; with `keks`, delete the files of KEKs that wrap nothing.

    Raises:
        NoSuchDataKey: nothing was ever sealed for the resource; nothing was done.
        KeysBusy: another process changes keys; nothing was done.
    """
    dropped: list[tuple[str, int]] = []
    kept: list[tuple[str, int]] = []
    with data_keys.only_keeper(hub.connection):
        _resources(hub, resource)
        data_keys.note_keks(hub.connection, hub.vault)
        for key in data_keys.every(hub.connection, resource):
            if key.current:
                continue
            gone = data_keys.drop_unused(hub.connection, key.resource, key.number)
            (dropped if gone else kept).append((key.resource, key.number))
            on_step("key.looked_at")
        destroyed: list[str] = []
        if keks:
            needed = {key.kek for key in data_keys.every(hub.connection)} | {data_keys.kek_in_use(hub.connection)}
            destroyed = hub.vault.keyring.destroy_retired({name for name in needed if name is not None})
    return Retired(tuple(dropped), tuple(kept), tuple(destroyed))


def _seal_all(hub: Hub, resource: str | None, on_step: OnStep, on_walk: OnWalk | None) -> tuple[int, int]:
    sealed = 0
    for walk in range(_WALKS):
        if walk:
            time.sleep(_PAUSE)
        before, unopened = sealed, 0
        for walked in resealing.walk(hub.connection, hub.vault, resource):
            unopened = walked.unopened
            if before + walked.sealed > sealed:
                sealed = before + walked.sealed
                on_step("rows.sealed")
            if on_walk is not None:
                on_walk(replace(walked, sealed=sealed))
        left = resealing.stale(hub.connection, resource)
        if left <= unopened:
            return sealed, unopened
    raise RowsHeld(
        f"{left} values are still sealed with an older key: other transactions held their rows in each of {_WALKS} "
        "walks. Everything else is done. Run `hub keys rotate` again; it takes up this rotation."
    )


def _resources(hub: Hub, resource: str | None) -> list[str]:
    found = sorted({key.resource for key in data_keys.every(hub.connection, resource)})
    if resource is not None and not found:
        raise NoSuchDataKey(
            f"there is no data key for {resource}: nothing was sealed for it yet. `hub keys list` shows what there is."
        )
    return found


def _keks(hub: Hub, keys: list[DataKey]) -> tuple[KekView, ...]:
    keyring = hub.vault.keyring
    keyring.read_again()
    in_use = data_keys.kek_in_use(hub.connection)
    wraps = Counter(key.kek for key in keys if key.kek is not None)
    names = sorted({*keyring.files, *wraps, *([in_use] if in_use else [])})

    def state(name: str) -> str:
        if name not in keyring.files:
            return "absent"
        if name == in_use:
            return "in use"
        return "next" if keyring.files[name].name.endswith(".next.key") else "retired"

    return tuple(
        KekView(name, state(name), keyring.files[name].name if name in keyring.files else None, wraps[name])
        for name in names
    )

"""What every package is made with: its files, how long it is kept, and the way from a case to a checked package."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any

from archive.case import CaseFile, CaseFileEntry
from archive.errors import RetentionUnset
from archive.metadata import SIGNATURE
from archive.opened import LIMITS
from archive.package import build
from archive.retention import RetentionRule, RetentionTable
from core.clock import SHANGHAI
from core.own_types import RETENTION, own_types
from core.settings import Mode, Settings
from documents.package import ContainerRefused, Package
from hub.archive_codes import coded, codes_of, policy_of
from hub.archive_store import FOLDER, ArchiveStore, PackageGone
from hub.catalogue import holder_of, package_of, record_of, stages_of
from hub.context import Hub, OnStep, no_step
from hub.files import read_table
from hub.inspect import check_package
from hub.parties import link
from hub.press import Press
from store.archive_packages import NewPackage


class Packer:
    """Packs cases one after the other: press and tables are read once."""

    def __init__(self, hub: Hub, press: Press, on_step: OnStep = no_step) -> None:
        """Raises RetentionUnset, CodesUnfit, StagesUnfit, ArchiveUnset: a table cannot be read, or the store not spoken
        to."""
        self.hub, self.press, self.on_step = hub, press, on_step
        self._retention = retention_of(hub.settings)
        self._codes = codes_of(hub.settings)
        self._stages = stages_of(hub.settings)
        self._store = ArchiveStore.of(hub.settings)

    def retention(self, item: str) -> RetentionRule:
        """How long the file of an item is kept.

        Raises:
            RetentionUnset: its row is missing, or in production nobody has verified it.
        """
        return self._retention.rule_for(item, demand_verified=self.hub.settings.mode is Mode.PRODUCTION)

    def put(
        self,
        case: CaseFile,
        *,
        year: int,
        step: str | None,
        licence: str | None = None,
        licence_number: str | None = None,
    ) -> NewPackage:
        """Pack a case, check the package, and write it to where it is kept; not recorded yet.

        Args:
            year: whose folder it is put into.
            step: what it did to a licence (`schemas.licence_life.Step`), or asked for.
            licence: the document in it (`LicenceVersion.id`).

        Raises:
            CaseUnfit, SealMissing, HolderUntold, CodesUnfit: the case cannot be packed; nothing was written. A 档号
                that was taken for it is its own at the next try.
            PackageRefused: the package fails its own check; it was not written.
            PackageOccupied: another file lies where it is to be put.
            ArchiveAway, DiskRefuses: try again; what was put there is found by the next try.
            ArchiveRefuses: the store of the packages is not there, or refuses.
        """
        hub = self.hub
        holder = holder_of(case)
        case = coded(hub, self._codes, case)
        code = case.archive_code.text if case.archive_code is not None else None
        self.on_step("package.numbered")
        stage = self._stages.part(case.item_code, step).value
        record = record_of(hub, case, holder, stage=stage, licence_number=licence_number, archive_code=code)
        package = build(case, lambda listed: self.press.sign_detached(listed, hub.clock.now()))
        path = f"{FOLDER}/{year}/{package.name}"
        data = _left_before(self._store, path, package.data) or package.data
        self.on_step("package.built")
        checked = check_package(
            data, self.press.trust, settings=hub.settings, at=hub.clock.now(), policy=policy_of(hub, self._codes)
        )
        checked.demand_valid()
        self.on_step("package.checked")
        self._store.put(path, data)
        self.on_step("package.written")
        return package_of(data, checked, record, file_no=case.electronic_file_no, path=path, licence=licence)

    def recorded(self, case: CaseFile) -> None:
        """To be called once the package is recorded: what the registers say of its holder is joined to its party."""
        self.on_step("package.recorded")
        link(self.hub, holder_of(case))


def retention_of(settings: Settings) -> RetentionTable:
    """The bureau's own table from the home folder, the demo's where there is none and nothing is at stake; and the rows
    that came with its own licence types.

    Raises:
        RetentionUnset: a table cannot be read.
    """
    own = settings.home / "retention.toml"
    if own.exists() or settings.mode is Mode.PRODUCTION:
        table = _table(own)
    else:
        table = RetentionTable.from_toml((files("archive") / "retention_demo.toml").read_text(encoding="utf-8"))
    beside = own_types() / RETENTION
    return RetentionTable({**_table(beside).rules, **table.rules}) if beside.exists() else table


def written(name: str, standard_name: str, content: Any, created: datetime) -> CaseFileEntry:
    """A file of a case that is data, as JSON."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True).encode()
    return CaseFileEntry(standard_name, name, text, "application/json", created)


def start_of(day: date) -> datetime:
    """The case tables know days only; the day's first moment stands for it and sorts before what the hub did on it."""
    return datetime.combine(day, time(), SHANGHAI)


def masked(number: str) -> str:
    """A number with its middle hidden; of a short one more is hidden."""
    if len(number) <= 12:
        return f"{number[:2]}{'*' * max(len(number) - 4, 1)}{number[-2:]}"
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"


def _left_before(store: ArchiveStore, path: str, built: bytes) -> bytes | None:
    """The same case's package from a run that died before it was recorded: it says the same, under another signature,
    as no two signatures are alike."""
    try:
        there = store.get(path)
        left, new = (dict(Package.read(data, LIMITS).entries) for data in (there, built))
    except (PackageGone, ContainerRefused):
        return None
    return there if left | {SIGNATURE: b""} == new | {SIGNATURE: b""} else None


def _table(path: Path) -> RetentionTable:
    left = "No case was packed; put the bureau's approved table there."
    return RetentionTable.from_toml(read_table(path, RetentionUnset, left))

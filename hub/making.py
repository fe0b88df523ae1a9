"""Making a reserved document: drawn, intent written, sealed, verified by our own verifier, recorded, published.

Every step can die and be run again: the register says how far a document came, and the facts frozen with its number
make the next try draw the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from core.digest import sm3
from core.errors import Permanent
from documents.package import ContainerRefused, Package
from hub.compose import Drawn, drawn_from
from hub.context import Hub, OnStep, no_step
from hub.files import read_checked, write_durably
from hub.issuing_stops import demand_open
from hub.organ_rule import require_one_organ
from hub.press import Press
from signing.ofd.layout import Files
from store import licence_making, licences
from store.licences import LicenceVersion


class SealRefusedByVerifier(Permanent):
    """What was sealed did not pass our own verifier; it was not recorded and not published."""

    code: ClassVar[str] = "HUB-706"


class NumberInUse(Permanent):
    """A sealed document of this number lies on disk and the register does not know it."""

    code: ClassVar[str] = "HUB-710"


@dataclass(frozen=True, slots=True)
class Made:
    """A document that was sealed and published. `approval` is what it was made for, an order where none led to it."""

    approval: str
    number: str
    identifier: str
    path: str

    def to_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {"approval": self.approval, "number": self.number, "identifier": self.identifier, "path": self.path}


def path_of(version: LicenceVersion) -> Path:
    """Where the document lies below the hub's home: by type, year and sequence; later versions say which they are."""
    name = f"{version.licence_type}-{version.year}-{version.sequence:05d}"
    if version.version > 1:
        name += f"-{version.version:03d}"
    return Path("licences") / str(version.year) / f"{name}.ofd"


def make(hub: Hub, version: LicenceVersion, press: Press, on_step: OnStep = no_step) -> Made | None:
    """Take a reserved document as far as published; None when it was published before, or dropped.

    Where another process is at it, waits for it and then finds it done, or goes on where that one ended.

    Raises:
        SealRefusedByVerifier: the sealed document is not what it should be; nothing was published.
        OrganRuleBroken: it does not name one organ in force; nothing was published.
        IssuingStopped: one of its type was found malformed, and nobody has cleared that.
        SealNotRegistered, SealNotActive: the seal may not be used.
        TimestampUnavailable: a Retryable; no timestamp, and `press.toml` says to wait for one.
        StepRefused: the licence's state changed meanwhile.
        HubError: of drawing, signing or the store; what was reached stays reached.
    """
    if version.state not in ("reserved", "sealed"):
        return None
    on_step("licence.reserved")
    with licence_making.only_maker(hub.connection, version) as held:
        if held.state not in ("reserved", "sealed"):
            return None
        if held.state == "reserved":
            demand_open(hub, held.licence_type)
            _seal(hub, held, press, on_step)
        done = _publish(hub, held)
    if done is not None:
        on_step("licence.published")
    return done


def _seal(hub: Hub, version: LicenceVersion, press: Press, on_step: OnStep) -> None:
    drawn = drawn_from(licences.facts(hub.connection, hub.vault, version), press.bureau)
    draft = sm3(drawn.package.to_bytes())
    on_step("licence.drawn")
    now = hub.clock.now()
    tried_before = licence_making.intend(
        hub.connection, version, seal_sm3=press.seal_sm3, es_id=press.bureau.seal_id, draft_sm3=draft, now=now
    )
    on_step("licence.intended")
    path = path_of(version)
    if not tried_before and (hub.settings.home / path).exists():
        raise NumberInUse(
            f"{path} is there, but the register never sealed licence {version.number}: the database is older than the "
            "files, as after restoring an early backup. Nothing was sealed and the file was not touched. Restore the "
            "newest backup; runbook: restoring."
        )
    sealed = seal_and_verify(hub, version, press, drawn, now, on_step)
    write_durably(hub.settings.home / path, sealed.data)
    on_step("licence.written")
    licence_making.record_sealed(
        hub.connection,
        version,
        document_sm3=sm3(sealed.data),
        timestamped=sealed.timestamped,
        path=path.as_posix(),
        now=hub.clock.now(),
    )
    on_step("licence.recorded")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed document that our own verifier found valid."""

    data: bytes
    timestamped: bool


def seal_and_verify(
    hub: Hub, version: LicenceVersion, press: Press, drawn: Drawn, now: datetime, on_step: OnStep = no_step
) -> Sealed:
    """The document under the seal, found valid by our own verifier; nothing is written. Its intent must stand before.

    Raises:
        SealRefusedByVerifier: it is not what it should be.
        OrganRuleBroken: it does not name one organ in force.
        HubError: of the sealer.
    """
    sealed = press.seal(drawn.package, drawn.places, now)
    on_step("licence.sealed")
    opened = _opened(sealed)
    report = press.verify(opened, now)
    if report.verdict.value != "valid":
        raise SealRefusedByVerifier(
            f"licence {version.number}: our own verifier finds the sealed document {report.verdict.value} "
            f"({'; '.join(report.lines(quiet=True))}). It was not recorded and not published. Check seal, certificates "
            "and trust anchors (`hub verify`), then run the same again."
        )
    require_one_organ(hub.settings, opened, report, version.number, now)
    on_step("licence.verified")
    return Sealed(sealed, all(seal.stamped_at is not None for seal in report.seals))


def _opened(sealed: bytes) -> bytes | Files:
    """What was sealed, read back from its bytes once for all who look at it; the bytes where that cannot be done, which
    the verifier then says.
    """
    try:
        return Files(Package.read(sealed))
    except ContainerRefused:
        return sealed


def _publish(hub: Hub, version: LicenceVersion) -> Made | None:
    """Show the document to the world, after reading back from disk that it is the one that was recorded; None where it
    was given up while it was being sealed, because the licence ended.
    """
    found = licences.by_identifier(hub.connection, version.identifier)
    if found is not None and found.state == "dropped":
        return None
    if found is None or found.document_path is None or found.document_sm3 is None:
        raise Permanent(f"licence {version.number} has no recorded document to publish; run `hub issue` again")
    read_checked(hub.settings.home / found.document_path, found.document_sm3)
    licence_making.record_published(hub.connection, found, hub.clock.now())
    return Made(found.case_no, found.number, found.identifier, found.document_path)

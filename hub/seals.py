"""The register of seals: enter a seal after checking it, suspend or revoke it, and tell every use of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from core.clock import second_text
from core.digest import sm3
from core.errors import Permanent, Rejected
from core.settings import Mode
from hub.certificates import CertificateFacts, facts_of
from hub.context import Hub
from hub.files import write_durably
from hub.press import DEMO, DemoSealRefused, Press
from hub.seal_checking import checked
from hub.trust import trust_of
from signing.certificates import read_many
from signing.demo_pki import open_keys, says_test
from signing.seal.parts import Seal
from store import seal_uses
from store import seals as register
from store.seal_uses import SealUse
from store.seals import Change, RegisteredSeal

__all__ = [
    "Change",
    "SealFacts",
    "SealNotRegistrable",
    "UseFacts",
    "add",
    "add_configured",
    "change",
    "listed",
    "shown",
    "uses",
]

#: Who entered the demo's seal.
_PREPARE = "hub prepare"


class SealNotRegistrable(Permanent):
    """A seal cannot be registered: it is not its maker's, not of a trusted maker, out of date, or not of one organ."""

    code: ClassVar[str] = "HUB-713"


@dataclass(frozen=True, slots=True)
class SealFacts:
    """An entry of the register at a moment: the seal, how it stands, and how often seals of its ES_ID were used."""

    seal: RegisteredSeal
    standing: str
    uses: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`, without picture and certificates."""
        entry = self.seal.entry
        return {
            "es_id": entry.es_id,
            "version": self.seal.version,
            "name": entry.name,
            "organ": entry.organ,
            "credit_code": entry.credit_code,
            "kind": entry.kind,
            "vendor": entry.vendor,
            "form": entry.form,
            "state": self.standing,
            "reason": self.seal.reason,
            "legal_basis": self.seal.legal_basis,
            "valid_from": second_text(entry.valid_from),
            "valid_to": second_text(entry.valid_to),
            "registered_at": second_text(self.seal.registered_at),
            "sm3": entry.sm3.hex(),
            "picture_type": entry.picture_type,
            "picture_bytes": len(entry.picture),
            "width_mm": entry.width_mm,
            "height_mm": entry.height_mm,
            "uses": self.uses,
        }


@dataclass(frozen=True, slots=True)
class SealStory:
    """Everything about one ES_ID: its newest entry with certificates and history, and the entries before it."""

    facts: SealFacts
    maker: CertificateFacts
    signers: tuple[CertificateFacts, ...]
    events: tuple[register.SealEvent, ...]
    earlier: tuple[SealFacts, ...]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **self.facts.to_dict(),
            "maker": self.maker.to_dict(),
            "signers": [one.to_dict() for one in self.signers],
            "events": [
                {
                    "at": second_text(one.at),
                    "event": one.event,
                    "who": one.who,
                    "reason": one.reason,
                    "legal_basis": one.legal_basis,
                }
                for one in self.events
            ],
            "earlier": [one.to_dict() for one in self.earlier],
        }


@dataclass(frozen=True, slots=True)
class UseFacts:
    """One use of a seal as people read it."""

    use: SealUse

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        use = self.use
        return {
            "use": use.id,
            "es_id": use.es_id,
            "version": use.seal_version,
            "case": use.case_no,
            "licence": use.licence_number,
            "document": use.document_kind,
            "outcome": use.outcome,
            "intended_at": second_text(use.intended_at),
            "settled_at": second_text(use.settled_at),
            "timestamped": use.timestamped,
            "draft_sm3": use.draft_sm3.hex(),
            "document_sm3": use.document_sm3.hex() if use.document_sm3 is not None else None,
        }


def listed(hub: Hub) -> list[SealFacts]:
    """The whole register: by ES_ID, newest entry first."""
    counts = seal_uses.use_counts(hub.connection)
    return [_facts(hub, one, counts) for one in register.every(hub.connection)]


def shown(hub: Hub, es_id: str) -> SealStory:
    """Everything about one ES_ID.

    Raises:
        SealNotRegistered: there is no such ES_ID.
    """
    newest, *earlier = register.of(hub.connection, es_id)
    counts = seal_uses.use_counts(hub.connection)
    now = hub.clock.now()
    return SealStory(
        _facts(hub, newest, counts),
        facts_of(newest.entry.maker_certificate, now),
        tuple(facts_of(one, now) for one in newest.entry.signer_certificates),
        tuple(event for one in reversed((newest, *earlier)) for event in register.events(hub.connection, one)),
        tuple(_facts(hub, one, counts) for one in earlier),
    )


def uses(hub: Hub, *, es_id: str | None = None, case_no: str | None = None, limit: int = 100) -> list[UseFacts]:
    """Uses of seals, newest first."""
    found = seal_uses.uses(hub.connection, es_id=es_id, case_no=case_no, limit=limit)
    return [UseFacts(one) for one in found]


def add(hub: Hub, data: bytes, *, who: str, legal_basis: str = "", signers: Sequence[bytes] = ()) -> SealFacts:
    """Check a seal (DER) and enter it as active; one that stood under its ES_ID before is superseded.

    Args:
        signers: certificates (PEM or DER) of those who may use it, for a seal that lists them by digest only.

    Raises:
        SealNotRegistrable: it did not pass the check; nothing was changed.
        DemoSealRefused: production mode, and the seal says 测试.
        TrustUnknown: this hub trusts nobody yet.
    """
    try:
        seal = Seal.read(data)
        allowed = (*seal.certificates, *(one.raw for raw in signers for one in read_many(raw)))
        if hub.settings.mode is Mode.PRODUCTION and says_test(seal):
            raise DemoSealRefused(
                "production mode refuses the demo seal; nothing was registered. Register the bureau's own seal."
            )
        entry = checked(seal, tuple(dict.fromkeys(allowed)), trust_of(hub.settings), hub.clock.now())
    except Rejected as refusal:
        raise SealNotRegistrable(
            f"the seal was not registered: {refusal.message} Nothing was changed; ask its maker for a sound one, "
            "or put the maker's root into keys/trust."
        ) from None
    made = register.register(hub.connection, entry, who=who, legal_basis=legal_basis, now=hub.clock.now())
    return _facts(hub, made, seal_uses.use_counts(hub.connection))


def add_configured(hub: Hub, *, who: str, legal_basis: str = "") -> SealFacts:
    """As `add`, for the seal this hub is configured to use, wherever it lies: in a file, or on a platform.

    Raises:
        HubError: as `Press.open` and `add` do.
    """
    sealer = Press.open(hub.settings).sealer
    return add(hub, sealer.seal.raw, who=who, legal_basis=legal_basis, signers=[sealer.certificate])


def add_demo(hub: Hub) -> SealFacts:
    """Enter the demo seal that `hub prepare` made; once entered, again changes nothing."""
    seal = open_keys(hub.settings.keys / DEMO).seal
    known = register.by_sm3(hub.connection, sm3(seal.raw))
    if known is not None:
        return _facts(hub, known, {})
    return add(hub, seal.raw, who=_PREPARE)


def change(hub: Hub, es_id: str, what: Change, *, who: str, reason: str, legal_basis: str = "") -> SealFacts:
    """Suspend, resume or revoke the newest seal under an ES_ID.

    Raises:
        SealNotRegistered: there is none.
        SealStateRefused: it does not stand so that this can be done to it.
    """
    changed = register.change(
        hub.connection, es_id, what, who=who, reason=reason, legal_basis=legal_basis, now=hub.clock.now()
    )
    return _facts(hub, changed, seal_uses.use_counts(hub.connection))


def require_active(hub: Hub, press: Press) -> RegisteredSeal:
    """The press's seal in the register.

    Raises:
        SealNotRegistered, SealNotActive: it may not be used.
    """
    found = register.by_sm3(hub.connection, press.seal_sm3)
    return register.require_active(found, press.bureau.seal_id, hub.clock.now())


def write_picture(hub: Hub, es_id: str, out: Path) -> None:
    """Write the picture of the newest seal under an ES_ID.

    Raises:
        SealNotRegistered: there is none.
        DiskRefuses: it cannot be written.
    """
    write_durably(out, register.of(hub.connection, es_id)[0].entry.picture)


def _facts(hub: Hub, seal: RegisteredSeal, counts: dict[str, dict[str, int]]) -> SealFacts:
    none = {"sealed": 0, "intended": 0, "abandoned": 0, "without_timestamp": 0}
    return SealFacts(seal, seal.standing(hub.clock.now()).value, counts.get(seal.entry.es_id, none))

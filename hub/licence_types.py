"""The licence types of this hub as people ask for them, and how the bureau's own come into it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from core.errors import Permanent
from core.own_types import FOLDER, ITEMS, RETENTION, TEMPLATES, own_types
from core.settings import Settings
from documents.licence import forget_templates
from hub.context import Hub
from hub.files import write_durably
from hub.licence_types_check import PRESS_SEAL, check
from hub.press import Press
from hub.seals import require_active
from schemas.items.loader import forget as forget_items
from schemas.licence_types import LicenceType, all_licence_types, licence_type
from schemas.licence_types.loader import forget as forget_types
from store.errors import SealNotActive, SealNotRegistered

__all__ = ["KnownType", "TypeRefused", "adopt", "every", "one", "seals_in_use"]

_FROM = {"from_end": "延续从原期满日起算", "from_decision": "延续从决定之日起算"}
_SHEET_ZH = {"original": "正本", "copy": "副本"}
STEP_ZH = {"issue": "颁发", "change": "变更", "renew": "延续", "replace": "补发", "cancel": "注销"}
_SOURCE_ZH = {
    "evidence": "材料", "accept": "受理信息", "result": "办理结果", "licence": "枢纽赋予", "issuer": "发证机关",
    "text": "固定文字",
}  # fmt: skip


class TypeRefused(Permanent):
    """A folder of licence types is not taken over, because the check finds something wrong in it."""

    code: ClassVar[str] = "HUB-901"


@dataclass(frozen=True, slots=True)
class KnownType:
    """A licence type, and whether it is the bureau's own or came with this release."""

    kind: LicenceType
    own: bool

    @property
    def validity(self) -> str:
        """How long it is valid, and from when a renewal counts."""
        rule = self.kind.validity
        return "长期" if rule.years is None else f"{rule.years} 年（{_FROM[rule.renewal]}）"

    @property
    def sheets(self) -> str:
        """正本、副本."""
        return "、".join(_SHEET_ZH[sheet] for sheet in self.kind.sheets)

    @property
    def steps(self) -> str:
        """The later steps that an item leads to: 变更、延续."""
        steps = {item.licence_step.value for item in self.kind.items if item.licence_step and not item.issues}
        return "、".join(zh for step, zh in STEP_ZH.items() if step in steps)

    @property
    def verified(self) -> bool:
        """Whether somebody has read where type code and validity come from."""
        return self.kind.type_code_verified and self.kind.validity.verified

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        rule = self.kind.validity
        return {
            "id": self.kind.id,
            "name": self.kind.name,
            "own": self.own,
            "type_code": self.kind.type_code,
            "type_code_verified": self.kind.type_code_verified,
            "item": self.kind.item,
            "number_format": self.kind.number_format,
            "years": rule.years,
            "renewal": None if rule.years is None else rule.renewal,
            "remind_days": [] if rule.years is None else list(rule.remind_days),
            "validity_verified": rule.verified,
            "seals": list(self.kind.seals),
            "sheets": list(self.kind.sheets),
            "items": [
                {"code": item.code, "name": item.name, "step": item.licence_step.value}
                for item in self.kind.items
                if item.licence_step is not None
            ],
            "face": [
                {"key": line.key, "label": line.label, "source": line.source, "personal": line.personal}
                for line in self.kind.face
            ],
        }

    def face(self) -> list[tuple[str, str, str]]:
        """Label, where the words come from, and 遮住 where the public page masks them."""
        return [
            (
                line.label,
                line.text or f"{_SOURCE_ZH[line.source]} {f'{line.material}.' if line.material else ''}{line.field}",
                "公开核验时遮住" if line.personal else "",
            )
            for line in self.kind.face
        ]


def every() -> list[KnownType]:
    """All types, by type code."""
    return [_known(kind) for kind in sorted(all_licence_types().values(), key=lambda kind: kind.type_code)]


def one(name: str) -> KnownType:
    """The type of an id.

    Raises:
        LicenceTypeUnknown: none is declared under it.
    """
    return _known(licence_type(name))


def _known(kind: LicenceType) -> KnownType:
    return KnownType(kind, (own_types() / f"{kind.id}.toml").is_file())


def seals_in_use(hub: Hub) -> frozenset[str]:
    """What a type may call the seal that this hub puts on licences; nothing where the register does not let it.

    Raises:
        PressUnset, PressMalformed, DemoSealRefused: from opening the press.
    """
    press = Press.open(hub.settings)
    try:
        require_active(hub, press)
    except (SealNotRegistered, SealNotActive):
        return frozenset()
    return frozenset({PRESS_SEAL, press.bureau.seal_id, press.bureau.seal_name})


def adopt(folder: Path, settings: Settings, seals: frozenset[str] | None = None) -> list[str]:
    """Take a folder's types, items, templates and retention rows into the bureau's own; give back what was written.

    What is there under the same names is replaced. Templates and items come first, so that whoever reads meanwhile
    finds no type without them; a process that has read before goes on with what it read until it is started again.

    Raises:
        NoTypesThere: there is no type in the folder.
        TypeRefused: the check finds something wrong; nothing was written.
        DiskRefuses: there is no room, or no right to write.
    """
    wrong = [finding for finding in check([folder], settings=settings, seals=seals) if finding.blocking]
    if wrong:
        raise TypeRefused(
            f"{len(wrong)} things are wrong in {folder.name}/ and nothing was taken over; `hub licence-type check` "
            "says what and where."
        )
    to, written = settings.home / FOLDER, []
    parts = [*sorted(folder.glob(f"{TEMPLATES}/*.toml")), *sorted(folder.glob(f"{ITEMS}/*.toml"))]
    for path in parts:
        written.append(_write(to / path.parent.name / path.name, path.read_bytes(), to))
    if (folder / RETENTION).is_file():
        written.append(_write(to / RETENTION, _merged(to / RETENTION, folder / RETENTION).encode(), to))
    for path in sorted(folder.glob("*.toml")):
        if path.name != RETENTION:
            written.append(_write(to / path.name, path.read_bytes(), to))
    forget_items()
    forget_types()
    forget_templates()
    return written


def _write(path: Path, data: bytes, folder: Path) -> str:
    write_durably(path, data)
    return path.relative_to(folder).as_posix()


def _merged(there: Path, more: Path) -> str:
    """The rows of both tables; a row that both have is the new one's."""
    rows: dict[str, Mapping[str, Any]] = {}
    for path in (there, more):
        if path.is_file():
            rows |= tomllib.loads(path.read_text(encoding="utf-8")).get("items", {})
    return "\n".join(
        f"[items.{code}]\nperiod = {_quoted(row['period'])}\nbasis = {_quoted(row['basis'])}\n"
        f"verified = {str(row.get('verified', False) is True).lower()}\n"
        for code, row in rows.items()
    )


def _quoted(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""What is known about one resource of one department, written down once as TOML and checked on load.

A declaration is what the catalogue of shared resources says (who, by what right, how often), how to
reach it, and, honestly, what nobody has confirmed yet. Addresses and credentials are not in it.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connectors.access import Access, NotAgreed, Return, WorkbookReturn
from connectors.agreement import UNSTATED, Band, Clocks, Reach, Snapshot
from connectors.live import LiveQuestion
from core.errors import Permanent
from schemas.items.model import Trust

RESOURCES = Path(__file__).parent / "resources"

#: How far back each reading of a source with times begins, for rows that were committed late; our own guess.
DEFAULT_OVERLAP: Final = 10

Text = Annotated[str, Field(min_length=1)]


class DeclarationRefused(Permanent):
    """A file in `connectors/resources/` is not a declaration; nothing of that resource can be read."""

    code: ClassVar[str] = "HUB-106"


class ShareClass(StrEnum):
    """The three classes of the shared-resource catalogue."""

    UNCONDITIONAL = "无条件"
    CONDITIONAL = "有条件"
    NONE = "不予"


class UpdateCycle(StrEnum):
    """How often the owner promises new data; the word list is ours, the catalogue's own is unverified."""

    LIVE = "实时"
    DAILY = "每日"
    WEEKLY = "每周"
    MONTHLY = "每月"
    QUARTERLY = "每季度"
    YEARLY = "每年"
    IRREGULAR = "不定期"


#: Protocols by which somebody brings files. The others are asked, and nothing new is an answer.
_DELIVERING = frozenset({"sftp_csv", "folder_csv", "csv_file", "xlsx_file"})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Department(_Frozen):
    """The organ a resource comes from; `id` also names its section in the sources file and its Airflow pool."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    zh: Text
    en: Text


class Honesty(_Frozen):
    """What stands behind the declaration: `verified` only once the department has confirmed it in writing."""

    verified: bool
    unknown: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _unverified_says_what(self) -> Honesty:
        if not self.verified and not self.unknown:
            raise ValueError("an unverified declaration must list under `unknown` what is not known")
        return self


class Declaration(_Frozen):
    """One resource. `columns` are the source's own names; `key` those that tell one record from another.

    `section` names the section of the sources file where it is not the department's id: a department that hands
    over a file and runs an exchange database has two. `optional` are those of `columns` that a batch may lack,
    `ignored` further ones the source is known to have and nobody takes: neither is drift. `trust` is how far its
    records can be relied on: issuer's own A or B, a copy C, what somebody said of himself D.
    """

    name: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$")]
    title: Text
    department: Department
    own_section: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = Field(default=None, alias="section")
    owner: Text
    legal_basis: Annotated[tuple[Text, ...], Field(min_length=1)]
    share_class: ShareClass
    update_cycle: UpdateCycle
    late_after_hours: Annotated[int, Field(gt=0)]
    trust: Trust = Trust.C
    overlap_minutes: Annotated[int, Field(ge=0)] = DEFAULT_OVERLAP
    schema_name: Annotated[str, Field(alias="schema", pattern=r"^[a-z]+\.[a-z_]+$")]
    columns: Annotated[tuple[Text, ...], Field(min_length=1)]
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    optional: tuple[Text, ...] = ()
    ignored: tuple[Text, ...] = ()
    freshness: Text
    caveats: Annotated[tuple[Text, ...], Field(min_length=1)]
    access: Access
    snapshot: Snapshot | None = None
    rejected: Return = WorkbookReturn(channel="workbook")
    reach: Reach = UNSTATED
    band: Band = Band()
    clocks: Clocks = Clocks()
    live: LiveQuestion | None = None
    honesty: Honesty

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which a file is not one of this resource."""
        return tuple(name for name in self.columns if name not in self.optional)

    @model_validator(mode="after")
    def _hangs_together(self) -> Declaration:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("`columns` names one column twice")
        if strange := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"`key` names {', '.join(strange)}, which `columns` does not")
        if strange := [name for name in self.optional if name not in self.columns or name in self.key]:
            raise ValueError(f"`optional` names {', '.join(strange)}, which is no column or is part of the key")
        if both := [name for name in self.ignored if name in self.columns]:
            raise ValueError(f"`ignored` names {', '.join(both)}, which `columns` takes")
        if self.snapshot is not None and self.access.protocol not in _DELIVERING:
            raise ValueError("`snapshot` is for files that hold everything; this protocol gives what is new")
        if self.live is not None and (fault := self.live.unfit(self.access, self.columns)) is not None:
            raise ValueError(f"`live`: {fault}")
        if self.reach.open and isinstance(self.access, NotAgreed):
            raise ValueError("an open source (已通) needs the way it is read under `access`, not `not_agreed`")
        if not self.name.startswith(f"{self.department.id}."):
            raise ValueError(f"`name` must begin with the department's id `{self.department.id}.`")
        return self

    @property
    def expects_deliveries(self) -> bool:
        """Whether it is a fault when nothing comes by the deadline, though it could be read.

        Who delivers files has to deliver one with something in it; a table, a gateway or a service that has nothing
        new has answered. Nobody promises anything of what comes irregularly. `[clocks] deliveries` may say otherwise.
        """
        if self.clocks.deliveries is not None:
            return self.clocks.deliveries == "expected"
        return self.access.protocol in _DELIVERING and self.update_cycle is not UpdateCycle.IRREGULAR

    @property
    def section(self) -> str:
        """The section of the sources file that says where it is."""
        return self.own_section or self.department.id

    def doc_md(self) -> str:
        """What an operator sees beside the DAG: publisher, access, freshness, caveats, in Chinese."""
        state = "已核实" if self.honesty.verified else "未核实：" + "；".join(self.honesty.unknown)
        return "\n".join(
            [
                f"### {self.title}（`{self.name}`）",
                f"- **提供方**：{self.department.zh}，{self.owner}；共享类型：{self.share_class}；"
                f"可信等级：{self.trust}（自拟，未核实）",
                f"- **依据**：{'；'.join(self.legal_basis)}",
                f"- **通达**：{self.reach.zh}",
                f"- **方式**：{self._way()}",
                f"- **实时核验**：{self._live()}",
                f"- **更新**：{self.update_cycle}；{self.freshness}；超过 {self.late_after_hours} 小时算迟到",
                f"- **注意**：{'；'.join(self.caveats)}",
                f"- **核实情况**：{state}",
            ]
        )

    def _live(self) -> str:
        if self.live is None:
            return "不提供"
        kinds = "、".join({"citizen": "自然人", "company": "法人"}[kind] for kind in self.live.kinds)
        return f"可按号码询问{kinds}；{'已核实' if self.live.verified else '未核实：' + '；'.join(self.live.unknown)}"

    def _way(self) -> str:
        if isinstance(self.access, NotAgreed):
            return "尚未约定"
        return f"`{self.access.protocol}`，每页 {self.access.page_size} 行"


def load(path: Path) -> Declaration:
    """Read one declaration.

    Raises:
        DeclarationRefused: unreadable, not TOML, or a key is missing, unknown or wrong; names file and key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationRefused(f"{path}: cannot be read ({type(error).__name__}).") from None
    except tomllib.TOMLDecodeError as error:
        raise DeclarationRefused(f"{path}: not TOML: {error}.") from None
    try:
        declaration = Declaration.model_validate(table)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the whole file'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise DeclarationRefused(f"{path}: {faults}. Correct the file; other resources are not touched.") from None
    if path.stem != declaration.name:
        raise DeclarationRefused(f"{path}: name: is `{declaration.name}`, but the file is called `{path.stem}`.")
    return declaration


@lru_cache(maxsize=4)
def load_all(folder: Path = RESOURCES) -> dict[str, Declaration]:
    """Every declaration of `folder` by name, in the order of names; read once a process.

    Raises:
        DeclarationRefused: see `load`; also when two files describe one department differently.
    """
    found: dict[str, Declaration] = {}
    departments: dict[str, Department] = {}
    for path in sorted(folder.glob("*.toml")):
        declaration = load(path)
        known = departments.setdefault(declaration.department.id, declaration.department)
        if known != declaration.department:
            raise DeclarationRefused(
                f"{path}: department: `{known.id}` has another name here than in an earlier file. Use one name."
            )
        found[declaration.name] = declaration
    return found

"""What is known about one resource of one department, written down once as TOML and checked on load.

A declaration is what the catalogue of shared resources says (who, by what right, how often), how to
reach it, and, honestly, what nobody has confirmed yet. Addresses and credentials are not in it.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import Permanent

RESOURCES = Path(__file__).parent / "resources"

#: A name that may stand unquoted in SQL; kept narrow because it comes from a file.
SqlName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")]
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


class RestAccess(_Frozen):
    """A resource behind the signed national data-sharing gateway.

    `sid` is the key of the service id in the sources file, not the id itself. `transient` and
    `refusing` are the codes inside an HTTP 200 that mean "again" and "no".
    """

    protocol: Literal["rest_gateway"]
    path: Text
    sid: Annotated[str, Field(pattern=r"^sid_[a-z0-9_]+$")]
    cursor: Literal["update_time"]
    page_size: Annotated[int, Field(ge=2, le=200)]
    requests_per_second: Annotated[float, Field(gt=0)]
    timeout_s: Annotated[float, Field(gt=0)] = 30
    transient: tuple[Text, ...] = ("api-500",)
    refusing: tuple[Text, ...] = ("api-401", "api-404")


class TableAccess(_Frozen):
    """A typed table of a front-end exchange database, with cd_time, cd_operation and row_guid."""

    protocol: Literal["exchange_db"]
    table: SqlName
    cursor: Literal["cd_time+row_guid"]
    page_size: Annotated[int, Field(ge=1, le=10_000)]
    statement_timeout_s: Annotated[float, Field(gt=0)] = 30


class SftpAccess(_Frozen):
    """Daily CSV files `<folder>/YYYYMMDD/<prefix>_YYYYMMDD.csv`, each with a control file `.ctl` written last."""

    protocol: Literal["sftp_csv"]
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    cursor: Literal["file+offset"]
    page_size: Annotated[int, Field(ge=1, le=100_000)]
    timeout_s: Annotated[float, Field(gt=0)] = 30
    max_file_bytes: Annotated[int, Field(gt=0)] = 512 * 1024 * 1024


class FileAccess(_Frozen):
    """CSV files handed over: one given by path, or those in a drop folder that match `pattern`, by name."""

    protocol: Literal["csv_file"]
    pattern: Text
    cursor: Literal["file+offset"]
    page_size: Annotated[int, Field(ge=1, le=100_000)]
    max_file_bytes: Annotated[int, Field(gt=0)] = 2 * 1024 * 1024 * 1024


Access = Annotated[RestAccess | TableAccess | SftpAccess | FileAccess, Field(discriminator="protocol")]


class Declaration(_Frozen):
    """One resource. `columns` are the source's own names; `key` those that tell one record from another."""

    name: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$")]
    title: Text
    department: Department
    owner: Text
    legal_basis: Annotated[tuple[Text, ...], Field(min_length=1)]
    share_class: ShareClass
    update_cycle: UpdateCycle
    late_after_hours: Annotated[int, Field(gt=0)]
    schema_name: Annotated[str, Field(alias="schema", pattern=r"^[a-z]+\.[a-z_]+$")]
    columns: Annotated[tuple[Text, ...], Field(min_length=1)]
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    freshness: Text
    caveats: Annotated[tuple[Text, ...], Field(min_length=1)]
    access: Access
    honesty: Honesty

    @model_validator(mode="after")
    def _hangs_together(self) -> Declaration:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("`columns` names one column twice")
        if strange := [name for name in self.key if name not in self.columns]:
            raise ValueError(f"`key` names {', '.join(strange)}, which `columns` does not")
        if not self.name.startswith(f"{self.department.id}."):
            raise ValueError(f"`name` must begin with the department's id `{self.department.id}.`")
        return self

    def doc_md(self) -> str:
        """What an operator sees beside the DAG: publisher, access, freshness, caveats, in Chinese."""
        state = "已核实" if self.honesty.verified else "未核实：" + "；".join(self.honesty.unknown)
        return "\n".join(
            [
                f"### {self.title}（`{self.name}`）",
                f"- **提供方**：{self.department.zh}，{self.owner}；共享类型：{self.share_class}",
                f"- **依据**：{'；'.join(self.legal_basis)}",
                f"- **方式**：`{self.access.protocol}`，每页 {self.access.page_size} 行",
                f"- **更新**：{self.update_cycle}；{self.freshness}；超过 {self.late_after_hours} 小时算迟到",
                f"- **注意**：{'；'.join(self.caveats)}",
                f"- **核实情况**：{state}",
            ]
        )


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

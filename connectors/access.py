"""How a resource is reached and how its rejected rows go back: what a declaration may say, one class a protocol.

Addresses and credentials are not in it; they stand in the sources file.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: A name that may stand unquoted in SQL; kept narrow because it comes from a file.
SqlName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")]
Text = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HeaderShape(StrEnum):
    """How a gateway wants a request signed; each shape as client code in the wild shows it, none confirmed to us."""

    #: gjgxjhpt_rid, _sid, _rtime (ms), _sign: the national data-sharing gateway.
    SHARING = "gjgxjhpt"
    #: The same signature under gjzwfwpt_*: the national government-service platform.
    SERVICE = "gjzwfwpt"
    #: x-tif-paasid, -timestamp (s), -nonce, -signature: gateways of several provinces and cities.
    X_TIF = "x-tif"


class RestAccess(_Frozen):
    """A resource behind a signed gateway that gives pages of `since`, `page` and `size`.

    `sid` is the key of the service id in the sources file, not the id itself. `transient` and
    `refusing` are the codes inside an HTTP 200 that mean "again" and "no". `acknowledge_path` is called
    after each durable page where the department wants to be told.
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
    header_shape: HeaderShape = HeaderShape.SHARING
    acknowledge_path: Text | None = None


class SoapAccess(_Frozen):
    """A SOAP operation that answers with one string, in which lies an XML document.

    `parameters` are the operation's own parameter names; their values may hold {since}, {page}, {size},
    {username} and {password}. Element names are those of the document inside the string.
    """

    protocol: Literal["soap_xml"]
    operation: Text
    parameters: Annotated[dict[str, str], Field(min_length=1)]
    cursor: Literal["update_time"]
    page_size: Annotated[int, Field(ge=2, le=1000)]
    requests_per_second: Annotated[float, Field(gt=0)] = 5
    timeout_s: Annotated[float, Field(gt=0)] = 30
    code_element: Text = "code"
    success_code: Text = "0"
    transient: tuple[Text, ...] = ()
    refusing: tuple[Text, ...] = ()
    total_element: Text = "total"
    row_element: Text = "row"
    time_element: Text = "update_time"

    @model_validator(mode="after")
    def _pages(self) -> SoapAccess:
        said = " ".join(self.parameters.values())
        if missing := [word for word in ("{since}", "{page}", "{size}") if word not in said]:
            raise ValueError(f"`parameters` must pass {', '.join(missing)} to the operation, else it cannot be paged")
        if "{password}" not in said and any("pw" in name.lower() or "pass" in name.lower() for name in self.parameters):
            raise ValueError("a password belongs into the sources file; write {password} here")
        return self


class TableAccess(_Frozen):
    """A typed table of a front-end exchange database, with cd_time, cd_operation and row_guid.

    A large one may be read in `parts` at the same time, each a range of the first column of the key; where fewer
    than `rows_a_part` rows wait for each, there are fewer parts.
    """

    protocol: Literal["exchange_db"]
    table: SqlName
    cursor: Literal["cd_time+row_guid"]
    page_size: Annotated[int, Field(ge=1, le=10_000)]
    parts: Annotated[int, Field(ge=1, le=64)] = 1
    rows_a_part: Annotated[int, Field(ge=1)] = 50_000
    statement_timeout_s: Annotated[float, Field(gt=0)] = 30


class Marker(_Frozen):
    """How a row of an exchange table is known to be new, and how it is marked consumed.

    Either a state column of the table itself (`state_column`, `new`, `consumed`; `null_is_new` where an
    empty state means new as well), or a table of its own (`table`) into which the consumed row's id is
    written (`id_column`).
    """

    state_column: SqlName | None = None
    new: Text = "0"
    consumed: Text = "1"
    null_is_new: bool = False
    table: SqlName | None = None
    id_column: SqlName | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Marker:
        if (self.state_column is None) == (self.table is None):
            raise ValueError("give either state_column or table")
        if (self.table is None) != (self.id_column is None):
            raise ValueError("table and id_column belong together")
        if self.new == self.consumed:
            raise ValueError("new and consumed must differ")
        return self


class BlobAccess(_Frozen):
    """An exchange table whose row holds one record as an XML or JSON document, and whose rows are marked consumed.

    `time_column` and `id_column` give the order; `types` picks the rows of this resource where several share
    the table. `fallback_encoding` reads a document that is not UTF-8 and names no encoding.
    """

    protocol: Literal["exchange_blob"]
    table: SqlName
    cursor: Literal["marker"]
    id_column: SqlName
    time_column: SqlName
    document_column: SqlName
    document: Literal["xml", "json"]
    operation_column: SqlName | None = None
    type_column: SqlName | None = None
    types: tuple[Text, ...] = ()
    marker: Marker
    page_size: Annotated[int, Field(ge=1, le=500)]
    statement_timeout_s: Annotated[float, Field(gt=0)] = 30
    max_document_bytes: Annotated[int, Field(gt=0)] = 8 * 1024 * 1024
    fallback_encoding: Literal["GB18030", "UTF-8"] = "GB18030"

    @model_validator(mode="after")
    def _types_have_a_column(self) -> BlobAccess:
        if (self.type_column is None) != (not self.types):
            raise ValueError("type_column and types belong together")
        return self


class SftpAccess(_Frozen):
    """Daily CSV files `<folder>/YYYYMMDD/<prefix>_YYYYMMDD.csv`, each with a control file `.ctl` written last.

    `sftp_csv` reads them from a server, `folder_csv` from a mounted share. With `receipts` a file `.rcp` is
    written beside each once it is read to its end or refused.
    """

    protocol: Literal["sftp_csv", "folder_csv"]
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    cursor: Literal["file+offset"]
    page_size: Annotated[int, Field(ge=1, le=100_000)]
    timeout_s: Annotated[float, Field(gt=0)] = 30
    max_file_bytes: Annotated[int, Field(gt=0)] = 512 * 1024 * 1024
    receipts: bool = False


class FileAccess(_Frozen):
    """CSV files handed over: one given by path, or those in a drop folder that match `pattern`, by name."""

    protocol: Literal["csv_file"]
    pattern: Text
    cursor: Literal["file+offset"]
    page_size: Annotated[int, Field(ge=1, le=100_000)]
    max_file_bytes: Annotated[int, Field(gt=0)] = 2 * 1024 * 1024 * 1024


class NotAgreed(_Frozen):
    """Nobody has agreed yet how the resource comes; only a source that is not open may be declared so."""

    protocol: Literal["not_agreed"]
    cursor: Literal["none"] = "none"
    page_size: Literal[1] = 1


class XlsxAccess(_Frozen):
    """Workbooks in a drop folder, or one given by path; one workbook is one page of at most `page_size` rows.

    `sheet` names the sheet; without it the one visible sheet that has the declared columns is read. A number
    under one of the `identifiers` is a fault, since Excel may have cut it: such columns must be text.
    """

    protocol: Literal["xlsx_file"]
    pattern: Text = "*.xlsx"
    cursor: Literal["file"]
    page_size: Annotated[int, Field(ge=1, le=200_000)] = 50_000
    sheet: Text | None = None
    header_within: Annotated[int, Field(ge=1, le=100)] = 20
    identifiers: tuple[Text, ...] = ()
    max_file_bytes: Annotated[int, Field(gt=0)] = 32 * 1024 * 1024
    max_unpacked_bytes: Annotated[int, Field(gt=0)] = 512 * 1024 * 1024


Access = Annotated[
    RestAccess | SoapAccess | TableAccess | BlobAccess | SftpAccess | FileAccess | XlsxAccess | NotAgreed,
    Field(discriminator="protocol"),
]


class ErrorTableReturn(_Frozen):
    """Rejected rows go into the department's error table `dn_*`: its own columns, a remark and the control columns."""

    channel: Literal["error_table"]
    table: SqlName
    remark_column: SqlName = "error_remark"
    remark_length: Annotated[int, Field(ge=20)] = 512


class ErrorFileReturn(_Frozen):
    """Rejected rows go as a CSV `<prefix>_<reference>.err.csv` with control file into `folder` of the file channel."""

    channel: Literal["error_file"]
    folder: Text
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    encoding: Literal["UTF-8", "GB18030"] = "UTF-8"


class GatewayReturn(_Frozen):
    """Rejected rows go by signed POST to `path` of the gateway, at most `page_size` a call."""

    channel: Literal["gateway"]
    path: Text
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200


class WorkbookReturn(_Frozen):
    """Rejected rows go as an XLSX workbook that a person sends on; what is taken where nothing is declared."""

    channel: Literal["workbook"]


Return = Annotated[ErrorTableReturn | ErrorFileReturn | GatewayReturn | WorkbookReturn, Field(discriminator="channel")]

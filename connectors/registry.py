"""All declared resources, and the source behind each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from connectors.access import (
    BlobAccess,
    FileAccess,
    NotAgreed,
    RestAccess,
    SftpAccess,
    SoapAccess,
    TableAccess,
    XlsxAccess,
)
from connectors.declaration import Declaration, Department, load_all
from connectors.endpoints import (
    DatabaseEndpoint,
    Endpoints,
    FolderEndpoint,
    GatewayEndpoint,
    SftpEndpoint,
    SoapEndpoint,
    SourceNotConfigured,
)
from connectors.port import Source
from core.errors import Permanent

#: Exchange databases read through SQLAlchemy; any other `dsn` is libpq's, which PostgreSQL is read with.
_OTHER_MAKES = ("mysql", "mariadb", "oracle")


class UnknownResource(Permanent):
    """No file in `connectors/resources/` declares a resource of this name."""

    code: ClassVar[str] = "HUB-109"


class FileNotWanted(Permanent):
    """A file was given for a resource that does not come as a file."""

    code: ClassVar[str] = "HUB-110"


def declarations() -> dict[str, Declaration]:
    """Every declared resource by name, in the order of names.

    Raises:
        DeclarationRefused: a declaration is broken; names file and key.
    """
    return dict(load_all())


def declaration(name: str) -> Declaration:
    """The declaration called `name`.

    Raises:
        UnknownResource: there is none; the message lists those there are.
    """
    known = load_all()
    if name not in known:
        raise UnknownResource(f"no resource is called `{name}`. There are: {', '.join(known)}.")
    return known[name]


def departments() -> dict[str, Department]:
    """Every department by id that at least one resource comes from."""
    return {found.department.id: found.department for found in load_all().values()}


def open_source(declared: Declaration, endpoints: Endpoints, *, file: Path | None = None) -> Source:
    """The source behind a declaration; nothing is contacted before it is read.

    Args:
        endpoints: the sources file; `Endpoints.empty()` is enough with `file`.
        file: a CSV file or workbook to read instead of the drop folder or the SFTP server.

    Raises:
        SourceNotConfigured: the department's section is missing or incomplete.
        FileNotWanted: `file` given for a resource that is no file.
    """
    # The adapters bring requests, psycopg2 and paramiko: imported here, so that listing resources stays cheap.
    access, section = declared.access, declared.section
    if file is not None:
        if isinstance(access, XlsxAccess):
            from connectors.xlsx_file import XlsxFiles

            return XlsxFiles(declared, file=file)
        if not isinstance(access, FileAccess | SftpAccess):
            raise FileNotWanted(f"{declared.name} comes by {access.protocol}, not as a file. Leave the file out.")
        from connectors.csv_file import CsvFiles

        return CsvFiles(declared, file=file)
    match access:
        case RestAccess():
            from connectors.rest_gateway import RestGateway

            return RestGateway(declared, endpoints.section(section, GatewayEndpoint))
        case TableAccess():
            database = endpoints.section(section, DatabaseEndpoint)
            # The declaration need not know whose database it is; the address does.
            if not database.dsn.get_secret_value().startswith(_OTHER_MAKES):
                from connectors.exchange_db import ExchangeTable

                return ExchangeTable(declared, database)
            from connectors.exchange_sql import ExchangeSqlTable

            return ExchangeSqlTable(declared, database)
        case BlobAccess():
            from connectors.exchange_blob import ExchangeBlob

            return ExchangeBlob(declared, endpoints.section(section, DatabaseEndpoint))
        case SoapAccess():
            from connectors.soap_xml import SoapXml

            return SoapXml(declared, endpoints.section(section, SoapEndpoint))
        case SftpAccess(protocol="folder_csv"):
            from connectors.folder_csv import FolderCsv

            return FolderCsv(declared, endpoints.section(section, FolderEndpoint))
        case SftpAccess():
            from connectors.sftp_csv import SftpCsv

            return SftpCsv(declared, endpoints.section(section, SftpEndpoint))
        case FileAccess():
            from connectors.csv_file import CsvFiles

            return CsvFiles(declared, folder=endpoints.section(section, FolderEndpoint).folder)
        case XlsxAccess():
            from connectors.xlsx_file import XlsxFiles

            return XlsxFiles(declared, folder=endpoints.section(section, FolderEndpoint).folder)
        case NotAgreed():
            raise SourceNotConfigured(
                f"{declared.name} is {declared.reach.state} and nobody has agreed how it comes. Nothing was read; "
                "ask its owner, then write the way under [access] of its declaration."
            )

"""The way back of a declared resource."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from connectors.access import ErrorFileReturn, ErrorTableReturn, GatewayReturn, SftpAccess
from connectors.declaration import Declaration
from connectors.endpoints import DatabaseEndpoint, Endpoints, FolderEndpoint, GatewayEndpoint, SftpEndpoint
from connectors.outgoing.port import Outgoing
from core.errors import Permanent


class ReturnUnfit(Permanent):
    """A declaration sends rejected rows by a channel its own protocol does not have."""

    code: ClassVar[str] = "HUB-122"


def open_outgoing(declared: Declaration, endpoints: Endpoints, *, folder: Path) -> Outgoing:
    """The way back of a resource; nothing is contacted before rows are sent.

    Args:
        folder: where workbooks for owners without a channel are written.

    Raises:
        SourceNotConfigured: the department's section is missing or incomplete.
        ReturnUnfit: the declared channel does not go with the declared protocol.
    """
    # The channels bring openpyxl, SQLAlchemy, paramiko and requests: imported here, as in the incoming registry.
    rejected, access, section = declared.rejected, declared.access, declared.section
    match rejected:
        case ErrorTableReturn():
            if access.protocol not in ("exchange_db", "exchange_blob"):
                raise _unfit(declared)
            from connectors.outgoing.error_table import ErrorTable

            return ErrorTable(declared, endpoints.section(section, DatabaseEndpoint))
        case ErrorFileReturn():
            from connectors.outgoing.error_file import ErrorFile

            if access.protocol == "sftp_csv" and isinstance(access, SftpAccess):
                from connectors.sftp_csv import sftp_shelf

                server = endpoints.section(section, SftpEndpoint)
                return ErrorFile(declared, sftp_shelf(declared, server, rejected.folder, access.timeout_s))
            if access.protocol not in ("folder_csv", "csv_file", "xlsx_file"):
                raise _unfit(declared)
            from connectors.folder_csv import folder_shelf

            share = endpoints.section(section, FolderEndpoint)
            return ErrorFile(declared, folder_shelf(share.folder / rejected.folder))
        case GatewayReturn():
            if access.protocol != "rest_gateway":
                raise _unfit(declared)
            from connectors.outgoing.gateway_call import GatewayCall

            return GatewayCall(declared, endpoints.section(section, GatewayEndpoint))
        case _:
            from connectors.outgoing.workbook import WorkbookReturn

            return WorkbookReturn(declared.columns, folder)


def _unfit(declared: Declaration) -> ReturnUnfit:
    return ReturnUnfit(
        f"{declared.name}: rejected rows cannot go by {declared.rejected.channel}, since the resource comes by "
        f"{declared.access.protocol}. Nothing was sent; correct `rejected` of the declaration."
    )

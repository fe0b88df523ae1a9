"""An exchange table of the test's own, for rows that come late, change under us, or bear times of the future."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg2

from connectors.declaration import load_all
from connectors.exchange_rows import CONTROL
from onebox.sandbox import as_toml

RESOURCE = "civil.social_org"
COLUMNS = load_all()[RESOURCE].columns


def code(number: int) -> str:
    """A well-formed credit code."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"52420112MJ{number:07d}"
    total = sum(signs.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + signs[(31 - total % 31) % 31]


class ExchangeTable:
    """`up_social_org` in a database of its own."""

    def __init__(self, url: str, sources: Path) -> None:
        self.url = url
        columns = ", ".join(f"{name} text" for name in (*COLUMNS, *CONTROL) if name != "cd_time")
        self._run(f"create table up_social_org ({columns}, cd_time timestamp)")
        sources.write_text(as_toml({"civil": {"dsn": url}}), encoding="utf-8")
        sources.chmod(0o600)

    def put(self, number: int, name: str, moment: str, operation: str = "I", guid: str | None = None) -> None:
        """One row as a department would write it."""
        row: dict[str, Any] = dict.fromkeys((*COLUMNS, *CONTROL))
        row |= {
            "id": str(number), "tyxydm": code(number), "dwmc": name, "zzlx": "民办非企业单位", "frxm": "张三",
            "frsfz": "11010519491231002X", "ywzgdw": "武汉市东西湖区民政局", "clsj": "2019-05-06", "ywfw": "养老服务",
            "kbzj": "30", "zs": "东西湖区金山大道1号", "zt": "正常", "yxqz": "长期",
            "row_guid": guid or f"{moment}-{number:06d}", "cd_batch": "1", "cd_operation": operation,
            "cd_time": moment, "data_source": "001",
        }  # fmt: skip
        names = list(row)
        places = ", ".join(["%s"] * len(names))
        self._run(f"insert into up_social_org ({', '.join(names)}) values ({places})", list(row.values()))

    def remove(self, number: int) -> None:
        """The rows of one record are gone."""
        self._run("delete from up_social_org where id = %s", [str(number)])

    def clear(self) -> None:
        """No row is left."""
        self._run("delete from up_social_org")

    def _run(self, statement: str, values: Sequence[Any] = ()) -> None:
        connection = psycopg2.connect(self.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
        finally:
            connection.close()

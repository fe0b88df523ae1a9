"""Records as documents in the rows of an exchange table: JSON text, or XML in the encoding it names."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from sandbox.rows import Row


def table_row(row: Row, encode: str) -> dict[str, str | None]:
    """The exchange table's own row: id, time, what happened, the document, and a marker nobody has set yet.

    `encode` is "json" for a column of text, "xml" for one of bytes, which PostgreSQL reads in hexadecimal. XML names
    GB2312 and holds signs that only GB 18030 has, as real senders do.
    """
    if encode == "json":
        whole = json.dumps(row.fields, ensure_ascii=False)
        content = _cut(whole) if row.torn else whole
    else:
        inside = "".join(f"<{name}>{escape(value or '')}</{name}>" for name, value in row.fields.items())
        whole = f'<?xml version="1.0" encoding="GB2312"?><record>{inside}</record>'
        content = "\\x" + (_cut(whole) if row.torn else whole).encode("gb18030").hex()
    new = "0" if encode == "json" else None
    return {
        "unid": row.guid, "createtime": row.stamp, "action": row.operation, "content": content, "oper_status": new
    }  # fmt: skip


def _cut(document: str) -> str:
    return document[: len(document) // 2]

"""The proof that goes with a verdict: the document's publication is in the licence register, for anybody to check."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from core.errors import HubError
from hub import licence_register
from hub.checking import Checked, Proof
from hub.context import Hub
from store import register_bodies

_LOG = logging.getLogger(__name__)

#: Stands in the file that is handed out, so that it can be checked years later by somebody without this software.
_HOW_TO: Final = {
    "zh": [
        "1. body 是登记簿条目的原文；其中的 document_sm3 应等于证照文件的 SM3 摘要，identifier 和 number 应与证面"
        "一致。",
        "2. leaf = SM3(0x00 ‖ body 的 UTF-8 字节)。",
        "3. 按 RFC 6962 第 2.1.1 节，以 SM3 代替 SHA-256，由 leaf、number、size 和 path 计算树根，应等于 root；"
        "中间节点为 SM3(0x01 ‖ 左 ‖ 右)。",
        "4. head 是本机关签名（SM2）的首部，其中的 size 和 root 应与上面相同；与每月公布的首部对照，"
        "可知登记簿未被改写。",
        "5. 也可运行：hub register check-proof 本文件 --trust 根证书。",
    ],
    "en": [
        "1. body is the text of the register's entry; its document_sm3 must be the SM3 digest of the licence's file, "
        "identifier and number those on its face.",
        "2. leaf = SM3(0x00 || body as UTF-8).",
        "3. By RFC 6962 section 2.1.1 with SM3 in place of SHA-256, leaf, number, size and path must lead to root; an "
        "inner node is SM3(0x01 || left || right).",
        "4. head is signed by this office (SM2) and must say the same size and root; held against the heads published "
        "each month it shows that the register was not rewritten.",
        "5. Or run: hub register check-proof THIS_FILE --trust ROOT_CERTIFICATE.",
    ],
}


def proof_of(hub: Hub, checked: Checked) -> Proof | None:
    """That the document was entered; None for one without an entry, or whose entry waits for its place."""
    if checked.licence is None or checked.licence.entry is None:
        return None
    try:
        return proof_of_entry(hub, checked.licence.entry)
    except HubError as error:
        _LOG.warning("a verdict goes out without its proof: %s", error)
        return None


def proof_of_entry(hub: Hub, entry: str) -> Proof:
    """The proof, the entry's own text, and how to check both.

    Raises:
        EntryUnknown: there is no such entry.
        EntryWaits: a Retryable; it has no number yet.
        LogShrunk: leaves or tiles are missing.
    """
    proof = licence_register.inclusion(hub, entry)
    read = register_bodies.read(hub.connection, [entry]).get(entry)
    text = read.body.decode() if read is not None else None
    head = proof["head"]
    return Proof(
        body=proof | {"body": text, "how_to_check": _HOW_TO},
        entry=proof["entry"],
        number=proof["number"],
        size=proof["size"],
        root=proof["root"],
        head=head["number"] if head else None,
        at=datetime.fromisoformat(head["at"]) if head else None,
    )

"""The steps of verifying a sealed OFD, in order."""

from __future__ import annotations

from enum import Enum

from signing.report import HOUSE_RULE as _HOUSE

_SEAL_RULE = "GM/T 0031-2014 6.1.2"
_SIGNATURE_RULE = "GM/T 0031-2014 6.2.3"


class Step(Enum):
    """Steps of verification: number, Chinese title, English title, where the rule comes from."""

    CONTAINER = (0, "文件容器", "container", _HOUSE)
    ENTRY = (1, "文档入口", "document entry", "GB/T 33190-2016")
    RECORDS = (2, "签名列表", "list of signatures", "GB/T 33190-2016")
    FORMAT = (3, "格式与算法", "format and algorithms", _SIGNATURE_RULE)
    INTEGRITY = (4, "文件完整性与保护范围", "file digests and coverage", f"GB/T 33190-2016; {_HOUSE}")
    DATA_HASH = (5, "原文杂凑值", "data hash", _SIGNATURE_RULE)
    SIGNATURE = (6, "电子签章签名值", "signer's signature", _SIGNATURE_RULE)
    CERTIFICATE = (7, "签章者证书", "signer's certificate", _SIGNATURE_RULE)
    TIME = (8, "签章时间", "signing time", _SIGNATURE_RULE)
    SEAL = (9, "电子印章", "seal", _SEAL_RULE)
    ALLOWED = (10, "签章者在印章的证书列表中", "signer is in the seal's list", _SIGNATURE_RULE)
    SEAL_FILE = (11, "印章文件与签名一致", "seal file equals the signed seal", _HOUSE)
    TIMESTAMP = (12, "时间戳", "timestamp", "RFC 3161")
    APPEARANCE = (13, "印章外观", "appearance", _HOUSE)
    BUSINESS = (14, "签发机关与印章数量", "expected authority and seals", _HOUSE)
    CONTENTS = (14, "附件数据与证面一致", "attached data equals the pages", _HOUSE)

    def __init__(self, number: int, zh: str, en: str, source: str) -> None:
        self.number = number
        self.zh = zh
        self.en = en
        self.source = source

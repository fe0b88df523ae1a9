"""The steps of verifying a sealed PDF, in order."""

from __future__ import annotations

from enum import Enum

_HOUSE = "本系统规则 house rule"
_PDF = "ISO 32000-1:2008 12.8"


class Step(Enum):
    """Steps of verification: number, Chinese title, English title, where the rule comes from."""

    CONTAINER = (0, "文件容器", "container", _HOUSE)
    RECORDS = (1, "签名字段", "signatures", _PDF)
    COVERAGE = (2, "签名覆盖范围", "coverage", f"{_PDF}; {_HOUSE}")
    FORMAT = (3, "格式与算法", "format and algorithms", "RFC 5652; PAdES")
    INTEGRITY = (4, "原文杂凑值", "digest of the file", _PDF)
    SIGNATURE = (5, "签名值", "signature", "RFC 5652")
    CERTIFICATE = (6, "签名者证书", "signer's certificate", "RFC 5280")
    TIME = (7, "签名时间", "signing time", _HOUSE)
    TIMESTAMP = (8, "时间戳", "timestamp", "RFC 3161")
    CHANGES = (9, "签名后的修改", "changes after signing", _PDF)
    APPEARANCE = (10, "印章外观", "appearance", _HOUSE)
    BUSINESS = (11, "签发机关与印章数量", "expected authority and seals", _HOUSE)

    def __init__(self, number: int, zh: str, en: str, source: str) -> None:
        self.number = number
        self.zh = zh
        self.en = en
        self.source = source

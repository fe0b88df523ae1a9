"""What was seen of somebody's archive, in the words in which the log tells it to him."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: In the place of a resource's code, where an entry of the audit log tells of the archive.
RESOURCE: Final = "archive"
TITLE: Final = "档案库"
#: What the fields `archive.…` of an entry are called.
FIELDS: Final[Mapping[str, str]] = {
    "catalogue": "档案目录",
    "volume": "卷内目录",
    "succession": "主体承继",
}
#: Purposes of entries that have no service item.
PURPOSES: Final[Mapping[str, str]] = {
    "archive_search": "档案检索",
    "archive_volume": "档案查阅",
    "archive_export": "档案导出",
    "archive_request": "档案查询",
    "archive_succession": "档案主体承继登记",
}

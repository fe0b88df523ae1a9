"""What the pages about licences say of states and steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.licence_life import Status, Step

#: Colour of a state's chip.
COLOURS: Final[Mapping[Status, str]] = {
    Status.RESERVED: "idle",
    Status.VALID: "good",
    Status.SUSPENDED: "warn",
    Status.WITHDRAWN: "bad",
    Status.REVOKED: "bad",
    Status.CANCELLED: "idle",
    Status.EXPIRED: "warn",
    Status.VOID: "idle",
}


class StepWords(NamedTuple):
    """What a step means for the holder, and whether it can be undone."""

    effect: str
    final: bool


STEPS: Final[Mapping[Step, StepWords]] = {
    Step.SUSPEND: StepWords("证照显示为“暂停”，已发的文件不变；以后可以恢复。", final=False),
    Step.RESUME: StepWords("证照重新有效，有效期不变。", final=False),
    Step.WITHDRAW: StepWords("不应当准予而准予的，予以纠正；不能恢复，正在制作的新版本一并停止。", final=True),
    Step.REVOKE: StepWords("作为处罚收回证照；不能恢复，正在制作的新版本一并停止。", final=True),
    Step.CANCEL: StepWords("证照终止，编号不再使用；不能恢复，正在制作的新版本一并停止。", final=True),
    Step.VOID: StepWords("编号作废，不再用于任何证照；不能恢复。", final=True),
}
#: How far the making of a document has come.
MAKING: Final[Mapping[str, str]] = {
    "reserved": "制作中",
    "sealed": "待发布",
    "published": "已发布",
    "archived": "已归档",
    "dropped": "已停止制作",
}

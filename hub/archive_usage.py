"""What is done with a holder's archive, in the audit log, so that the holder reads there who looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from hub.caller import Caller
from hub.context import Hub
from hub.usage import usage_of
from store import audit
from store.audit import About

#: What for; `hub.my_data` has the words.
Purpose = Literal["archive_volume", "archive_succession"]


def logged(
    cursor: Any,
    hub: Hub,
    subjects: Sequence[bytes],
    caller: Caller,
    *,
    purpose: Purpose,
    told: Sequence[str],
    basis: str = "",
    found: bool = True,
) -> str:
    """Write an entry about the holders of some numbers (keyed hashes) as part of the caller's transaction; its number.

    Args:
        told: what was shown or done, in words.
    """
    usage = usage_of(
        caller,
        None,
        case_no=None,
        purpose=purpose,
        basis=basis,
        outcome="complete",
        refusal=None,
        about=tuple(
            About(subject, "applicant", {"—": [f"archive.{one}" for one in told]}, None, found) for subject in subjects
        ),
        materials=(),
    )
    return audit.append(cursor, usage, hub.clock.now())

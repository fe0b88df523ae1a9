"""The three answers of any check in the house; there is no fourth, and never a bare bool."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Valid: everything was judged and nothing is wrong. Cannot tell: nothing is wrong, something was not judged."""

    VALID = "valid"
    INVALID = "invalid"
    CANNOT_TELL = "cannot_tell"

    @property
    def zh(self) -> str:
        """For people who read Chinese."""
        return {"valid": "有效", "invalid": "无效", "cannot_tell": "无法判断"}[self.value]

"""How the API says that something did not work, for its description."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """What happened, in Chinese and English, and what to do about it; `code` is stable (docs/errors.md)."""

    code: str
    zh: str
    en: str
    do: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses` of a route: these statuses may come, each with a `Problem`."""
    return {status: {"model": Problem} for status in statuses}

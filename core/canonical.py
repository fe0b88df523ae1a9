"""JSON in the one form of which digests are taken and signatures made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Mapping[str, Any]) -> bytes:
    """Sorted keys, no blanks, UTF-8. What is signed or hashed is kept as these bytes and never made anew."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

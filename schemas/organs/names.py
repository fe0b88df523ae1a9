"""When two spellings are one name: brackets, blanks and, in the demo, the mark 测试."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_TEST_MARK: Final = "(测试)"
#: Longer than the name of any organ or seal; what is longer is no name, and is not worth unfolding.
_LONGEST: Final = 200


@lru_cache(maxsize=4096)
def one_form(text: str, *, without_test_mark: bool = False) -> str:
    """The name in one form: full-width signs as half-width ones, no blanks. Nothing else is forgiven.

    Args:
        without_test_mark: leave （测试） out, wherever in the name it stands.
    """
    folded = "".join(unicodedata.normalize("NFKC", text[:_LONGEST]).split())
    return folded.replace(_TEST_MARK, "") if without_test_mark else folded

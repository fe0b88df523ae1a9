"""How long the file of a service item is kept: a table per item, never a constant.

The period of each item is fixed by the bureau's own table of scope and retention
(归档范围和保管期限表), which the archive authority of the same level has to approve. No general
period for permit files is known to us, so a missing row is an error and a row says whether it
has been checked against the approved table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from archive.errors import RetentionUnset


class Retention(StrEnum):
    """The classes in use: permanent, thirty years, ten years."""

    PERMANENT = "永久"
    YEARS_30 = "定期30年"
    YEARS_10 = "定期10年"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """One row of the table.

    Attributes:
        period: how long the file is kept.
        basis: document and row that fix the period, as the archive would cite it.
        verified: somebody compared this row with the approved table.
    """

    period: Retention
    basis: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class RetentionTable:
    """The rows by item code (实施编码)."""

    rules: Mapping[str, RetentionRule]

    @classmethod
    def from_toml(cls, text: str) -> RetentionTable:
        """Read `[items.<item code>]` tables with `period`, `basis` and, optionally, `verified`.

        Raises:
            RetentionUnset: the text is not TOML, or a row has no period or basis or an unknown period.
        """
        try:
            rows = tomllib.loads(text).get("items", {})
            rules = {
                str(item): RetentionRule(
                    period=Retention(row["period"]),
                    basis=_words(row["basis"]),
                    verified=row.get("verified", False) is True,
                )
                for item, row in rows.items()
            }
        except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise RetentionUnset(
                f"the retention table cannot be read ({error}). No package is made until each row has "
                "a period (永久, 定期30年 or 定期10年) and a basis."
            ) from None
        return cls(rules)

    def rule_for(self, item_code: str, *, demand_verified: bool = False) -> RetentionRule:
        """The row of an item.

        Args:
            item_code: 实施编码 of the item.
            demand_verified: refuse a row that nobody compared with the approved table; production asks for this.

        Raises:
            RetentionUnset: there is no such row, or it is not verified although that is demanded.
        """
        rule = self.rules.get(item_code)
        if rule is None:
            raise RetentionUnset(
                f"no retention period for item {item_code}. Its cases stay unpacked; add the row of the "
                "approved 归档范围和保管期限表 to the retention table."
            )
        if demand_verified and not rule.verified:
            raise RetentionUnset(
                f"the retention period of item {item_code} is not verified. Its cases stay unpacked; compare "
                "the row with the approved 归档范围和保管期限表 and set verified = true."
            )
        return rule


def _words(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a basis is words")
    return value.strip()

"""One source row: what the department holds, and beside it the verdict a right judge gives."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Which columns make a record's key, per resource.
KEYS: dict[str, tuple[str, ...]] = {
    "civil.marriage": ("cert_no",),
    "civil.social_org": ("tyxydm",),
    "tax.registration": ("nsrsbh",),
    "tax.clearance": ("zmbh",),
    "hr.insurance": ("zjhm", "xz"),
    "hr.vocational": ("zyzgzsbh",),
    "bureau.accept": ("project_no",),
    "bureau.result": ("project_no",),
    "market.company": ("code",),
    "market.entity": ("pripid",),
    "police.household": ("gmsfhm",),
    "police.birth": ("ywlsh",),
    "health.birth_certificate": ("hrb01_01_001",),
    "housing.title": ("bdcqzh", "bdcdyh", "qlrzjh"),
    "housing.fund": ("grzh",),
    "platform.legal_person": ("frwybs",),
    "platform.permit": ("xlmc", "xkzsbh"),
}
#: Given out by (update_time, key), page by page.
TIMED = frozenset({
    "tax.registration", "tax.clearance", "health.birth_certificate", "platform.legal_person", "platform.permit",
})  # fmt: skip
#: Lie in tables that say when each row was written, and whether it is new, changed or withdrawn.
EXCHANGED = frozenset({
    "civil.marriage", "civil.social_org", "bureau.accept", "bureau.result", "market.entity", "police.household",
    "police.birth",
})  # fmt: skip


@dataclass(slots=True)
class Row:
    """A row under the source's own column names; None is an absent value.

    Attributes:
        key: the record's key as it is when right, whatever dirt does to the row later.
        stamp: when the department wrote it: `cd_time`, `update_time`, the daily folder (yyyyMMdd) or the workbook.
        operation: I, U or D for exchange tables; I elsewhere.
        guid: `row_guid` for exchange tables.
        place: how the expectation names the row: guid, ordinal, or file:line; set when all rows stand.
        dirt: name of what was done to it, None for a clean row.
        spoil: name of the dirt it must get, for evidence that is planned to be refused.
        guarded: it proves something for an approval and may only get dirt that is accepted.
        unquoted: the column written into the CSV without its quotes, comma inside.
        torn: the document is cut off in the middle, or this column's cell of the workbook is a number.
    """

    resource: str
    fields: dict[str, str | None]
    stamp: str
    operation: str = "I"
    guid: str = ""
    key: str = ""
    place: str = ""
    dirt: str | None = None
    reasons: tuple[str, ...] = ()
    spoil: str | None = None
    guarded: bool = False
    unquoted: str | None = None
    torn: str | None = None

    def __post_init__(self) -> None:
        if not self.key:
            self.key = "+".join(self.fields[name] or "" for name in KEYS[self.resource])

    @property
    def verdict(self) -> str:
        """`quarantined` as soon as there is one reason, otherwise `accepted`."""
        return "quarantined" if self.reasons else "accepted"

    def copy(self) -> Row:
        """Another row with the same content and the same key."""
        return Row(self.resource, dict(self.fields), self.stamp, self.operation, self.guid, self.key)


@dataclass(slots=True)
class Rows:
    """All rows of one world, per resource."""

    by_resource: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in KEYS})

    def add(self, row: Row) -> Row:
        """Append and give back."""
        self.by_resource[row.resource].append(row)
        return row

    def of(self, resource: str) -> list[Row]:
        """The rows of one resource in the order they were added."""
        return self.by_resource[resource]

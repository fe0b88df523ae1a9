"""Which approvals there are: the item, what the bureau decided, and which evidence fails in which way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

BUREAU_CODE = "11420112MB0000000M"
BUREAU_NAME = "武汉市东西湖区行政审批局（测试）"
HR, NGO, FOOD = "hr", "ngo", "food"


@dataclass(frozen=True, slots=True)
class Item:
    """A service item. `proofs` maps each material to the resource that proves it.

    `names_head` is the material whose record names the legal representative; without that record
    nobody knows whose insurance or certificate to ask for, so `of_head` are missing with it.
    """

    code: str
    name: str
    proofs: dict[str, str]
    of_head: tuple[str, ...]
    licence: str
    names_head: str = "M1"


#: The main numbers of the codes are placeholders: the real item list is not public.
ITEMS = {
    HR: Item(
        f"{BUREAU_CODE}3000199001000", "人力资源服务许可",
        {"M1": "tax.registration", "M2": "hr.insurance", "M3": "hr.vocational"}, ("M2", "M3"), "人力资源服务许可证",
    ),
    NGO: Item(
        f"{BUREAU_CODE}3000199002000", "民办非企业单位登记",
        {"M1": "civil.social_org", "M2": "hr.insurance"}, ("M2",), "民办非企业单位登记证书",
    ),
    FOOD: Item(
        f"{BUREAU_CODE}3000199003000", "食品经营许可",
        {"M1": "tax.registration", "M2": "tax.clearance", "M3": "hr.vocational"}, ("M3",), "食品经营许可证",
    ),
}  # fmt: skip

ABSENT, WRONG, REFUSED = "absent", "wrong state", "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """One planned approval.

    `faults` says per material how its evidence fails: there is no record, it is not in the required
    state, or the only record is dirt that goes to quarantine. `result` is the bureau's: 1 准予, 2 不予, 3 撤回.
    """

    item: str
    faults: dict[str, str] = field(default_factory=dict)
    result: str = "1"
    citizen: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The materials that cannot be shown, in order."""
        item = ITEMS[self.item]
        gone = set(self.faults)
        if self.faults.get(item.names_head) in (ABSENT, REFUSED):
            gone.update(item.of_head)
        return tuple(sorted(gone))

    @property
    def verdict(self) -> str:
        """issued, waiting or not_granted."""
        if self.result != "1":
            return "not_granted"
        return "waiting" if self.faults else "issued"


_OK = {item: Case(item) for item in ITEMS}
#: One round of approvals. The first 24 already show every item, every missing material and every outcome.
_ROUND: tuple[Case, ...] = (
    _OK[HR], _OK[FOOD], _OK[NGO],
    Case(HR, {"M1": WRONG}), Case(FOOD, {"M2": ABSENT}), Case(NGO, {"M2": ABSENT}),
    _OK[HR], _OK[FOOD], _OK[NGO],
    Case(HR, {"M2": REFUSED}), Case(FOOD, {"M3": WRONG}), Case(NGO, {"M1": WRONG}),
    Case(HR, result="2"), Case(FOOD, result="3"), Case(NGO, result="2"),
    Case(HR, {"M3": ABSENT}), Case(FOOD, {"M1": ABSENT}), Case(NGO, {"M2": WRONG}),
    _OK[HR], _OK[FOOD], _OK[NGO],
    Case(HR, {"M1": REFUSED}), Case(FOOD, {"M2": WRONG}), Case(NGO, {"M1": ABSENT}),
    _OK[HR], _OK[FOOD], _OK[NGO],
    Case(HR, {"M2": WRONG}), Case(FOOD, {"M3": REFUSED}), Case(NGO, {"M2": REFUSED}),
    _OK[HR], _OK[FOOD], _OK[NGO],
    Case(HR, {"M3": WRONG}), Case(FOOD, {"M2": REFUSED}), Case(FOOD, {"M1": WRONG}),
    Case(HR, {"M2": ABSENT}), Case(FOOD, {"M3": ABSENT}), Case(HR, {"M2": ABSENT, "M3": ABSENT}),
    Case(FOOD, result="2", citizen=True),
)  # fmt: skip


def cases(size: int) -> list[Case]:
    """max(24, size/10) approvals."""
    return [_ROUND[index % len(_ROUND)] for index in range(max(24, size // 10))]


def applicants(planned: list[Case]) -> Counter[str]:
    """How many organisations each item needs; a citizen who applies needs none."""
    return Counter(case.item for case in planned if not case.citizen)

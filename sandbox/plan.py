"""Which approvals there are: the item, what the bureau decided, and which evidence fails in which way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

BUREAU_CODE = "11420112MB0000000M"
BUREAU_NAME = "武汉市东西湖区行政审批局（测试）"
HR, NGO, FOOD = "hr", "ngo", "food"
LABOUR, HYGIENE, PUBLICATION, PRINTING, ENTERTAINMENT = "labour", "hygiene", "publication", "printing", "entertainment"
ASSOCIATION = "association"
#: Who of the companies apply, in the order the world makes them.
COMPANY_TRADES = (HR, FOOD, LABOUR, HYGIENE, PUBLICATION, PRINTING, ENTERTAINMENT)
HR_RENEW, HR_CHANGE, HR_CANCEL = "hr-renew", "hr-change", "hr-cancel"
FOOD_CHANGE, FOOD_RENEW, FOOD_REPLACE, FOOD_CANCEL = "food-change", "food-renew", "food-replace", "food-cancel"


@dataclass(frozen=True, slots=True)
class Item:
    """A service item. `proofs` maps each material to the resource that proves it.

    `names_head` is the material whose record names the legal representative; without that record
    nobody knows whose insurance or certificate to ask for, so `of_head` are missing with it. `besides` are resources
    that are no material, yet name the legal representative. `step` is what a granted case does to the licence.
    """

    code: str
    name: str
    proofs: dict[str, str]
    of_head: tuple[str, ...]
    licence: str
    names_head: str = "M1"
    besides: tuple[str, ...] = ()
    step: str = "issue"


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
    LABOUR: Item(
        f"{BUREAU_CODE}3000199004000", "劳务派遣经营许可",
        {"M1": "tax.registration", "M2": "market.entity", "M3": "police.household", "M4": "housing.title"}, ("M3",),
        "劳务派遣经营许可证",
    ),
    HYGIENE: Item(
        f"{BUREAU_CODE}3000199008000", "公共场所卫生许可",
        {"M1": "market.entity", "M2": "police.household", "M3": "housing.title", "M4": "platform.licence"}, ("M2",),
        "公共场所卫生许可证", names_head="", besides=("tax.registration",),
    ),
    PUBLICATION: Item(
        f"{BUREAU_CODE}3000199007000", "出版物零售经营许可",
        {"M1": "market.entity", "M2": "police.household", "M3": "housing.title"}, ("M2",), "出版物经营许可证",
        names_head="", besides=("tax.registration",),
    ),
    PRINTING: Item(
        f"{BUREAU_CODE}3000199006000", "印刷经营许可",
        {"M1": "market.entity", "M2": "tax.registration", "M3": "police.household", "M4": "housing.title"}, ("M3",),
        "印刷经营许可证", names_head="M2",
    ),
    ENTERTAINMENT: Item(
        f"{BUREAU_CODE}3000199036000", "娱乐场所经营许可",
        {"M1": "market.entity", "M2": "tax.registration", "M3": "police.household", "M4": "housing.title"}, ("M3",),
        "娱乐经营许可证", names_head="M2",
    ),
    ASSOCIATION: Item(
        f"{BUREAU_CODE}3000199035000", "社会团体成立登记",
        {"M1": "civil.social_org", "M2": "police.household"}, ("M2",), "社会团体法人登记证书",
    ),
    # What they need was proved for the licence they are a step of, and is looked for again in the same records.
    HR_CHANGE: Item(
        f"{BUREAU_CODE}3000199001001", "人力资源服务许可变更",
        {"M1": "tax.registration", "M3": "hr.vocational"}, ("M3",), "人力资源服务许可证", step="change",
    ),
    HR_RENEW: Item(
        f"{BUREAU_CODE}3000199001002", "人力资源服务许可延续",
        {"M1": "tax.registration", "M2": "hr.insurance", "M3": "hr.vocational"}, ("M2", "M3"), "人力资源服务许可证",
        step="renew",
    ),
    HR_CANCEL: Item(
        f"{BUREAU_CODE}3000199001004", "人力资源服务许可注销", {"M1": "tax.registration"}, (), "人力资源服务许可证",
        step="cancel",
    ),
    FOOD_CHANGE: Item(
        f"{BUREAU_CODE}3000199003001", "食品经营许可变更",
        {"M1": "tax.registration", "M3": "hr.vocational"}, ("M3",), "食品经营许可证", step="change",
    ),
    FOOD_RENEW: Item(
        f"{BUREAU_CODE}3000199003002", "食品经营许可延续",
        {"M1": "tax.registration", "M2": "tax.clearance", "M3": "hr.vocational"}, ("M3",), "食品经营许可证",
        step="renew",
    ),
    FOOD_REPLACE: Item(
        f"{BUREAU_CODE}3000199003003", "食品经营许可补发", {"M1": "tax.registration"}, (), "食品经营许可证",
        step="replace",
    ),
    FOOD_CANCEL: Item(
        f"{BUREAU_CODE}3000199003004", "食品经营许可注销", {"M1": "tax.registration"}, (), "食品经营许可证",
        step="cancel",
    ),
}  # fmt: skip
#: What becomes of a granted case, by what it does to the licence.
_DONE = {"issue": "issued", "change": "changed", "renew": "renewed", "replace": "replaced", "cancel": "cancelled"}
#: What a step lacks where the holder was never given the licence.
LICENCE = "licence"

ABSENT, WRONG, REFUSED = "absent", "wrong state", "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """One planned approval.

    `faults` says per material how its evidence fails: there is no record, it is not in the required
    state, or the only record is dirt that goes to quarantine. `result` is the bureau's: 1 准予, 2 不予, 3 撤回.
    Of a later step of a licence `of` is the place in the plan of the case that issues it, `held` whether that one is
    issued, and `turn` counts the steps of one licence: they are decided one after the other.
    """

    item: str
    faults: dict[str, str] = field(default_factory=dict)
    result: str = "1"
    citizen: bool = False
    of: int | None = None
    held: bool = True
    turn: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """The materials that cannot be shown, in order."""
        item = ITEMS[self.item]
        gone = set(self.faults) | (set() if self.held else {LICENCE})
        if self.faults.get(item.names_head) in (ABSENT, REFUSED):
            gone.update(item.of_head)
        return tuple(sorted(gone))

    @property
    def verdict(self) -> str:
        """issued, changed, renewed, replaced, cancelled, waiting or not_granted."""
        if self.result != "1":
            return "not_granted"
        return "waiting" if self.missing else _DONE[ITEMS[self.item].step]


_OK = {item: Case(item) for item in (HR, NGO, FOOD)}
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


#: Behind the rounds: licences of the other types.
_OTHERS: tuple[Case, ...] = (
    Case(LABOUR), Case(PUBLICATION), Case(PRINTING), Case(ASSOCIATION), Case(ENTERTAINMENT),
    Case(LABOUR, {"M4": ABSENT}), Case(PUBLICATION, {"M2": ABSENT}), Case(HYGIENE, {"M4": ABSENT}),
)  # fmt: skip


def _step(item: str, of: int, **more: Any) -> Case:
    """A later step of the licence that the case at a place of the first 24 issues, or never does."""
    return Case(item, of=of, held=_ROUND[of].verdict == "issued", **more)


#: And what becomes of licences later: each is of one of the first 24 cases, which every plan has.
_STEPS: tuple[Case, ...] = (
    _step(FOOD_CHANGE, 1), _step(FOOD_RENEW, 7), _step(FOOD_REPLACE, 19), _step(HR_RENEW, 0), _step(HR_CANCEL, 6),
    _step(FOOD_CANCEL, 1, turn=1), _step(HR_CHANGE, 18, result="2"), _step(FOOD_REPLACE, 4),
)  # fmt: skip


def cases(size: int) -> list[Case]:
    """max(24, size/10) approvals of the first three types, then a few of the others, then later steps of licences."""
    return [*(_ROUND[index % len(_ROUND)] for index in range(max(24, size // 10))), *_OTHERS, *_STEPS]


def applicants(planned: list[Case]) -> Counter[str]:
    """How many organisations each item needs; a citizen who applies needs none, nor does who has a licence already."""
    return Counter(case.item for case in planned if not case.citizen and case.of is None)

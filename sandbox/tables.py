"""Fills the departments' tables from the world: first the evidence the approvals stand on, then everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count, cycle, islice
from random import Random

from sandbox import plan, records, words
from sandbox.plan import ABSENT, ASSOCIATION, HR, NGO, REFUSED, WRONG, Case
from sandbox.records import DAYS, FOLDERS
from sandbox.rows import Row, Rows
from sandbox.town import Couple, Town, Wanted
from sandbox.world import AS_OF, Organisation, Person, World, some_day, stream

#: Which dirt refuses an evidence row that is planned to be refused, per resource, in turn.
_REFUSALS = {
    "tax.registration": ("date-unreadable", "citizen-check"),
    "tax.clearance": ("amount-unreadable", "code-check"),
    "hr.insurance": ("birth-disagrees", "citizen-check", "outside-the-set"),
    "hr.vocational": ("citizen-check", "garbled"),
    "civil.social_org": ("garbled",),
}
#: Evidence that lies in tables `Town` fills; nobody of this sandbox hands out platform.licence.
_OF_TOWN = frozenset({"market.entity", "police.household", "housing.title", "platform.licence"})
#: Dirt that is accepted, planted on the evidence of issued approvals: the licence must come all the same.
_HARMLESS = ("lower-case", "fifteen-digits", "half-width-brackets", "outer-blanks", None)


@dataclass(frozen=True, slots=True)
class Approval:
    """One expected approval."""

    project_no: str
    case: Case


class Tables:
    """Builds all rows of one world.

    Args:
        world: with at least as many applicants of each trade as `planned` needs, in the order of
            `plan.COMPANY_TRADES`, and social organisations apart.
        planned: the approvals.
    """

    def __init__(self, world: World, planned: list[Case]) -> None:
        self.world = world
        self.rows = Rows()
        self.approvals: list[Approval] = []
        self._couples: list[Couple] = []
        self._certificates = count(1)
        self._clearances = count(1)
        self._turns = {name: cycle(kinds) for name, kinds in _REFUSALS.items()}
        self._harmless = cycle(_HARMLESS)
        self._wrong = count()
        needed = plan.applicants(planned)
        companies, societies = iter(world.companies), iter(world.social)
        waiting = {item: iter(list(islice(companies, needed[item]))) for item in plan.COMPANY_TRADES}
        waiting |= {item: iter(list(islice(societies, needed[item]))) for item in (NGO, ASSOCIATION)}
        self._companies = sum(needed[item] for item in plan.COMPANY_TRADES)
        self._societies = needed[NGO] + needed[ASSOCIATION]
        self._wanted = Wanted()
        self._applicants: dict[int, Organisation] = {}
        rng = stream(world.seed, "approvals")
        for number, case in enumerate(planned, 1):
            self._approval(rng, number, case, waiting)
        self._others()

    # --- the approvals and what they stand on ---

    def _approval(self, rng: Random, number: int, case: Case, waiting: dict[str, Iterator[Organisation]]) -> None:
        if case.citizen:
            person = self.world.people[-1]
            accept, result = records.case_rows(rng, case, number, person.name, person.number, person)
        elif case.of is not None:
            holder = self._applicants[case.of]
            # who changes a licence has moved; everybody else is where he was
            where = None if plan.ITEMS[case.item].step == "change" else holder.address
            accept, result = records.case_rows(rng, case, number, holder.name, holder.code, holder.head, where)
        else:
            applicant = self._applicants[number - 1] = next(waiting[case.item])
            head = applicant.head
            accept, result = records.case_rows(
                rng, case, number, applicant.name, applicant.code, head, applicant.address
            )
            item = plan.ITEMS[case.item]
            for material, resource in (*item.proofs.items(), *((None, resource) for resource in item.besides)):
                self._evidence(rng, case, resource, applicant, case.faults.get(material or ""))
        self.rows.add(accept)
        self.rows.add(result)
        self.approvals.append(Approval(accept.key, case))

    def _evidence(self, rng: Random, case: Case, resource: str, applicant: Organisation, fault: str | None) -> None:
        if resource in _OF_TOWN:
            number = applicant.head.number if resource == "police.household" else applicant.code
            (self._wanted.lacks if fault == ABSENT else self._wanted.has)[resource].add(number)
            return
        rows = {
            "tax.registration": self._registration_evidence,
            "tax.clearance": self._clearance_evidence,
            "civil.social_org": self._society_evidence,
            "hr.insurance": self._insurance_evidence,
            "hr.vocational": self._vocational_evidence,
        }[resource](rng, case, applicant, fault)
        for row in rows:
            row.guarded = True
            self.rows.add(row)
        if fault == REFUSED:
            rows[0].spoil = next(self._turns[resource])
        elif case.verdict == "issued" and resource in ("tax.registration", "hr.insurance"):
            rows[0].spoil = next(self._harmless)

    def _registration_evidence(self, rng: Random, case: Case, applicant: Organisation, fault: str | None) -> list[Row]:
        if fault == ABSENT:
            return []
        state = ("停业", "非正常", "注销")[next(self._wrong) % 3] if fault == WRONG else "正常"
        return [records.registration(rng, applicant, state=state)]

    def _clearance_evidence(self, rng: Random, case: Case, applicant: Organisation, fault: str | None) -> list[Row]:
        if fault == ABSENT:
            return []
        state = "欠税" if fault == WRONG else rng.choice(("已完税", "已完税", "已清税"))
        rows = [records.clearance(rng, applicant, next(self._clearances), state=state)]
        if fault is None and rng.random() < 0.4:  # an old debt beside a paid quarter: one good row is enough
            rows.append(records.clearance(rng, applicant, next(self._clearances), state="欠税", year=2024))
        return rows

    def _society_evidence(self, rng: Random, case: Case, applicant: Organisation, fault: str | None) -> list[Row]:
        first = records.social_org(rng, applicant, day=DAYS[1])
        if fault == ABSENT:  # registered once, then deleted at the source
            return [first, records.deletion(rng, first, DAYS[3])]
        if fault == WRONG:
            if next(self._wrong) % 2:
                return [records.social_org(rng, applicant, day=DAYS[1], kind="社会团体")]
            return [first, records.later(rng, first, DAYS[3], zt="撤销")]
        return [first]

    def _insurance_evidence(self, rng: Random, case: Case, applicant: Organisation, fault: str | None) -> list[Row]:
        head = applicant.head
        pension = words.INSURANCES[0][0]
        if fault == ABSENT:
            return []
        if fault == REFUSED:
            return [records.insurance(rng, head, applicant, pension, folder=FOLDERS[0])]
        if fault == WRONG:
            shape = next(self._wrong) % 3
            if shape == 0:  # insured, but not under the pension scheme
                return [records.insurance(rng, head, applicant, "职工医疗", folder=FOLDERS[0])]
            if shape == 1:
                return [records.insurance(rng, head, applicant, pension, folder=FOLDERS[0], state="中断")]
            return [
                records.insurance(rng, head, applicant, pension, folder=FOLDERS[0]),
                records.insurance(rng, head, applicant, pension, folder=FOLDERS[2], state="终止"),
            ]
        rows = [records.insurance(rng, head, applicant, pension, folder=FOLDERS[0])]
        if rng.random() < 0.3:  # was interrupted, pays again since yesterday
            rows.insert(0, records.insurance(rng, head, applicant, pension, folder=FOLDERS[0], state="中断"))
            rows[1].stamp = FOLDERS[1]
        rows.append(records.insurance(rng, head, applicant, "职工医疗", folder=FOLDERS[0]))
        return rows

    def _vocational_evidence(self, rng: Random, case: Case, applicant: Organisation, fault: str | None) -> list[Row]:
        if fault == ABSENT:
            return []
        wanted = "企业人力资源管理师" if case.item == HR else "食品安全管理员"
        occupation = rng.choice(("电工", "育婴员", "中式烹调师")) if fault == WRONG else wanted
        return [records.vocational(rng, applicant.head, occupation, next(self._certificates), folder=FOLDERS[0])]

    # --- everybody else ---

    def _others(self) -> None:
        world = self.world
        rng = stream(world.seed, "others")
        for company in world.companies[self._companies :]:
            self._company(rng, company)
        for society in world.social[self._societies :]:
            self._society(rng, society)
        for company in world.companies:
            self.rows.add(records.market_company(rng, company))
        employers: dict[str, Organisation] = {}
        for organisation in (*world.companies, *world.social):
            employers.setdefault(organisation.head.number, organisation)
        applying = {org.head.number for org in (*world.companies[: self._companies], *world.social[: self._societies])}
        for person in world.people:
            if person.number not in applying:
                self._person(rng, person, employers.get(person.number))
        self._marriages(stream(world.seed, "marriages"))
        Town(world, self.rows, self._wanted).fill(self._couples)

    def _company(self, rng: Random, company: Organisation) -> None:
        if rng.random() < 0.97:
            state = rng.choices(("正常", "停业", "非正常", "注销"), (90, 3, 4, 3))[0]
            self.rows.add(records.registration(rng, company, state=state))
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            state = rng.choices(("已完税", "欠税", "已清税"), (85, 10, 5))[0]
            year = rng.choice((2024, 2025))
            self.rows.add(records.clearance(rng, company, next(self._clearances), state=state, year=year))

    def _society(self, rng: Random, society: Organisation) -> None:
        first = self.rows.add(records.social_org(rng, society, day=rng.choice(DAYS[:3])))
        draw = rng.random()
        if draw < 0.04:
            self.rows.add(records.later(rng, first, DAYS[3], zt="注销"))
        elif draw < 0.08:
            self.rows.add(records.later(rng, first, DAYS[4], zs="武汉市东西湖区金银湖街道环湖路88号"))
        elif draw < 0.10:
            self.rows.add(records.deletion(rng, first, DAYS[4]))

    def _person(self, rng: Random, person: Person, own: Organisation | None) -> None:
        if rng.random() < 0.8:
            employer = own or rng.choice(self.world.companies)
            state = rng.choices(("正常", "中断", "终止"), (85, 10, 5))[0]
            folder = rng.choices(FOLDERS, (90, 6, 4))[0]
            for kind, share in words.INSURANCES:
                if rng.random() < share:
                    self.rows.add(records.insurance(rng, person, employer, kind, folder=folder, state=state))
                    if folder == FOLDERS[0] and rng.random() < 0.03:
                        self.rows.add(records.insurance(rng, person, employer, kind, folder=FOLDERS[2], state="中断"))
        if rng.random() < 0.25:
            occupation = rng.choice(words.OCCUPATIONS)
            folder = rng.choices(FOLDERS, (80, 10, 10))[0]
            self.rows.add(records.vocational(rng, person, occupation, next(self._certificates), folder=folder))

    def _marriages(self, rng: Random) -> None:
        by_age = sorted(self.world.people, key=lambda person: (person.born, person.number))
        men = (person for person in by_age if person.man)
        women = (person for person in by_age if not person.man)
        numbers = count(1)
        for man, woman in zip(men, women, strict=False):
            if rng.random() > 0.6:
                continue
            # legal ages: 22 for men, 20 for women
            first = max(date(man.born.year + 23, 1, 1), date(woman.born.year + 21, 1, 1), date(1986, 1, 1))
            if first >= date(2026, 1, 1):
                continue
            on = some_day(rng, first, date(min(first.year + 8, 2025), 12, 31))
            day = rng.choice(DAYS[:4])
            married = records.marriage(rng, "IA", f"J420112-{on.year}-{next(numbers):06d}", on, man, woman, day=day)
            if rng.random() < 0.02:
                self._foreign_spouse(rng, married)
            self.rows.add(married)
            if self._later_life(rng, married, man, woman, on, next(numbers)):
                self._couples.append(Couple(man, woman, on))

    def _later_life(self, rng: Random, married: Row, man: Person, woman: Person, on: date, number: int) -> bool:
        """Whether both are of the country and still married when the data ends."""
        draw = rng.random()
        if draw > 0.25 or married.fields["cert_type_man"] != "111":
            return married.fields["cert_type_man"] == "111"
        after = some_day(rng, on, AS_OF)
        kind, letter = ("IB", "L") if draw < 0.15 else ("ICA", "BJ") if draw < 0.20 else ("", "")
        if kind:  # a divorce or a new paper makes the old one invalid
            number_text = f"{letter}420112-{after.year}-{number:06d}"
            self.rows.add(records.marriage(rng, kind, number_text, after, man, woman, day=DAYS[4]))
            self.rows.add(records.later(rng, married, DAYS[4], valid_flag="0"))
        elif draw < 0.22:
            self.rows.add(records.deletion(rng, married, DAYS[4]))
            return False
        return kind != "IB"

    @staticmethod
    def _foreign_spouse(rng: Random, row: Row) -> None:
        row.fields |= {
            "name_man": rng.choice(("JOHN DOE TEST", "JEAN EXEMPLE", "TARO REI")),
            "cert_type_man": "414",
            "cert_num_man": f"X{rng.randrange(10**8):08d}",
            "nation_man": rng.choice(("美国", "法国", "日本")),
            "folk_man": None,
        }

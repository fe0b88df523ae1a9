"""The people, companies and social organisations of one made-up district, before anybody writes them into a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox import numbers, plan, words

#: The day the sandbox's data stops. Fixed, so that the same seed gives the same bytes on every day.
AS_OF = date(2026, 3, 31)
SMALLEST = 24
#: How organisation codes of the region begin.
_BEGINNINGS = ("MA4K", "MA4L", "MA49", "3001", "7781", "5815")
_AREAS = (
    (0.60, (words.AREA_DISTRICT,)),
    (0.80, words.AREAS_CITY),
    (0.95, words.AREAS_PROVINCE),
    (1.00, words.AREAS_ABOLISHED),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One citizen; `number` says birth and sex, the other fields repeat them as tables do."""

    number: str
    name: str
    man: bool
    born: date
    folk: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company or a social organisation with its legal representative.

    `kind` is the type as registered (有限责任公司…, 民办非企业单位…); `trade` picks out the ones that may
    apply for a licence; `scope` is 经营范围 or 业务范围.
    """

    code: str
    name: str
    kind: str
    trade: str
    scope: str
    head: Person
    founded: date
    capital: int
    address: str
    supervisor: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Everybody. The first `len(companies)` people head the companies, the next ones the social organisations."""

    seed: int
    size: int
    people: list[Person]
    companies: list[Organisation]
    social: list[Organisation]


def stream(seed: int, name: str) -> Random:
    """Its own stream of numbers for each part, so that changing one part leaves the others as they were."""
    return Random(f"yizheng-sandbox/{seed}/{name}")


#: What a company does that applies for a licence; food has two trades.
_APPLYING = {
    plan.HR: (words.HR_TRADE,),
    plan.FOOD: words.FOOD_TRADES,
    plan.LABOUR: (words.LABOUR_TRADE,),
    plan.HYGIENE: (words.HYGIENE_TRADE,),
    plan.PUBLICATION: (words.PUBLICATION_TRADE,),
    plan.PRINTING: (words.PRINTING_TRADE,),
    plan.ENTERTAINMENT: (words.ENTERTAINMENT_TRADE,),
}


def build_world(seed: int, size: int, needed: Mapping[str, int]) -> World:
    """A world of `size` companies, 2·size citizens and size/5 social organisations.

    Those that apply for licences come first: companies in the order of `plan.COMPANY_TRADES`, as many of each as
    `needed` says; of the social organisations 民办非企业单位, then 社会团体.
    """
    applying = [_APPLYING[item] for item in plan.COMPANY_TRADES for _ in range(needed[item])]
    ngo, associations = needed[plan.NGO], needed[plan.ASSOCIATION]
    size = max(size, SMALLEST)
    societies = max(12, size // 5)
    people = _people(stream(seed, "people"), 2 * size, plain=size + societies)
    rng = stream(seed, "companies")
    codes: set[str] = set()
    names: set[str] = set()
    companies = []
    for index in range(size):
        if index < len(applying):
            trade, scope = applying[index][0] if len(applying[index]) == 1 else rng.choice(applying[index])
        else:
            trade = rng.choice(tuple(words.TRADES))
            scope = words.TRADES[trade]
        applies = index < len(applying)
        # one in ten heads a second company, but never one that applies: its evidence must be its own
        second = index > len(applying) and rng.random() < 0.1
        head = people[rng.randrange(len(applying), index) if second else index]
        companies.append(_company(rng, trade, scope, head, codes, names, sole=not applies and rng.random() < 0.12))
    rng = stream(seed, "social")
    social = [
        _society(
            rng,
            people[size + index],
            codes,
            names,
            service=index < ngo or (index >= ngo + associations and rng.random() < 0.6),
            association=ngo <= index < ngo + associations,
        )
        for index in range(societies)
    ]
    return World(seed, size, people, companies, social)


def some_day(rng: Random, first: date, last: date) -> date:
    """A day from `first` to `last`, both included."""
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


def address(rng: Random) -> str:
    """An address in the district; roads are real, house numbers are drawn."""
    draw = rng.random()
    inside = f"{rng.choice(words.BUILDINGS)}{rng.randint(1, 28)}层" if draw < 0.4 else ""
    # many real addresses end in the number of the shop or the stand in brackets
    stand = f"（{rng.randint(1, 20)}）" if draw > 0.8 else ""
    return (
        f"武汉市东西湖区{rng.choice(words.STREETS)}街道{rng.choice(words.ROADS)}{rng.randint(1, 1500)}号{inside}{stand}"
    )


def _people(rng: Random, count: int, *, plain: int) -> list[Person]:
    people: list[Person] = []
    taken: set[str] = set()
    while len(people) < count:
        born = some_day(rng, date(1950, 1, 1), date(2003, 12, 31))
        draw = rng.random()
        areas = next(areas for below, areas in _AREAS if draw < below)
        area = rng.choice(areas)
        sequence = rng.randint(1, 999)
        number = numbers.citizen_number(area, born, sequence)
        # the 15-digit form of two people must differ too
        if numbers.as_fifteen_digits(number) in taken:
            continue
        taken.add(numbers.as_fifteen_digits(number))
        man = sequence % 2 == 1
        rare = len(people) >= plain and rng.random() < 0.02
        people.append(Person(number, person_name(rng, man, rare), man, born, rng.choice(words.FOLKS)))
    return people


def person_name(rng: Random, man: bool, rare: bool = False) -> str:
    """Surname and given name; a `rare` one ends in a character old systems cannot store."""
    surname = rng.choice(words.COMPOUND_SURNAMES) if rng.random() < 0.01 else rng.choice(words.SURNAMES)
    return surname + given_name(rng, man, rare)


def given_name(rng: Random, man: bool, rare: bool = False) -> str:
    """One or two characters."""
    signs = words.MALE if man else words.FEMALE
    given = rng.choice(signs) + (rng.choice(signs) if rng.random() < 0.7 else "")
    return given + (rng.choice(words.RARE) if rare else "")


def _organisation_code(rng: Random, taken: set[str]) -> str:
    while True:
        body = rng.choice(_BEGINNINGS) + "".join(rng.choices(numbers.CODE_ALPHABET[:-1], k=4))
        if body not in taken:
            break
    taken.add(body)
    check = numbers.organisation_check(body)
    # about one real code in 2,400 fails the inner digit and is right all the same; here one in a hundred
    return body + (rng.choice("0123456789X".replace(check, "")) if rng.random() < 0.01 else check)


def _unused(name: str, rng: Random, taken: set[str], place: int) -> str:
    while name in taken:
        name = name[:place] + rng.choice(words.BRAND_THIRD) + name[place:]
    taken.add(name)
    return name


def _brand(rng: Random) -> str:
    third = rng.choice(words.BRAND_THIRD) if rng.random() < 0.4 else ""
    return rng.choice(words.BRAND_FIRST) + rng.choice(words.BRAND_SECOND) + third


def _company(
    rng: Random, trade: str, scope: str, head: Person, codes: set[str], names: set[str], *, sole: bool
) -> Organisation:
    brand = _brand(rng)
    if sole:
        name, place = f"武汉市东西湖区{brand}{trade}经营部（个体工商户）", 7
    elif rng.random() < 0.25:
        name, place = f"{brand}（武汉）{trade}有限公司", 2
    else:
        name, place = f"武汉{brand}{trade}有限公司", 4
    draw = rng.random()
    # the prefix of a code is the office that registered it, not where the company sits
    office = "420112" if draw < 0.85 else rng.choice(("420100", "420000", "420103", "420106", *words.AREAS_ABOLISHED))
    code = numbers.credit_code("92" if sole else "91", office, _organisation_code(rng, codes))
    founded = some_day(rng, max(date(1990, 1, 1), date(head.born.year + 20, 1, 1)), date(2025, 6, 30))
    capital = rng.choice((3, 5, 10) if sole else (10, 30, 50, 100, 200, 300, 500, 800, 1000, 2000, 5000, 10888))
    kind = words.SOLE_TRADER if sole else rng.choice(words.COMPANY_TYPES)
    name = _unused(name, rng, names, place)
    return Organisation(code, name, kind, trade, scope, head, founded, capital, address(rng))


def _society(
    rng: Random, head: Person, codes: set[str], names: set[str], *, service: bool, association: bool
) -> Organisation:
    brand = _brand(rng)
    if service:
        kind, prefix = "民办非企业单位", "52"
        trade, supervisor, scope = rng.choice(words.NGO_SERVICES)
        branch = f"（{rng.choice(words.STREETS)}站）" if rng.random() < 0.2 else ""
        name = f"武汉市东西湖区{brand}{trade}{branch}"
    elif association or rng.random() < 0.8:
        kind, prefix, supervisor = "社会团体", "51", "武汉市东西湖区民政局"
        trade = rng.choice(words.ASSOCIATION_TRADES)
        name, scope = f"武汉市东西湖区{brand}{trade}", "行业交流、业务培训、咨询服务。"
    else:
        kind, prefix, supervisor, trade = "基金会", "53", "武汉市东西湖区民政局", "公益基金会"
        name, scope = f"武汉市东西湖区{brand}{trade}", "资助助学、助老、助残公益项目。"
    code = numbers.credit_code(prefix, "420112", _organisation_code(rng, codes))
    founded = some_day(rng, max(date(1998, 1, 1), date(head.born.year + 22, 1, 1)), date(2025, 6, 30))
    capital = rng.choice((200, 400, 800) if kind == "基金会" else (3, 5, 10, 20, 30, 50))
    name = _unused(name, rng, names, 9)
    return Organisation(code, name, kind, trade, scope, head, founded, capital, address(rng), supervisor)

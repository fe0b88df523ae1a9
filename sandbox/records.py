"""One clean row each: how a fact about a person or an organisation looks in each department's table."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

from sandbox import plan, words
from sandbox.rows import KEYS, Row
from sandbox.world import AS_OF, Organisation, Person, address, some_day

#: The days on which departments wrote, oldest first; the last three are the daily folders of HR.
DAYS = tuple(AS_OF - timedelta(days=back) for back in (30, 16, 2, 1, 0))
FOLDERS = tuple(f"{day:%Y%m%d}" for day in DAYS[2:])


def exchange(rng: Random, resource: str, fields: dict[str, str | None], day: date, operation: str = "I") -> Row:
    """A row of an exchange table; a whole night's batch shares one of two `cd_time`s, as real batches do."""
    stamp = f"{day} {rng.choice(('02:00:00', '02:00:07'))}"
    return Row(resource, fields, stamp, operation, guid=str(UUID(int=rng.getrandbits(128), version=4)))


def later(rng: Random, row: Row, day: date, **changes: str | None) -> Row:
    """The same record sent again on a later day with other content."""
    return exchange(rng, row.resource, {**row.fields, **changes}, day, "U")


def deletion(rng: Random, row: Row, day: date) -> Row:
    """The record's deletion: only its key is filled."""
    fields = {name: value if name in KEYS[row.resource] else None for name, value in row.fields.items()}
    return exchange(rng, row.resource, fields, day, "D")


def marriage(rng: Random, kind: str, number: str, on: date, man: Person, woman: Person, *, day: date) -> Row:
    """A marriage (IA), divorce (IB) or a certificate issued again (ICA, ICB)."""
    fields: dict[str, str | None] = {
        "op_type": kind,
        "cert_no": number,
        "op_date": f"{on:%Y%m%d}",
        "dept_code": "420112",
        "dept_name": "武汉市东西湖区民政局婚姻登记处",
    }
    for side, person in (("man", man), ("woman", woman)):
        fields |= {
            f"name_{side}": person.name,
            f"birth_{side}": f"{person.born:%Y%m%d}",
            f"cert_type_{side}": "111",
            f"cert_num_{side}": person.number,
            f"nation_{side}": "中国",
            f"folk_{side}": person.folk,
        }
    fields["valid_flag"] = "1"
    return exchange(rng, "civil.marriage", fields, day)


def social_org(rng: Random, society: Organisation, *, day: date, state: str = "正常", kind: str | None = None) -> Row:
    """A social organisation's registration."""
    until = AS_OF + timedelta(days=rng.randint(200, 1400))
    fields: dict[str, str | None] = {
        "id": f"SO{rng.randrange(10**9):09d}",
        "tyxydm": society.code,
        "dwmc": society.name,
        "zzlx": kind or society.kind,
        "frxm": society.head.name,
        "frsfz": society.head.number,
        "ywzgdw": society.supervisor,
        "clsj": society.founded.isoformat(),
        "ywfw": society.scope,
        "kbzj": str(society.capital),
        "zs": society.address,
        "zt": state,
        "yxqz": until.isoformat(),
    }
    return exchange(rng, "civil.social_org", fields, day)


def timed_stamp(rng: Random) -> str:
    """An `update_time`; one row in eight shares its second with others: a nightly job of the department."""
    if rng.random() < 0.125:
        return f"{rng.choice(DAYS)} 01:30:00"
    day = AS_OF - timedelta(days=rng.randrange(30))
    return f"{day} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"


def registration(rng: Random, company: Organisation, *, state: str = "正常") -> Row:
    """A taxpayer's registration; one in ten still has the 15-digit number from before 2015."""
    old = rng.random() < 0.1
    registered = min(company.founded + timedelta(days=rng.randint(1, 30)), AS_OF - timedelta(days=40))
    stamp = timed_stamp(rng)
    abnormal = some_day(rng, max(registered, date(2024, 1, 1)), AS_OF).isoformat()
    fields: dict[str, str | None] = {
        "nsrsbh": "420112" + company.code[8:17] if old else company.code,
        "nsrmc": company.name,
        "shxydm": company.code,
        "fddbrxm": company.head.name,
        "sfzhm": company.head.number,
        "zgbm": f"国家税务总局武汉市东西湖区税务局{rng.choice(words.TAX_OFFICES)}税务所",
        "djrq": registered.isoformat(),
        "qyzt": state,
        "fzch": abnormal if state == "非正常" else rng.choice(("", None)),
        "djzclxmc": company.kind,
        "zczb": f"{company.capital}万元人民币",
        "jyfw": company.scope,
        "zcdz": company.address,
        "update_time": stamp,
    }
    return Row("tax.registration", fields, stamp)


def clearance(rng: Random, company: Organisation, number: int, *, state: str = "已完税", year: int = 2025) -> Row:
    """A certificate that taxes of one quarter are paid, owed or finally cleared."""
    quarter = rng.randint(1, 4)
    first = date(year, 3 * quarter - 2, 1)
    last = (date(year + quarter // 4, 3 * quarter % 12 + 1, 1)) - timedelta(days=1)
    stamp = timed_stamp(rng)
    fields: dict[str, str | None] = {
        "zmbh": f"342011{year % 100}{number:09d}",
        "shxydm": company.code,
        "nsrmc": company.name,
        "skssqz": first.isoformat(),
        "skssqz_end": last.isoformat(),
        "sjje": f"{rng.randrange(20_000, 90_000_000) / 100:.2f}",
        "qsje": f"{rng.randrange(10_000, 9_000_000) / 100:.2f}" if state == "欠税" else "0.00",
        "kjrq": (last + timedelta(days=rng.randint(5, 40))).isoformat(),
        "zt": state,
        "update_time": stamp,
    }
    return Row("tax.clearance", fields, stamp)


def insurance(
    rng: Random, person: Person, employer: Organisation, kind: str, *, folder: str, state: str = "正常"
) -> Row:
    """One insured person under one kind of insurance."""
    since = some_day(rng, max(employer.founded, date(person.born.year + 20, 1, 1)), AS_OF - timedelta(days=90))
    paid = "202603" if state == "正常" else f"2025{rng.randint(1, 12):02d}"
    fields: dict[str, str | None] = {
        "zjhm": person.number,
        "xm": person.name,
        "xb": "1" if person.man else "2",
        "csrq": f"{person.born:%Y%m%d}",
        "dwmc": employer.name,
        "dwshxydm": employer.code,
        "xz": kind,
        "cbrq": since.isoformat(),
        "jfzt": state,
        "jfjs": f"{rng.randrange(4494, 22_000)}.00",
        "jfqz": paid,
    }
    return Row("hr.insurance", fields, folder)


def vocational(rng: Random, person: Person, occupation: str, number: int, *, folder: str) -> Row:
    """A vocational certificate."""
    won = some_day(rng, max(date(2008, 1, 1), date(person.born.year + 20, 1, 1)), AS_OF - timedelta(days=60))
    fields: dict[str, str | None] = {
        "zyzgzsbh": f"{won.year % 100:02d}17{number:08d}",
        "zjhm": person.number,
        "xm": person.name,
        "xb": "1" if person.man else "2",
        "csrq": f"{person.born:%Y%m%d}",
        "zygz": occupation,
        "zydj": rng.choice(words.LEVELS),
        "bzjg": rng.choice(words.CERTIFIERS),
        "zsbfrq": f"{won:%Y%m%d}",
    }
    return Row("hr.vocational", fields, folder)


def market_company(rng: Random, company: Organisation) -> Row:
    """A company as the open register publishes it: most types and many capitals are N/A, the head is masked."""
    draw = rng.random()
    fields: dict[str, str | None] = {
        "source_year": str(company.founded.year),
        "name": company.name.replace("（", "(").replace("）", ")") if rng.random() < 0.8 else company.name,
        "code": company.code,
        "registered_on": company.founded.isoformat(),
        "type": "N/A" if rng.random() < 0.9 else company.kind.partition("（")[0],
        "legal_rep_masked": company.head.name[0] + "*" * (len(company.head.name) - 1) if draw < 0.9 else "N/A",
        "capital": f"{company.capital:,}(万元人民币)" if rng.random() < 0.8 else "N/A",
        "scope": company.scope,
        "province": "湖北",
        "city": "武汉",
        "address": company.address,
        "code_class": "uscc18_valid",
        "flags": "",
    }
    return Row("market.company", fields, "")


def case_rows(
    rng: Random, case: plan.Case, number: int, name: str, code: str, head: Person, where: str | None = None
) -> tuple[Row, Row]:
    """An application as accepted and as decided. A citizen who applies is named by a citizen number (111).

    Later steps of a licence are applied for after every licence was decided on, and decided in their turn.
    """
    item = plan.ITEMS[case.item]
    if case.of is None:
        applied = some_day(rng, AS_OF - timedelta(days=28), AS_OF - timedelta(days=10))
        accepted = applied + timedelta(days=rng.randint(0, 2))
        decided = accepted + timedelta(days=rng.randint(1, 5))
    else:
        applied = accepted = AS_OF - timedelta(days=2)
        decided = applied + timedelta(days=case.turn)
    project = f"420112{applied:%Y%m%d}{number:06d}"
    clerk = rng.choice(words.CLERKS)
    accept: dict[str, str | None] = {
        "project_no": project,
        "task_code": item.code,
        "task_name": item.name,
        "task_version": "1",
        "project_name": f"{name}{item.name}",
        "applyer_name": name,
        "applyer_type": "1" if case.citizen else "2",
        "applyer_page_type": "111" if case.citizen else "001",
        "applyer_page_code": code,
        "legal": head.name,
        "contact_name": head.name,
        "contact_type": "111",
        "contact_code": head.number,
        "contact_mobile": f"1990000{rng.randrange(10_000):04d}",
        "address": where or address(rng),
        "apply_date": f"{applied} {rng.randint(9, 16):02d}:{rng.randint(0, 59):02d}:00",
        "accept_date": f"{accepted} 17:{rng.randint(0, 29):02d}:00",
        "promise_date": f"{accepted + timedelta(days=20)} 17:30:00",
        "apply_type": "1",
        "project_type": "2",
        "org_code": plan.BUREAU_CODE,
        "org_name": plan.BUREAU_NAME,
        "handle_user_name": clerk,
        "accept_doc_no": f"东审受〔2026〕第{number:04d}号",
    }
    explain = {"1": "符合法定条件，准予许可。", "2": "不符合法定条件，不予许可。", "3": "申请人撤回申请。"}[case.result]
    result: dict[str, str | None] = {
        "project_no": project,
        "result_type": case.result,
        "result_date": f"{decided} 17:{rng.randint(30, 59)}:00",
        "result_explain": explain,
        "result_cetr_name": item.licence if case.result == "1" else None,
        "result_cetr_no": None,
        "is_delivery_results": rng.choice("01"),
    }
    return exchange(rng, "bureau.accept", accept, DAYS[3]), exchange(rng, "bureau.result", result, DAYS[4])

"""One clean row each of what the sharing platform and the market register hold on organisations."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sandbox.records import exchange, timed_stamp
from sandbox.rows import Row
from sandbox.world import AS_OF, Organisation, some_day

#: Industry codes (GB/T 4754, of the two-digit level); trades that are not here get the last.
_INDUSTRIES = {"商贸": "F51", "科技": "I65", "建筑工程": "E47", "物流": "G54", "物业管理": "K70"}
_OTHER_INDUSTRY = "L72"
_YUAN = "156"
#: Name of a permit, how its number is written, who grants it, and what it permits.
PERMITS = (
    ("道路运输经营许可证", "鄂交运管许可武字4201120{0:05d}号", "武汉市东西湖区交通运输局", "道路普通货物运输"),
    ("劳务派遣经营许可证", "鄂武东西湖劳派{0:06d}", "武汉市东西湖区人力资源局", "劳务派遣业务"),
    ("公共场所卫生许可证", "鄂卫公证字〔2024〕第0112-{0:05d}号", "武汉市东西湖区卫生健康局", "公共场所经营"),
    ("排水许可证", "东西湖排许字第{0:06d}号", "武汉市东西湖区水务和湖泊局", "向城镇排水设施排放污水"),
)


def industry(organisation: Organisation) -> str:
    """The code of its trade."""
    return _INDUSTRIES.get(organisation.trade, _OTHER_INDUSTRY)


def legal_person(rng: Random, organisation: Organisation, number: int) -> Row:
    """A legal person as the sharing platform merges it; one in thirty of the old ones has no credit code yet."""
    old = organisation.founded < date(2015, 1, 1) and rng.random() < 1 / 30
    approved = some_day(rng, organisation.founded, AS_OF)
    stamp = timed_stamp(rng)
    society = organisation.code.startswith("5")
    fields: dict[str, str | None] = {
        "frwybs": f"FR42{number:010d}",
        "tyxydm": None if old else organisation.code,
        "zzjgdm": organisation.code[8:17],
        "djzch": f"42011200{number:07d}",
        "frmc": organisation.name,
        "fddbr": organisation.head.name,
        "fr_zjlx": "111",
        "fr_zjhm": organisation.head.number,
        "djjg": "武汉市东西湖区民政局" if society else "武汉市东西湖区市场监督管理局",
        "zgjg": organisation.supervisor or None,
        "djrq": organisation.founded.isoformat(),
        "hzrq": approved.isoformat(),
        "cxzt": "1",
        "hydm": industry(organisation),
        "cyrs": str(rng.randint(1, 300)),
        "ywfw": organisation.scope,
        "zczb": str(organisation.capital),
        "bm_bz": _YUAN,
        "jyqsrq": organisation.founded.isoformat(),
        "jyjzrq": _end(rng).isoformat(),
        "update_time": stamp,
    }
    return Row("platform.legal_person", fields, stamp)


def permit(rng: Random, organisation: Organisation, platform_id: str, number: int) -> Row:
    """A permit that some department gave a company."""
    name, form, authority, content = rng.choice(PERMITS)
    granted = some_day(rng, max(organisation.founded, date(2021, 1, 1)), AS_OF - timedelta(days=5))
    stamp = timed_stamp(rng)
    fields: dict[str, str | None] = {
        "frwybs": platform_id,
        "dwmc": organisation.name,
        "tyshxydm": organisation.code,
        "xlmc": name,
        "xkzsbh": form.format(number),
        "xknr": content,
        "xkjg": authority,
        "xkrq": granted.isoformat(),
        "xkzt": rng.choice(("1", "1", "1", "有效")),
        "xkqs": granted.isoformat(),
        "xkjz": (granted + timedelta(days=4 * 365)).isoformat(),
        "update_time": stamp,
    }
    return Row("platform.permit", fields, stamp)


def entity(rng: Random, company: Organisation, number: int, day: date) -> Row:
    """A company as the market register keeps it; one in twenty of the old ones has a registration number only."""
    old = company.founded < date(2015, 1, 1) and rng.random() < 0.05
    fields: dict[str, str | None] = {
        "pripid": f"420112{number:010d}",
        "uniscid": None if old else company.code,
        "regno": f"42011200{number:07d}",
        "entname": company.name,
        "name": company.head.name,
        "regorg": company.code[2:8],
        "estdate": company.founded.isoformat(),
        "regstate": "1",
        "opscope": company.scope,
        "regcap": str(company.capital),
        "regcapcur": _YUAN,
        "industryco": industry(company),
        "apprdate": some_day(rng, company.founded, AS_OF).isoformat(),
        "opfrom": company.founded.isoformat(),
        "opto": _end(rng).isoformat(),
        "reporttype": rng.choice(("1", "2")),
    }
    return exchange(rng, "market.entity", fields, day)


def _end(rng: Random) -> date:
    return date(rng.randint(2030, 2049), rng.randint(1, 12), 28)

"""One clean row each of what police, health and the housing bodies hold on people."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sandbox.families import Child
from sandbox.records import exchange, timed_stamp
from sandbox.rows import Row
from sandbox.world import AS_OF, Organisation, Person, some_day

HEAD, SPOUSE, SON, DAUGHTER = "户主", "配偶", "子", "女"


def household(rng: Random, number: str, station: str, person: Person, relation: str, day: date) -> Row:
    """One person of a household."""
    fields: dict[str, str | None] = {
        "gmsfhm": person.number,
        "xm": person.name,
        "xb": "1" if person.man else "2",
        "mz": person.folk,
        "csrq": f"{person.born:%Y%m%d}",
        "hh": number,
        "yhzgx": relation,
        "pcs": station,
    }
    return exchange(rng, "police.household", fields, day)


def birth(rng: Random, child: Child, number: int, station: str, day: date) -> Row:
    """A birth as the police registered it; the guardian is one of the parents."""
    guardian = child.mother if rng.random() < 0.5 else child.father
    fields: dict[str, str | None] = {
        "ywlsh": f"CS420112{child.person.born:%Y}{number:06d}",
        "cszmbh": child.certificate,
        "gmsfhm": child.person.number,
        "xm": child.person.name,
        "xb": "1" if child.person.man else "2",
        "csrq": f"{child.person.born:%Y%m%d}",
        "fqxm": child.father.name,
        "fqgmsfhm": child.father.number,
        "mqxm": child.mother.name,
        "mqgmsfhm": child.mother.number,
        "jhryxm": guardian.name,
        "jhrygmsfhm": guardian.number,
        "pcs": station,
    }
    return exchange(rng, "police.birth", fields, day)


def birth_certificate(rng: Random, child: Child) -> Row:
    """A medical certificate of birth; one in twenty names no father."""
    father = rng.random() >= 0.05
    stamp = timed_stamp(rng)
    fields: dict[str, str | None] = {
        "hrb01_01_001": child.certificate,
        "hrb01_01_002": child.person.name,
        "hrb01_01_004": f"{child.person.born} {rng.randrange(24):02d}:{rng.randrange(60):02d}:00",
        "hrb01_01_020": child.mother.name,
        "hrb01_01_024": child.mother.number,
        "hrb01_01_025": child.father.name if father else "",
        "hrb01_01_029": child.father.number if father else "",
        "update_time": stamp,
    }
    return Row("health.birth_certificate", fields, stamp)


def titles(
    rng: Random, owners: tuple[tuple[str, str], ...], number: int, where: str, use: str, *, book: str
) -> list[Row]:
    """One unit of real estate: a row for each of its owners, who are (name, number)."""
    on = some_day(rng, date(2016, 1, 1), AS_OF - timedelta(days=20))
    home = use == "住宅"
    area = rng.randrange(5000, 16_000) if home else rng.randrange(20_000, 900_000)
    shared: dict[str, str | None] = {
        "bdcdyh": f"420112{number % 19 + 1:03d}{number % 7 + 1:03d}GB{number:05d}F{number % 40 + 1:08d}",
        "qlr": None,
        "qlrzjh": None,
        "zl": where,
        "qllx": "国有建设用地使用权/房屋所有权",
        "qlxz": "出让/市场化商品房" if home else "出让/自建房",
        "yt": use,
        "mj": f"{area / 100:.2f}",
        "syqx": f"国有建设用地使用权 至{on.year + (60 if home else 40)}年12月31日止",
        "gyqk": "单独所有" if len(owners) == 1 else "共同共有",
        "djsj": on.isoformat(),
        "fj": "",
    }
    certificate = f"鄂（{on.year}）武汉市东西湖不动产权第{number:07d}号"
    return [
        Row("housing.title", {"bdcqzh": certificate, **shared, "qlr": name, "qlrzjh": owner}, book)
        for name, owner in owners
    ]


def fund_account(rng: Random, insured: Row, number: int, employers: dict[str, int], *, folder: str) -> Row:
    """The housing-fund account of somebody who is insured, at the same employer and on the same base."""
    employer = employers.setdefault(str(insured.fields["dwshxydm"]), len(employers) + 1)
    fields: dict[str, str | None] = {
        "grzh": f"4201{number:08d}",
        "dwzh": f"112{employer:06d}",
        "jgh": rng.choice(("武汉住房公积金管理中心东西湖分中心", "武汉住房公积金管理中心市直分中心")),
        "xm": insured.fields["xm"],
        "zjlx": "01",
        "zjhm": insured.fields["zjhm"],
        "grjcjs": insured.fields["jfjs"],
    }
    return Row("housing.fund", fields, folder)


def owner(holder: Person | Organisation) -> tuple[str, str]:
    """Name and number under which somebody owns."""
    return holder.name, holder.number if isinstance(holder, Person) else holder.code

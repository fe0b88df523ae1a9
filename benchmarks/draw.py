"""How many licences one core draws a second, subset fonts and zip included.

    python -m benchmarks.draw [--profile]

Every licence has another holder, number and scope, so nothing but what all licences of a template
share can be reused. Target: 300 a second.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import time
from datetime import date

from documents.licence import LicencePage, draw, fields, templates

COUNT = 300
SEED = 7


def pages(template: str, count: int) -> list[LicencePage]:
    """Made-up licences: scopes of 40 to 300 characters out of some 3,700 common ones, which is unkindly varied."""
    chance = random.Random(SEED)
    common = [
        one
        for row in range(0xB0, 0xD7)
        for cell in range(0xA1, 0xFF)
        if (one := bytes([row, cell]).decode("gb2312", "ignore"))
    ]
    made = []
    for number in range(count):
        words = {
            "identifier": f"1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.{number:016d}.001.K",
            "number": f"4201122026{number:05d}",
            "holder_code": f"9142011200000{number:05d}",
            "holder": "武汉" + "".join(chance.sample(common, 6)) + "有限公司",
            "address": "湖北省武汉市东西湖区" + "".join(chance.sample(common, 8)) + f"{number}号",
            "scope": "".join(chance.choices(common[:900], k=chance.randint(40, 300))),
            "legal_rep": "".join(chance.sample(common, 3)),
            "organ": "武汉市东西湖区行政审批局（测试）",
            "issued": "二〇二六年三月二日",
        }
        made.append(
            LicencePage(
                template=template,
                fields={one.key: words.get(one.key, "2031年3月1日") for one in fields(template)},
                metadata={"ZZBS": words["identifier"], "ZZBH": words["number"], "CZZT": words["holder"]},
                data_xml=("<证照>" + words["scope"] + "</证照>").encode(),
                qr_text=f"https://hub.example/verify?id={words['identifier']}",
                doc_id=f"{number:032x}",
                title="证照",
                creator="Yizheng Hub",
                created=date(2026, 3, 2),
                test_mark=True,
            )
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where the time of the first template goes")
    asked = parser.parse_args()
    for template in templates():
        made = pages(template, COUNT)
        draw(made[0])
        profile = cProfile.Profile()
        if asked.profile:
            profile.enable()
        started = time.perf_counter()
        size = sum(len(draw(page).to_bytes()) for page in made)
        took = time.perf_counter() - started
        each, kibibytes = took / COUNT * 1000, size / COUNT / 1024
        print(f"{template:<12} {1000 / each:>6.0f} a second  {each:>6.2f} ms  {kibibytes:>6.1f} KiB")
        if asked.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(22)
            return


if __name__ == "__main__":
    main()

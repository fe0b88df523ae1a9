"""How long drawing a licence takes, and which of its parts takes how much.

    python -m benchmarks.draw [--profile]

Every licence has another holder, number and scope, so nothing but what all licences of a template
share can be reused. Times are milliseconds of processor time a licence (of one core). The floors are what
the libraries below need for the same licences: HarfBuzz to cut the font, ZXing to encode the QR code.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

import zxingcpp

from documents import ofd, qr
from documents.fonts import FaceName, face
from documents.licence import LicencePage, SheetKind, draw, draw_set, fields
from documents.sheet import embedded, set_sheets

COUNT = 300
SEED = 7
#: Those the figures of docs/performance.md are of.
TEMPLATES = ("food", "hr-service", "ngo")
Given = TypeVar("Given")
Made = TypeVar("Made")


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


def each_ms(work: Callable[[Given], Made], given: Sequence[Given]) -> tuple[float, list[Made]]:
    """Processor milliseconds of one piece of work, and what was made."""
    work(given[0])
    started = time.process_time()
    made = [work(one) for one in given]
    return (time.process_time() - started) / len(given) * 1000, made


def floor_code(text: str) -> object:
    """What nothing that encodes a QR code with ZXing can be faster than."""
    return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where the time of the first template goes")
    if parser.parse_args().profile:
        made = pages(TEMPLATES[0], COUNT)
        draw(made[0])
        with cProfile.Profile() as profile:
            for page in made:
                draw(page)
        pstats.Stats(profile).sort_stats("tottime").print_stats(22)
        return
    heads = ("template", "draw", "= set", "+ QR", "+ subset", "+ write", "zip", "HarfBuzz", "ZXing", "KiB")
    print("".join(f"{head:>12}" for head in heads))
    for template in TEMPLATES:
        made = pages(template, COUNT)
        whole, packages = each_ms(draw, made)
        both, sheets = each_ms(lambda page: set_sheets([page]), made)
        code, codes = each_ms(lambda page: qr.encode(page.qr_text), made)
        picture, _ = each_ms(lambda one: one.png(), codes)
        subset, _ = each_ms(embedded, sheets)
        written, _ = each_ms(ofd.write, sheets)
        packed, files = each_ms(lambda package: package.to_bytes(), packages)
        wanted = [face(FaceName.BODY).wanted(one[0].characters[FaceName.BODY]) for one in sheets]
        cut, _ = each_ms(lambda one: face(FaceName.BODY).cut(one), wanted)
        encoded, _ = each_ms(floor_code, [page.qr_text for page in made])
        times = (whole, both - code, code + picture, subset, written - subset - picture, packed, cut, encoded)
        size = sum(map(len, files)) / COUNT / 1024
        print(f"{template:>12}" + "".join(f"{one:>12.3f}" for one in times) + f"{size:>12.1f}")
        two, _ = each_ms(lambda page: draw_set([page, replace(page, sheet=SheetKind.COPY)]), made)
        print(f"{'with 副本':>10}{two:>12.3f}")


if __name__ == "__main__":
    main()

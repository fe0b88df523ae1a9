"""Licences sealed and verified a second by one core, from package to bytes and from bytes to report, part by part.

    python -m benchmarks.seal [--profile seal|verify]

Floor of sealing: one SM2 signature and SM3 of the bytes. Floor of verifying: one SM2 verification (what the bureau's
certificates and its seal were found to be is remembered, as they are met again with every licence) and SM3 of the
bytes. Times are processor time of one core. Each part is measured by itself; "rest" is what the
whole takes beyond them. A hundred different licences take turns, so that no digest but that of the title's font and
the seal, which lie in all of them, is met again soon. Rounds of all parts alternate, so that all meet the same machine;
medians. Target: 800 verifications a second of 100 KB.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from benchmarks.draw import pages
from core.digest import sm3
from core.verdict import Verdict
from documents.contents import compare
from documents.licence import LicencePage, draw, fields, seal_place
from documents.package import Package
from hub.compose import data_xml
from signing.certificates import Certificate
from signing.demo_pki import Bureau, DemoKeys, prepare
from signing.ofd.appending import Slot
from signing.ofd.coverage import digests
from signing.ofd.description import read_description, read_records
from signing.ofd.layout import Files, read_layout
from signing.ofd.seal import Stamp, seal
from signing.ofd.verify import verify
from signing.port import sign_message
from signing.report import Expectation
from signing.seal.parts import SealSignature
from signing.seal.port import LocalSealer
from signing.trust import Trust

ROUNDS, TIMES, MANY, TEMPLATE = 9, 40, 100, "food"
BUREAU = Bureau("某区行政审批局（测试）", "11420112MB0000000M", "42011200000001")
#: What an ordinary restaurant's licence says; its face needs some 150 characters.
ORDINARY = {
    "identifier": "1.2.156.3005.2.11420000000000000Y001.11420112MB0000000M.2026000000000017.001.K",
    "number": "JY24201120000017",
    "holder": "武汉小满餐饮管理有限公司",
    "holder_code": "91420112MA4KX00000",
    "legal_rep": "李小满",
    "address": "湖北省武汉市东西湖区环湖路57号1层3室",
    "premises": "湖北省武汉市东西湖区环湖路57号1层3室",
    "category": "餐饮服务经营者（小型餐馆）",
    "scope": "热食类食品制售；冷食类食品制售（不含裱花蛋糕、生食类食品）；自制饮品制售",
    "valid": "2031年3月1日",
    "organ": "武汉市东西湖区行政审批局（测试）",
    "issued": "2026年3月2日",
}


def ordinary_pages(count: int) -> list[LicencePage]:
    """Ordinary licences of different holders, with the structured data that issuing attaches."""
    return [_ordinary(unkind) for unkind in pages(TEMPLATE, count)]


def _ordinary(unkind: LicencePage) -> LicencePage:
    own = ORDINARY | {"holder": unkind.fields["holder"], "legal_rep": unkind.fields["legal_rep"]}
    words = {one.key: own.get(one.key, "2031年3月1日") for one in fields(TEMPLATE)}
    facts = {
        "metadata": {"ZZMC": "食品经营许可证", "ZZBS": ORDINARY["identifier"], "ZZBH": ORDINARY["number"]},
        "face": [{"label": one.name, "words": words[one.key]} for one in fields(TEMPLATE)],
    }
    return LicencePage(
        TEMPLATE, words, facts["metadata"], data_xml(facts), ORDINARY["identifier"], unkind.doc_id, "食品经营许可证",
        "Yizheng Hub", unkind.created, test_mark=True,
    )  # fmt: skip


def parts(keys: DemoKeys, many: Sequence[LicencePage], now: datetime) -> tuple[int, Mapping[str, Callable[[], object]]]:
    """Bytes of the sealed licence, and the work to measure by name."""
    drawn = [draw(page) for page in many]
    stamps = [Stamp(one.page_index, one.x_mm, one.y_mm, one.w_mm, one.h_mm) for one in seal_place(TEMPLATE)]
    sealer, trust = LocalSealer(keys.seal, keys.signer), Trust.of([keys.root])
    expect = Expectation(credit_code=BUREAU.credit_code, es_id=BUREAU.es_id, seals=1)
    packages = [seal(one, sealer, stamps=stamps, at=now) for one in drawn]
    sealed = [package.to_bytes() for package in packages]
    for one in sealed:
        if verify(one, trust=trust, at=now, expect=expect).verdict is not Verdict.VALID:
            raise SystemExit("what was sealed here does not verify; the figures are worth nothing")
    package, data = packages[0], sealed[0]
    files = Files(package)
    next_drawn, next_sealed, next_files = (cycle(each) for each in (drawn, sealed, [Files(one) for one in packages]))
    value = next(content for name, content in package.entries.items() if name.endswith("SignedValue.dat"))
    key, message = Certificate.read(keys.signer.certificate).key, b"x" * 17_000
    signature = sign_message(keys.signer, message)
    of_nothing = sign_message(keys.signer, b"")
    read_layout(files)

    def read_xml() -> None:
        fresh = Files(package)
        for _ in fresh.read_all():
            raise SystemExit("a file of ours is no XML")
        for record in read_records(fresh, read_layout(fresh).signatures or "")[0]:
            read_description(fresh, record.path)

    def write_xml() -> None:
        fresh = Files(drawn[0])
        Slot.after(fresh, read_layout(fresh))

    return len(data), {
        "seal": lambda: seal(next(next_drawn), sealer, stamps=stamps, at=now).to_bytes(),
        "seal: SM3": lambda: digests(next(next_files)),
        "seal: XML": write_xml,
        "seal: SM2": lambda: sign_message(keys.signer, message),
        "seal: zip": package.to_bytes,
        "verify": lambda: verify(next(next_sealed), trust=trust, at=now, expect=expect),
        "verify: unzip, CRC": lambda: Package.read(data),
        "verify: SM3": lambda: digests(next(next_files)),
        "verify: XML": read_xml,
        "verify: DER": lambda: SealSignature.read(value),
        "verify: SM2": lambda: key.verify(message, signature),
        "verify: data and page": lambda: compare(package, files.root),
        "floor: sign": lambda: keys.signer.sign_digest(bytes(32)),
        "floor: SM3": lambda: sm3(data),
        "floor: verify": lambda: key.verify(b"", of_nothing),
    }


def measure(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each, in rounds that alternate."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for number in range(-1, ROUNDS):
        for name, one in work.items():
            begin = time.process_time()
            for _ in range(TIMES):
                one()
            if number >= 0:
                found[name].append((time.process_time() - begin) / TIMES * 1000)
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=["seal", "verify"], help="show where the time of one of them goes")
    asked = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        keys = prepare(Path(folder) / "demo", BUREAU, now)
    kinds = (("ordinary licences", ordinary_pages(MANY)), ("unkind ones", pages(TEMPLATE, MANY)))
    for title, many in kinds:
        size, work = parts(keys, many, now)
        if asked.profile:
            profile = cProfile.Profile()
            profile.runcall(lambda: [work[asked.profile]() for _ in range(500)])  # noqa: B023
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
            return
        found = measure(work)
        print(f"{title}: {size / 1024:.0f} KiB, {ROUNDS} rounds of {TIMES}, one core, warm")
        floors = {
            "seal": found["floor: sign"] + found["floor: SM3"],
            "verify": found["floor: verify"] + found["floor: SM3"],
        }
        for whole, floor in floors.items():
            pieces = {name: value for name, value in found.items() if name.startswith(f"{whole}: ")}
            print(f"{whole:24} {found[whole]:7.3f} ms {1000 / found[whole]:8.0f} /s")
            for name, value in pieces.items():
                print(f"  {name.partition(': ')[2]:22} {value:7.3f} ms")
            print(f"  {'rest':22} {found[whole] - sum(pieces.values()):7.3f} ms")
            print(f"  {'floor (SM2 and SM3)':22} {floor:7.3f} ms, {found[whole] / floor:.2f} times that")
        print(f"{'seal and verify':24} {found['seal'] + found['verify']:7.3f} ms")


if __name__ == "__main__":
    main()

"""A district's licences resealed by the real verb: register, log of uses, files and Merkle log included.

    python -m benchmarks.reseal [--count 5000] [--workers 1 2] [--sheets original]

The register is grown with made-up licences under the seal of one bureau; another follows it. Each round gives an order
(`hub licences reseal`) under a further seal, and right before it its floor: the same facts drawn, sealed and verified
by as many processes, without database and files; with one, the processor time of both is told too. Beside them stands
`benchmarks.bulk`, which writes files but has no register. PostgreSQL is durable, on the same cores. A rate counts from
the first chunk that is through (the processes have started by then) to the end; the whole time is told as well.
Target: 129,121 licences in 5 minutes, 430 a second.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import pstats
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bulk
from benchmarks.licence_stock import grow
from core.clock import today
from core.settings import Mode, Settings
from documents.licence import SheetKind
from hub.compose import drawn_from
from hub.context import Hub, open_hub
from hub.install import DEMO_BUREAU, prepare
from hub.press import DEMO, Press
from hub.reseal import begin, demand_complete, go_on
from hub.seals import add_configured
from onebox.postgres import Cluster
from signing.demo_pki import Bureau
from signing.demo_pki import prepare as prepare_keys
from store import licences
from store.connection import fetch_all

NEXT = Bureau("武汉市东西湖区政务服务局（测试）", "11420112MB0000003Y", "42011200000009")
STOCK, TARGET = 129_121, 430
_TASK = 100


@contextmanager
def world() -> Iterator[Settings]:
    """A hub on a durable PostgreSQL of its own, in demo mode."""
    # /var/tmp: run by root, PostgreSQL's own user must reach it
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/var/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets")
    try:
        cluster.start()
        home = folder / "home"
        home.mkdir()
        settings = Settings(
            home=home, database_url=cluster.url(), sources_file=home / "sources.toml", keys=home / "keys",
            mode=Mode.DEMO, public_url="http://127.0.0.1:8700",
        )  # fmt: skip
        prepare(settings)
        yield settings
    finally:
        cluster.destroy()
        shutil.rmtree(folder, ignore_errors=True)


def hand_over(hub: Hub) -> None:
    """From today on the demo's bureau is followed by `NEXT`."""
    names = [(DEMO_BUREAU, "old"), (NEXT, "new")]
    organs = "".join(
        f'[[organs]]\nid = "{id_}"\ncredit_code = "{one.credit_code}"\nverified = false\n'
        f'names = [{{ name = "{one.name}", verified = false }}]\n'
        for one, id_ in names
    )
    hub.settings.home.joinpath("organs.toml").write_text(
        'demo = true\nbureau = "new"\nignore_test_mark = true\nseal_names = ["{name}", "{name}电子证照专用章"]\n'
        f"{organs}[[successions]]\n"
        f'predecessor = "old"\nsuccessor = "new"\neffective = {today(hub.clock)}\nbasis = "测试"\nverified = false\n',
        encoding="utf-8",
    )


def use_seal(hub: Hub, name: str) -> None:
    """A further seal of `NEXT`, in use from now on."""
    prepare_keys(hub.settings.keys / DEMO, NEXT, datetime.now(UTC), name)
    hub.settings.keys.joinpath("press.toml").write_text(
        f'[seal]\nkind = "file"\nkey_file = "{DEMO}/{name}/signer-key.pem"\n'
        f'certificate_file = "{DEMO}/{name}/signer-cert.pem"\npassphrase_file = "{DEMO}/passphrase"\n'
        f'seal_file = "{DEMO}/{name}/seal.esl"\n',
        encoding="utf-8",
    )
    add_configured(hub, who="benchmark")


_press: Press | None = None


def _open(settings: Settings) -> None:
    global _press
    _press = Press.open(settings)


def _make(many: Sequence[dict[str, Any]]) -> int:
    assert _press is not None
    now = datetime.now(UTC)
    for facts in many:
        drawn = drawn_from(facts, _press.bureau)
        report = _press.verify(_press.seal(drawn.package, drawn.places, now), now)
        if report.verdict.value != "valid":
            raise SystemExit("a document does not verify; the figures are worth nothing")
    return len(many)


def floor(hub: Hub, workers: int) -> float:
    """The current documents drawn, sealed and verified anew; licences a second."""
    rows = fetch_all(
        hub.connection,
        "select v.made_for, v.facts from licence_version v join licence l on l.id = v.licence "
        "and l.current_version = v.version",
    )
    facts = [licences.open_facts(hub.vault, made_for, bytes(sealed)) for made_for, sealed in rows]
    if workers == 1:
        # in this process, as the verb does it
        _open(hub.settings)
        _make(facts[:20])
        began = time.perf_counter()
        return _make(facts) / (time.perf_counter() - began)
    tasks = [facts[start : start + _TASK] for start in range(0, len(facts), _TASK)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_open, initargs=(hub.settings,)) as pool:
        # the processes start, and import what they need
        for one in [pool.submit(_make, facts[:20]) for _ in range(2 * workers)]:
            one.result()
        began = time.perf_counter()
        made = sum(one.result() for one in [pool.submit(_make, task) for task in tasks])
        return made / (time.perf_counter() - began)


class Watch:
    """When the first chunk was through, and how much memory the processes took after a quarter and at the end."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.first: tuple[float, int] | None = None
        self.memory: list[tuple[int, float]] = []

    def __call__(self, done: int, total: int) -> None:
        now = time.perf_counter()
        if done and self.first is None:
            self.first = (now, done)
        if done:
            self.memory.append((done, _resident()))

    def rate(self, total: int) -> tuple[float, float]:
        """Licences a second from the first chunk on, and seconds in all."""
        end = time.perf_counter()
        at, done = self.first or (self.began, 0)
        return (total - done) / (end - at) if done < total else total / (end - self.began), end - self.began

    def at(self, share: float, total: int) -> float:
        """MiB of the largest process when so much was done."""
        return next((memory for done, memory in self.memory if done >= share * total), 0.0)


def _resident() -> float:
    pids = [one.pid for one in multiprocessing.active_children() if one.pid] or ["self"]
    found = 0.0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        found = max(found, int(status.partition("VmRSS:")[2].split()[0]) / 1024)
    return found


def main() -> None:
    """Print rates, ratios and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sheets", nargs="+", default=["original"], choices=[kind.value for kind in SheetKind])
    parser.add_argument("--profile", action="store_true", help="one round in this process, and where its time goes")
    asked = parser.parse_args()
    with world() as settings, open_hub(settings) as hub:
        began = time.perf_counter()
        grow(hub, asked.count, sheets=tuple(asked.sheets), one_file=True)
        print(f"{asked.count} licences grown in {time.perf_counter() - began:.1f} s, sheets: {', '.join(asked.sheets)}")
        hand_over(hub)
        for number, workers in enumerate([1] if asked.profile else asked.workers):
            use_seal(hub, f"seal-{number}")
            order = begin(hub, organ=None, legal_basis="测试", who="benchmark")
            if asked.profile:
                profile = cProfile.Profile(time.process_time)
                profile.runcall(go_on, hub, order.id)
                pstats.Stats(profile).sort_stats("tottime").print_stats(40).sort_stats("cumtime").print_stats(
                    "hub/", 40
                )
                return
            before = time.process_time()
            least = floor(hub, workers)
            between = time.process_time()
            watch = Watch()
            report = go_on(hub, order.id, workers=workers, on_progress=watch)
            rate, took = watch.rate(asked.count)
            own = time.process_time() - between
            demand_complete(report)
            print(
                f"{workers} processes: {rate:.0f} /s ({took:.1f} s in all), {rate / least:.2f} of the floor of "
                f"{least:.0f} /s; memory of the largest {watch.at(0.25, asked.count):.0f} MiB after a quarter, "
                f"{watch.at(1.0, asked.count):.0f} at the end"
            )
            if workers == 1:
                floor_ms, own_ms = ((spent / asked.count * 1000) for spent in (between - before, own))
                print(f"  processor time of this process a licence: floor {floor_ms:.2f} ms, resealing {own_ms:.2f}")
            print(f"  extrapolated to {STOCK}: {STOCK / rate / 60:.1f} minutes (target 5: {TARGET} /s)")
    peer, _ = bulk.measure(asked.count, max(asked.workers))
    print(f"benchmarks.bulk, {max(asked.workers)} processes: {peer:.0f} /s")


if __name__ == "__main__":
    main()

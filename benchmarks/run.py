"""`make bench`: every benchmark one after the other, each in a process of its own, each beside its floor or a peer.

Give names to run only some: `make bench ARGS="draw sm2"`. Figures are medians of a shared machine: compare the
ratios of one run, not the seconds of two.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

_HERE = Path(__file__).parent
_NOT_A_BENCHMARK = {"__init__", "run", "dlt_peer", "dlt_peer_inside", "marriages", "population", "lookup_app"}


def main(chosen: list[str]) -> int:
    """Run the chosen benchmarks, or all; the number of those that failed."""
    known = sorted(path.stem for path in _HERE.glob("*.py") if path.stem not in _NOT_A_BENCHMARK)
    if strange := [name for name in chosen if name not in known]:
        print(f"no benchmark is called {', '.join(strange)}; there are: {', '.join(known)}", file=sys.stderr)
        return 3
    print(f"{date.today()} · {platform.platform()} · Python {platform.python_version()}")  # noqa: DTZ011 - the machine's own day
    failed = 0
    for name in chosen or known:
        print(f"\n== {name} ==", flush=True)
        failed += (
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False, cwd=_HERE.parent).returncode != 0
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

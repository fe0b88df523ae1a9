"""Which subsetter cuts the fonts a licence embeds: fontTools or HarfBuzz?

    python -m benchmarks.font_subset

Figures are in docs/performance.md; rerun it there before believing them elsewhere.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from documents.fonts import FaceName, face

CHARACTERS = (60, 120, 300)
SEED = 7


def by_fonttools(text: str) -> bytes:
    """The same cut with fontTools, opened lazily as it has to be for every subset: it changes the font it cuts."""
    font = TTFont(face(FaceName.BODY).path, lazy=True)
    options = Options()
    options.layout_features = []
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "prep", "gasp"]
    options.notdef_outline = True
    options.hinting = False
    cutter = Subsetter(options)
    cutter.populate(text=text)
    cutter.subset(font)
    out = BytesIO()
    font.save(out)
    return out.getvalue()


def by_harfbuzz(text: str) -> bytes:
    return face(FaceName.BODY).subset(text)


def median_ms(cut: Callable[[str], bytes], texts: list[str]) -> tuple[float, int]:
    """Milliseconds a subset takes (median) and bytes it has (median)."""
    cut(texts[0])
    times, sizes = [], []
    for text in texts:
        started = time.perf_counter()
        sizes.append(len(cut(text)))
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), round(statistics.median(sizes))


def main() -> None:
    chance = random.Random(SEED)
    common = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]
    print(f"{'characters':>10}  {'subsetter':<10} {'ms':>8} {'bytes':>8}")
    for count in CHARACTERS:
        texts = ["".join(chance.sample([one for one in common if one], count)) for _ in range(30)]
        for name, cut, few in (("fontTools", by_fonttools, texts[:8]), ("HarfBuzz", by_harfbuzz, texts)):
            milliseconds, size = median_ms(cut, few)
            print(f"{count:>10}  {name:<10} {milliseconds:>8.2f} {size:>8}")


if __name__ == "__main__":
    main()

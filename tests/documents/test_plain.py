"""Plain sheets: what they say stands on their pages, flows over them, and nothing is lost or made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from documents.errors import FieldsUnfit, GlyphMissing, TextOverflow, TextRefused
from documents.layout import CLOSING
from documents.package import Package
from documents.parts import TextPart
from documents.plain import Sheet, Table, Watermark, draw
from documents.plain.flow import PlainPage, lay_out
from documents.plain.look import BOTTOM, LEFT, ROOM, WIDTH
from documents.reader import Reader
from documents.render import render
from signing.demo_pki import Bureau, prepare
from signing.ofd.seal import Stamp, seal
from signing.seal.port import LocalSealer
from tests.documents.test_schema_order import faults

ORGAN = "武汉市东西湖区行政审批局（测试）"
LONG = "人力资源服务许可与劳务派遣经营许可（含分公司的设立、变更、延续、注销）核发，以登记机关核准的内容为准。"


def table(rows: int, heading: str = "移交目录") -> Table:
    made = tuple((str(n), f"420112-food-2026-{n:05d}", LONG, "2026年11月20日", "ab12" * 16) for n in range(1, rows + 1))
    return Table(heading, ("序号", "电子文件号", "事项", "办结日期", "SM3"), made)


def sheet(rows: int = 3, **changed: object) -> Sheet:
    made = Sheet(
        title="企业登记档案移交清单",
        number="YJ-2026-0003",
        made_on=date(2026, 11, 29),
        lines=(("移交单位", ORGAN), ("接收单位", "武汉市东西湖区档案馆")),
        tables=(table(rows),),
        notes=("一、本清单一式两份。", LONG * 3),
        qr_text="https://hub.example/v/AbCdEfGhIjKlMnOpQrSt",
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # the test's own words


def text_of(package: Package) -> list[str]:
    return list(Reader(package).page_text().values())


def body(page: PlainPage) -> Iterator[TextPart]:
    """What stands between the running head and the foot."""
    return (part for part in page.texts if 25 < part.line.baseline <= BOTTOM)


def test_every_word_is_on_the_pages_and_each_page_tells_its_number() -> None:
    made = sheet(40)
    drawn = draw(made, ORGAN, test_mark=False)
    assert drawn.pages > 3
    told = "".join(text_of(drawn.package))
    assert made.title in told and "2026年11月29日" in told and ORGAN in told
    for number in range(1, drawn.pages + 1):
        assert f"第 {number} 页 共 {drawn.pages} 页" in told
    assert "测试" not in told.replace(ORGAN, "")
    laid = lay_out(made, ORGAN, test_mark=False)
    for page in laid.pages:
        # A page on which the table goes on has its column heads again.
        heads = sum(part.line.text == "电子文件号" for part in page.texts)
        assert heads == any(part.line.text.startswith("420112-food") for part in page.texts)
    rows = [part.line.text for page in laid.pages for part in body(page) if part.line.text.startswith("420112-food")]
    assert rows == [row[1] for row in made.tables[0].rows]
    # Every cell is whole, whatever was cut into lines.
    digests = [part.line.text for page in laid.pages for part in body(page) if re.fullmatch("[ab12]+", part.line.text)]
    assert sum(map(len, digests)) >= 40 * 64


def test_the_same_sheet_gives_the_same_bytes_and_another_one_another_number() -> None:
    one, two = draw(sheet(), ORGAN, test_mark=True), draw(sheet(), ORGAN, test_mark=True)
    assert one.package.to_bytes() == two.package.to_bytes()
    other = draw(sheet(number="YJ-2026-0004"), ORGAN, test_mark=True)
    ids = [re.search(rb"<ofd:DocID>(\w+)<", one.package.entries["OFD.xml"]) for one in (one, other)]
    assert ids[0] and ids[1] and ids[0][1] != ids[1][1]


def test_a_sheet_keeps_the_order_of_the_schema_sealed_too(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    keys = prepare(tmp_path / "demo", Bureau(ORGAN, "11420112MB0000000M", "42011200000001"), now)
    mark = Watermark("档案复制件", (("to", "使用单位：", "某银行"),), "仅限所注用途")
    for made in (sheet(30, watermark=mark), sheet(0, qr_text=None, lines=(), notes=())):
        drawn = draw(made, ORGAN, test_mark=True)
        assert faults(drawn.package) == []
        stamps = [Stamp(p.page_index, p.x_mm, p.y_mm, p.w_mm, p.h_mm, p.clip) for p in drawn.places]
        sealed = seal(drawn.package, LocalSealer(keys.seal, keys.signer), stamps=stamps, at=now)
        assert faults(sealed) == []


def test_the_seal_stands_over_the_organ_and_the_day_and_rides_over_several_pages() -> None:
    for rows in (0, 3, 12, 13, 14, 15, 40):
        laid, drawn = lay_out(sheet(rows), ORGAN, test_mark=False), draw(sheet(rows), ORGAN, test_mark=False)
        own, *riding = drawn.places
        assert own.page_index == drawn.pages - 1
        assert [one.page_index for one in riding] == (list(range(drawn.pages)) if drawn.pages > 1 else [])
        last = [part.line for part in laid.pages[-1].texts if part.line.baseline <= BOTTOM + 1]
        (day,) = [line for line in last if line.text == "2026年11月29日"]
        assert own.y_mm < day.baseline < own.y_mm + own.h_mm
        assert own.x_mm < day.x and day.x + day.width < own.x_mm + own.w_mm
        organ = max((line for line in last if line.text == ORGAN), key=lambda line: line.baseline)
        assert own.y_mm < organ.baseline < day.baseline
        # Not on a page of its own, and over no other word.
        others = [line for line in last if line not in (day, organ) and line.baseline > 25]
        assert others and max(line.baseline for line in others) < own.y_mm


@settings(max_examples=15, deadline=None)
@given(
    value=st.text(st.sampled_from("东西湖区行政审批，。；：、（）《》0123456789ABCDEFab-. \n"), max_size=900),
    rows=st.integers(0, 12),
)
def test_nothing_stands_beyond_the_margins_and_no_closing_mark_begins_a_line(value: str, rows: int) -> None:
    plain = table(rows)
    long = replace(plain, rows=(*plain.rows, ("1", "x" * 90, value, value[:30], value)))
    made = sheet(tables=(long, table(rows, "又")), lines=(("事由", value),), notes=(value, "完。"))
    for page in lay_out(made, ORGAN, test_mark=True).pages:
        for part in page.texts:
            line = part.line
            assert line.x >= LEFT - 1e-3
            # A closing mark's empty right half may.
            assert line.x + line.width <= WIDTH - LEFT + line.size / 2 + 1e-3
            assert line.baseline <= 285
    starts = [part.line.text[0] for page in lay_out(sheet(lines=(("事由", LONG * 9),)), ORGAN, test_mark=False).pages
              for part in page.texts]  # fmt: skip
    assert not set(starts) & set(CLOSING)


def test_a_row_longer_than_a_page_goes_on_over_the_next() -> None:
    value = "".join(f"{n:05d}、" for n in range(1500))
    made = sheet(tables=(Table("长", ("序号", "内容"), (("1", value),)),), lines=(), notes=())
    laid = lay_out(made, ORGAN, test_mark=False)
    assert len(laid.pages) > 2
    told = "".join(part.line.text for page in laid.pages for part in body(page))
    assert value in told.replace("长（续）序号内容", "")


def test_its_code_is_read_from_the_picture() -> None:
    (page,) = render(draw(sheet(1), ORGAN, test_mark=True).package, 60)
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(page)))
    assert code.text == sheet().qr_text


def test_its_watermark_is_on_every_page_and_below_its_words() -> None:
    mark = Watermark("档案复制件", (("to", "使用单位：", "某银行"), ("until", "有效期至：", "2026年12月31日")))
    laid = lay_out(sheet(30, watermark=mark), ORGAN, test_mark=True)
    assert all("使用单位：某银行" in {one.text.line.text for one in page.marks} for page in laid.pages)
    drawn = draw(sheet(30, watermark=mark), ORGAN, test_mark=True)
    for number in range(drawn.pages):
        content = drawn.package.entries[f"Doc_0/Pages/Page_{number}/Content.xml"].decode()
        assert "测试样本　不具法律效力" in content
        assert re.findall(r'Layer ID="\d+" Type="(\w+)"', content) == ["Background", "Background", "Body"]
        assert content.index("使用单位") < content.index(f"第 {number + 1} 页")


@pytest.mark.parametrize(
    ("changed", "refusal", "told"),
    [
        ({"lines": (("经办人", "王\U00020bb7"),)}, GlyphMissing, "line 经办人.*U\\+20BB7"),
        ({"tables": (Table("表", ("事项",), (("a\u200bb",),)),)}, GlyphMissing, "column 事项"),
        ({"notes": ("a\x01b",)}, TextRefused, "note"),
        ({"title": " "}, FieldsUnfit, "title"),
        ({"title": "移交清单" * 40}, TextOverflow, "title"),
        ({"tables": (Table("表", ("甲", "乙"), (("1",),)),)}, FieldsUnfit, "row 1"),
        ({"qr_text": "x" * 201}, TextRefused, "QR"),
    ],
)
def test_what_cannot_be_set_is_refused_before_anything_is_drawn(
    changed: dict[str, object], refusal: type[Exception], told: str
) -> None:
    with pytest.raises(refusal, match=told) as caught:
        draw(sheet(**changed), ORGAN, test_mark=False)
    assert "王" not in str(caught.value)


def test_its_words_stay_out_of_what_a_program_prints() -> None:
    assert "档案馆" not in repr(sheet()) and "核发" not in repr(table(1)) and ROOM > 150

"""Step 13: the seals that are seen are the seals that were signed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from lxml import etree

from signing.errors import LayoutRefused
from signing.ofd.coverage import Described
from signing.ofd.description import Kind, StampAnnot
from signing.ofd.layout import Files, Layout, load, tag
from signing.ofd.pictures import Sight, look
from signing.ofd.stamps import covers, lies_on, visible
from signing.ofd.steps import Step
from signing.report import Log, SealFacts, counted, printable

#: How far a stamp's size may differ from the seal's own without a word.
_SIZE_MM = 1.0
#: Stamps that are compared with each other; a document with more is told about instead.
_MOST_COMPARED = 400


def check_stamps(log: Log, layout: Layout, one: Described, facts: SealFacts) -> None:
    """Where one seal is drawn, and that its picture can be."""
    pages = {page.id: page for page in layout.pages}
    stamps = one.description.stamps
    before = len(log.findings)
    for stamp in stamps:
        page = pages.get(stamp.page)
        if page is None:
            log.failed(Step.APPEARANCE, "印章所在页面不存在", "a seal is drawn on no page", one.record.path)
        elif not lies_on(page.box, stamp.boundary, stamp.clip):
            log.failed(Step.APPEARANCE, "印章超出页面", "a seal does not lie on its page", one.record.path)
    if one.record.kind is Kind.SEAL:
        _check_picture(log, one, facts)
        _check_sizes(log, one, facts)
    elif stamps:
        log.note(
            Step.APPEARANCE,
            "该数字签名没有印章，却指定了印章位置",
            "this signature has no seal and still names a place for one",
            one.record.path,
        )
    if len(log.findings) != before:
        return
    if one.record.kind is Kind.SIGN:
        log.skipped(Step.APPEARANCE, "数字签名，没有印章", "a signature without a seal")
    else:
        log.passed(
            Step.APPEARANCE, f"印章显示位置正确（{len(stamps)} 处）", f"drawn in {counted(len(stamps), 'place')}"
        )


def _check_picture(log: Log, one: Described, facts: SealFacts) -> None:
    value = one.description.value
    found = look(facts.picture_type, facts.picture)
    if found.sight is Sight.REFUSED:
        log.failed(Step.APPEARANCE, "印章图像无法显示", f"the seal's picture cannot be shown: {found.why}", value)
    elif found.sight is Sight.OPENED:
        kind = printable(facts.picture_type)
        log.note(
            Step.APPEARANCE,
            f"印章图像为 {kind} 格式，未绘制检查",
            f"the seal's picture is of type {kind}, which was opened and not drawn",
            value,
        )


def _check_sizes(log: Log, one: Described, facts: SealFacts) -> None:
    if not one.description.stamps:
        log.note(Step.APPEARANCE, "该印章未在页面上显示", "this seal is drawn on no page", one.record.path)
    for stamp in one.description.stamps:
        _, _, width, height = stamp.boundary
        if abs(width - facts.width_mm) > _SIZE_MM or abs(height - facts.height_mm) > _SIZE_MM:
            drawn, own = f"{width:g} × {height:g} mm", f"{facts.width_mm:g} × {facts.height_mm:g} mm"
            log.note(
                Step.APPEARANCE,
                f"印章显示尺寸（{drawn}）与印章本身（{own}）不同",
                f"a seal is drawn as {drawn}, its own size is {own}",
                one.record.path,
            )
            break


def check_covering(log: Log, signatures: Sequence[Described], list_path: str) -> None:
    """Stamps of different seals that cover each other, each pair of seals once."""
    drawn: dict[str, list[tuple[str, StampAnnot]]] = {}
    for one in signatures:
        if one.record.kind is Kind.SEAL:
            for stamp in one.description.stamps:
                drawn.setdefault(stamp.page, []).append((one.record.id, stamp))
    told: set[tuple[str, str]] = set()
    for stamps in drawn.values():
        if len(stamps) > _MOST_COMPARED:
            log.note(
                Step.APPEARANCE, "同一页面印章过多，未比较是否重叠", "too many seals on one page to compare", list_path
            )
            continue
        for (first, here), (second, there) in combinations(stamps, 2):
            if first == second or (first, second) in told:
                continue
            if covers(visible(here.boundary, here.clip), visible(there.boundary, there.clip)):
                told.add((first, second))
                log.note(
                    Step.APPEARANCE,
                    f"印章 {printable(first)} 与 {printable(second)} 在页面上重叠",
                    f"seals {printable(first)} and {printable(second)} cover each other on a page",
                    list_path,
                )


def check_imitations(log: Log, files: Files, layout: Layout) -> None:
    """Annotations that look like seals: a picture no signature vouches for as a seal."""
    for path in layout.annotations:
        try:
            root = load(files, path, "PageAnnot")
        except LayoutRefused as error:
            log.failed(Step.APPEARANCE, "批注文件无法读取", error.detail, path)
            continue
        kinds: dict[str, None] = {}
        for annotation in root.iterchildren(tag("Annot")):
            kind = annotation.get("Type", "")
            kinds[kind] = None
            if kind == "Stamp":
                log.failed(Step.APPEARANCE, "用批注画出的印章", "an annotation poses as a seal", path)
            elif _holds_picture(annotation):
                log.unknown(
                    Step.APPEARANCE,
                    "水印或批注中含有图像，请人工确认不是印章",
                    "a watermark or other annotation holds a picture; look at it",
                    path,
                )
        told = ", ".join(printable(kind) or "?" for kind in list(kinds)[:8])
        log.note(Step.APPEARANCE, f"页面上有批注：{told}", f"annotations on a page: {told}", path)


def _holds_picture(annotation: etree._Element) -> bool:
    return next(annotation.iter(tag("ImageObject"), tag("CompositeObject")), None) is not None


def check_ids(log: Log, signatures: Sequence[Described], list_path: str) -> None:
    """No two stamps or signatures share an ID."""
    found = [one.record.id for one in signatures]
    found += [stamp.id for one in signatures for stamp in one.description.stamps]
    if len(set(found)) != len(found):
        log.note(Step.RECORDS, "签名或印章的标识重复", "signatures or stamps share an ID", list_path)

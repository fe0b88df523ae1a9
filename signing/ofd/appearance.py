"""Step 13: the seals that are seen are the seals that were signed."""

from __future__ import annotations

from collections.abc import Sequence

from documents.package import Package
from signing.errors import LayoutRefused
from signing.ofd.coverage import Described
from signing.ofd.description import Kind
from signing.ofd.layout import Layout, load, tag
from signing.ofd.seal import lies_on
from signing.ofd.steps import Step
from signing.report import Log, SealFacts

#: How a picture of each type begins; SVG and OFD pictures are not looked into.
_BEGINNINGS = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
    "ofd": (b"PK\x03\x04",),
    "svg": (b"<", b"\xef\xbb\xbf<"),
}


def check_stamps(log: Log, layout: Layout, one: Described, facts: SealFacts) -> None:
    """Where one seal is drawn, and that its picture is one."""
    pages = {page.id: page for page in layout.pages}
    stamps = one.description.stamps
    before = len(log.findings)
    for stamp in stamps:
        page = pages.get(stamp.page)
        if page is None:
            log.failed(Step.APPEARANCE, "印章所在页面不存在", "a seal is drawn on no page", one.record.path)
        elif not lies_on(page.box, stamp.boundary, stamp.clip):
            log.failed(Step.APPEARANCE, "印章超出页面", "a seal does not lie on its page", one.record.path)
    beginnings = _BEGINNINGS.get(facts.picture_type.lower())
    if one.record.kind is Kind.SEAL and (beginnings is None or not facts.picture.startswith(beginnings)):
        log.failed(Step.APPEARANCE, "印章图像无法显示", "the seal's picture is not of its type", one.description.value)
    if one.record.kind is Kind.SEAL and not stamps:
        log.note(Step.APPEARANCE, "该印章未在页面上显示", "this seal is drawn on no page", one.record.path)
    if len(log.findings) == before:
        log.passed(
            Step.APPEARANCE, f"印章显示位置正确（{len(stamps)} 处）", f"drawn in {len(stamps)} places on the page"
        )


def check_imitations(log: Log, package: Package, layout: Layout) -> None:
    """Annotations that look like seals: a picture no signature vouches for as a seal."""
    for path in layout.annotations:
        try:
            root = load(package, path, "PageAnnot")
        except LayoutRefused as error:
            log.failed(Step.APPEARANCE, "批注文件无法读取", error.detail, path)
            continue
        for annotation in root.findall(tag("Annot")):
            kind = annotation.get("Type")
            if kind == "Stamp":
                log.failed(Step.APPEARANCE, "用批注画出的印章", "an annotation poses as a seal", path)
            elif kind == "Watermark" and annotation.find(f".//{tag('ImageObject')}") is not None:
                log.unknown(
                    Step.APPEARANCE,
                    "水印中含有图像，请人工确认不是印章",
                    "a watermark holds a picture; look at it",
                    path,
                )


def check_ids(log: Log, signatures: Sequence[Described], list_path: str) -> None:
    """No two stamps or signatures share an ID."""
    found = [one.record.id for one in signatures]
    found += [stamp.id for one in signatures for stamp in one.description.stamps]
    if len(set(found)) != len(found):
        log.note(Step.RECORDS, "签名或印章的标识重复", "signatures or stamps share an ID", list_path)

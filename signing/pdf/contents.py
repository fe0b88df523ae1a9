"""What stands on and in a signed PDF besides the licence: whether the seal is seen, and what else a reader meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from documents.pdf.walk import TooManyParts, dictionaries
from signing.errors import PdfRefused

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

#: Objects looked at; a licence has some thirty.
_MOST_OBJECTS = 50_000
_MOST_PAGES = 2_000
_HIDDEN, _NO_VIEW = 1 << 1, 1 << 5
#: Keys that make a document do something, or show what is elsewhere.
_TOLD = {
    "/JS": ("JavaScript 脚本", "JavaScript"),
    "/JavaScript": ("JavaScript 脚本", "JavaScript"),
    "/OpenAction": ("打开时执行的动作", "an action when opened"),
    "/AA": ("自动动作", "automatic actions"),
    "/XFA": ("XFA 表单", "an XFA form"),
    "/OCProperties": ("可隐藏的图层", "layers that can be hidden"),
    "/RichMedia": ("多媒体内容", "rich media"),
    "/URI": ("外部链接", "links to elsewhere"),
    "/DSS": ("长期验证数据", "validation data for later"),
    "/Collection": ("文件包", "a collection of files"),
    "/FFilter": ("外部数据流", "streams outside the file"),
}
_ACTIONS = {
    "/Launch": ("启动外部程序的动作", "actions that launch programs"),
    "/GoToR": ("跳转到其他文件的动作", "actions that open other files"),
    "/GoToE": ("跳转到附件的动作", "actions that open attached files"),
    "/SubmitForm": ("提交表单的动作", "actions that send forms"),
    "/ImportData": ("导入数据的动作", "actions that import data"),
    "/Rendition": ("多媒体动作", "actions that play media"),
    "/FileAttachment": ("附件批注", "files attached to a page"),
    "/RichMedia": ("多媒体批注", "rich media"),
    "/FreeText": ("文字批注", "text laid over a page"),
}
_ONE_ATTACHMENT = "licence.xml"


def extras(reader: PdfFileReader) -> list[tuple[str, str]]:
    """What the file holds that a licence of this house does not, in Chinese and English.

    Raises:
        PdfRefused: it cannot be walked through, or has more objects than any licence.
    """
    try:
        return _extras(reader)
    except PdfRefused:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises all sorts over broken objects
        raise PdfRefused("文件对象无法读取", f"an object cannot be read ({type(error).__name__})") from None


def _extras(reader: PdfFileReader) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    try:
        for one in dictionaries(reader.root, _MOST_OBJECTS):
            _look(one, found)
    except TooManyParts:
        raise PdfRefused("文件对象过多", f"the file has more than {_MOST_OBJECTS} parts") from None
    return list(found)


def _look(one: Any, found: dict[tuple[str, str], None]) -> None:
    for key in one:
        if key in _TOLD:
            found[_TOLD[key]] = None
    for key in ("/S", "/Subtype"):
        action = one.get(key)
        if isinstance(action, str) and action in _ACTIONS:
            found[_ACTIONS[action]] = None
    field = one.get("/FT")
    if isinstance(field, str) and field != "/Sig":
        found["可填写的表单字段", "form fields that can be filled"] = None
    if "/EF" in one and str(one.get("/UF") or one.get("/F")) != _ONE_ATTACHMENT:
        found["其他附件", "attached files other than the licence's data"] = None


def seal_shows(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> tuple[str, str] | None:
    """Why the signature's seal is not to be seen on its page, in Chinese and English; None when it is.

    Raises:
        PdfRefused: pages or annotations cannot be read.
    """
    try:
        return _seal_shows(reader, embedded)
    except PdfRefused:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise PdfRefused("页面无法读取", f"a page cannot be read ({type(error).__name__})") from None


def _seal_shows(reader: PdfFileReader, embedded: EmbeddedPdfSignature) -> tuple[str, str] | None:
    field = embedded.sig_field
    rect = [float(one) for one in field.get("/Rect", ())]
    if len(rect) != 4 or rect[0] == rect[2] or rect[1] == rect[3]:
        return "签名不可见，页面上没有印章", "the signature is invisible: there is no seal on a page"
    if int(field.get("/F", 0)) & (_HIDDEN | _NO_VIEW):
        return "印章被隐藏", "the seal is hidden"
    if "/N" not in field.get("/AP", {}):
        return "印章没有外观", "the seal has no appearance"
    box = _page_box(reader, field)
    if box is None:
        return "印章不在任何页面上", "the seal is on no page"
    left, right = sorted((rect[0], rect[2]))
    low, high = sorted((rect[1], rect[3]))
    if left < box[0] - 2 or low < box[1] - 2 or right > box[2] + 2 or high > box[3] + 2:
        return "印章超出页面", "the seal does not lie on its page"
    return None


def _page_box(reader: PdfFileReader, field: Any) -> list[float] | None:
    """The MediaBox of the page whose annotations hold the field."""
    from pyhanko.pdf_utils import generic

    own = field.container_ref
    waiting: list[tuple[Any, Any]] = [(reader.root["/Pages"], None)]
    seen = 0
    while waiting:
        node, box = waiting.pop()
        seen += 1
        if seen > _MOST_PAGES:
            raise PdfRefused("页数过多", f"the file has more than {_MOST_PAGES} pages")
        box = node.get("/MediaBox", box)
        if "/Kids" in node:
            # By number, as only that follows references.
            waiting += [(node["/Kids"][index], box) for index in range(len(node["/Kids"]))]
            continue
        annotations = node.get("/Annots", generic.ArrayObject())
        for index in range(len(annotations)):
            one = annotations.raw_get(index)
            if isinstance(one, generic.IndirectObject) and own is not None and one.reference == own:
                return [float(side) for side in box]
    return None

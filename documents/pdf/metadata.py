"""What a licence's PDF says about itself: XMP for machines, the information dictionary for viewers.

Both say the same, as readers are told to prefer either. The elements of GB/T 36903 stand in the XMP under
their code names, in a namespace of this house.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from documents.errors import TextRefused
from documents.parts import Sheet
from documents.pdf.objects import day, numbered, stream, text

PRODUCER = "Yizheng Hub PDF writer"
NAMESPACE = "urn:yizheng-hub:licence:1"
_ELEMENT = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w.-]*")
_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" '
    f'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:lic="{NAMESPACE}">'
    "<dc:format>application/pdf</dc:format><dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>"
    f"<pdf:Producer>{PRODUCER}</pdf:Producer>"
)
_TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'


def xmp(number: int, sheet: Sheet) -> bytes:
    """The metadata stream.

    Raises:
        TextRefused: a metadata element's code name is no XML name.
    """
    page = sheet.page
    strange = [name for name in page.metadata if not _ELEMENT.fullmatch(name)]
    if strange:
        raise TextRefused(
            f"metadata {strange[0]!r} is no name of an XML element; nothing was drawn. Use the element's code name."
        )
    date = f"{page.created.isoformat()}T00:00:00+08:00"
    elements = "".join([f"<lic:{name}>{escape(value)}</lic:{name}>" for name, value in page.metadata.items()])
    title, about, author = _inside(page.title), _inside(sheet.template.title), escape(sheet.author)
    body = (
        f"{_HEAD}<dc:title>{title}</dc:title><dc:description>{about}</dc:description>"
        f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>"
        f"<xmp:CreatorTool>{escape(page.creator)}</xmp:CreatorTool>"
        f"<xmp:CreateDate>{date}</xmp:CreateDate><xmp:ModifyDate>{date}</xmp:ModifyDate>"
        f"<xmp:MetadataDate>{date}</xmp:MetadataDate><xmpMM:DocumentID>uuid:{page.doc_id}</xmpMM:DocumentID>"
        f"{elements}{_TAIL}"
    )
    return stream(number, b"/Type/Metadata/Subtype/XML", body.encode())


def _inside(value: str) -> str:
    return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(value)}</rdf:li></rdf:Alt>'


def information(number: int, sheet: Sheet) -> bytes:
    """The information dictionary."""
    page = sheet.page
    date = day(page.created)
    return numbered(
        number,
        b"<</Title %b/Author %b/Subject %b/Creator %b/Producer %b/CreationDate %b/ModDate %b>>"
        % (
            text(page.title),
            text(sheet.author),
            text(sheet.template.title),
            text(page.creator),
            text(PRODUCER),
            date,
            date,
        ),
    )

"""What can go wrong between a licence's fields and its file; the codes are listed in docs/errors.md."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Permanent, Rejected


class GlyphMissing(Rejected):
    """The embedded font has no glyph for a character; nothing was drawn.

    `field` is the template's key, `code_points` are the lacking characters as "U+4E00". The
    characters' neighbours are not told, as they may spell a person's name.
    """

    code: ClassVar[str] = "HUB-410"

    def __init__(self, field: str, code_points: tuple[str, ...], font: str) -> None:
        super().__init__(
            f"field {field} needs {', '.join(code_points)}, which {font} does not have; "
            "nothing was drawn. Correct the record, or add a font that has it to documents/fonts."
        )
        self.field = field
        self.code_points = code_points


class TextOverflow(Rejected):
    """A value does not fit its box even at the template's smallest size; nothing was drawn."""

    code: ClassVar[str] = "HUB-411"

    def __init__(self, field: str, length: int, room: str) -> None:
        super().__init__(
            f"field {field} has {length} characters, which do not fit {room}; nothing was drawn. "
            "Shorten the value at its source, or give the template's box more room."
        )
        self.field = field
        self.length = length


class FieldsUnfit(Rejected):
    """The given fields are not those of the template: one is missing, empty or unknown."""

    code: ClassVar[str] = "HUB-412"


class TextRefused(Rejected):
    """A value holds a character that no XML file can hold, or is not of the promised shape."""

    code: ClassVar[str] = "HUB-413"


class TemplateBroken(Permanent):
    """A template file is absent, unreadable or contradicts itself; its designer corrects it."""

    code: ClassVar[str] = "HUB-414"


class FontBroken(Permanent):
    """A font file of documents/fonts is absent or damaged; lay it there again from the release."""

    code: ClassVar[str] = "HUB-415"


class NotReadable(Rejected):
    """A package that is not one of ours to read: a part is missing, malformed or of a kind we never write."""

    code: ClassVar[str] = "HUB-416"


class PagesDisagree(Rejected):
    """The pages given for one document are not sheets of one licence, or there are none; nothing was drawn."""

    code: ClassVar[str] = "HUB-417"


class PictureRefused(Rejected):
    """A picture for a PDF is no PNG, is damaged, or has more pixels than any seal needs."""

    code: ClassVar[str] = "HUB-420"

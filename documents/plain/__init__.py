"""Plain A4 sheets of any number of pages, with no template: certificates, reports, inventories, receipts."""

from documents.plain.words import Sheet, Table
from documents.plain.writer import Drawn, draw
from documents.watermark import Watermark

__all__ = ["Drawn", "Sheet", "Table", "Watermark", "draw"]

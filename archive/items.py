"""The rows of the four-property check 四性检测, in the order of a report.

Numbers follow DA/T 70-2018. Those whose meaning is confirmed to us are checked where a file can answer them; the others
are rows too, always "not done" with the reason, so that a report never looks fuller than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archive import deep_rules, rules, virus_rules
from archive.opened import Opened
from archive.report import Finding, Property

_Rule = Callable[[Opened], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the check.

    Attributes:
        number: that of DA/T 70-2018; None for what our own package form demands.
        rule: what looks; None where a file cannot answer it, for the reason in `why_not`.
        decisive: while it was not judged, the verdict is "cannot tell". Every scheme uses it at every stage.
    """

    key: str
    number: str | None
    property: Property
    zh: str
    en: str
    rule: _Rule | None
    decisive: bool = False
    why_not: tuple[str, str] = ("", "")


_F, _A, _I, _U, _S = Property.FORM, Property.AUTHENTICITY, Property.INTEGRITY, Property.USABILITY, Property.SAFETY
_UNSURE = ("条目含义未核实", "what the standard means by this number is not confirmed to us")

ITEMS: tuple[Item, ...] = (
    Item("container", "3-8", _U, "包内格式合规（无加密、无私有压缩）", "plain container", None, decisive=True),
    Item(
        "same_bytes", None, _F, "按内容重新封装后字节一致", "bytes follow from the entries", rules.same_bytes,
        decisive=True,
    ),
    Item("signature", "1-1", _A, "固化信息（来源）", "fixed by a trusted signature", rules.signature, decisive=True),
    Item("length", "1-2", _A, "长度（未核实）", "length of values (unverified)", None, why_not=_UNSURE),
    Item("file_types", "1-3", _A, "类型与格式", "declared formats are taken", rules.file_types),
    Item("value_range", "1-4", _A, "值域（未核实）", "range of values (unverified)", None, why_not=_UNSURE),
    Item("reasonable_times", "1-5", _A, "合理性", "dates are possible", rules.reasonable_times),
    Item("special_signs", "1-6", _A, "特殊字符", "no special signs", rules.special_signs),
    Item("archive_code", "1-7", _A, "档号规范", "archive code in form", rules.archive_code),
    Item("no_repeats", "1-8", _A, "重复性", "nothing twice", rules.no_repeats),
    Item("number_1_9", "1-9", _A, "第9项（未核实）", "item 9 (unverified)", None, why_not=_UNSURE),
    Item(
        "electronic_attributes", "1-10", _A, "内容与电子属性一致", "size, name and format agree",
        rules.electronic_attributes,
    ),
    Item(
        "metadata_and_content", "1-11", _A, "元数据与内容关联", "metadata and content belong together",
        rules.metadata_and_content, decisive=True,
    ),
    Item("seals", None, _A, "包内文件签章有效", "seals inside are right", deep_rules.seals, decisive=True),
    Item("lists_in_form", "1-12", _A, "说明、目录文件规范", "lists in form", rules.lists_in_form),
    Item("folder_structure", "1-13", _A, "目录结构", "folder structure", rules.folder_structure),
    Item("digests", "1-14", _A, "包一致性", "digests agree", rules.digests, decisive=True),
    Item("file_count", "2-1", _I, "总件数", "number of files", rules.file_count),
    Item("byte_count", "2-2", _I, "总字节数", "number of bytes", rules.byte_count),
    Item("metadata_complete", "2-3", _I, "元数据完整", "metadata complete", rules.metadata_complete),
    Item("required_values", "2-4", _I, "必填项", "required values", rules.required_values),
    Item("process_recorded", "2-5", _I, "过程信息", "handling recorded", rules.process_recorded),
    Item("numbers_run_on", "2-6", _I, "连续性", "numbers run on", rules.numbers_run_on),
    Item("content_whole", "2-7", _I, "内容完整", "content whole", rules.content_whole),
    Item("attachments", "2-8", _I, "附件（未核实）", "attachments (unverified)", None, why_not=_UNSURE),
    Item("filing_scope", "2-9", _I, "归档范围", "scope of filing", rules.filing_scope),
    Item("metadata_listed", "2-10", _I, "包元数据完整", "metadata covered by the list", rules.metadata_listed),
    Item(
        "listed_files_are_there", "2-11", _I, "包内容完整", "listed files are there", rules.listed_files_are_there,
        decisive=True,
    ),
    Item("metadata_readable", "3-1", _U, "包内元数据可读", "metadata readable", rules.metadata_readable),
    Item(
        "catalogue", "3-2", _U, "库内元数据可访问", "metadata in the catalogue accessible", None,
        why_not=("须在档案库内检测", "only the archive's catalogue can answer this"),
    ),
    Item("content_format", "3-3", _U, "内容数据格式", "content opens in its format", rules.content_format),
    Item("number_3_4", "3-4", _U, "可读性第4项（未核实）", "readability, item 4 (unverified)", None, why_not=_UNSURE),
    Item("number_3_5", "3-5", _U, "长期可用第5项（未核实）", "long use, item 5 (unverified)", None, why_not=_UNSURE),
    Item("number_3_6", "3-6", _U, "环境第6项（未核实）", "environment, item 6 (unverified)", None, why_not=_UNSURE),
    Item("number_3_7", "3-7", _U, "可用性第7项（未核实）", "usability, item 7 (unverified)", None, why_not=_UNSURE),
    Item("scanner_state", "4-1", _S, "杀毒软件状态", "virus scanner in order", virus_rules.scanner_state),
    Item("virus", "4-2", _S, "病毒", "free of viruses", virus_rules.virus),
    Item("nothing_extra", "4-3", _S, "多余文件", "nothing extra", rules.nothing_extra, decisive=True),
    Item("hidden_files", None, _S, "无隐藏文件", "no hidden files", deep_rules.hidden_files),
    Item("foreign_in_pdf", None, _S, "PDF无附带文件和脚本", "no files or scripts in a PDF", deep_rules.foreign_in_pdf),
    Item(
        "dangerous_content", None, _S, "无可执行程序、脚本和宏", "no programs, scripts or macros",
        deep_rules.dangerous_content,
    ),
    Item("number_4_4", "4-4", _S, "载体读写速度（未核实）", "speed of the carrier (unverified)", None, why_not=_UNSURE),
    Item("number_4_5", "4-5", _S, "载体外观（未核实）", "look of the carrier (unverified)", None, why_not=_UNSURE),
    Item("number_4_6", "4-6", _S, "光盘质量（未核实）", "quality of the disc (unverified)", None, why_not=_UNSURE),
    Item(
        "process_safety", "4-7", _S, "过程安全", "process safe", None,
        why_not=("须由归档、移交流程留痕证明", "the record of filing and transfer has to answer this"),
    ),
    Item("compression", None, _S, "压缩率", "compression ratio", rules.compression),
)  # fmt: skip

"""What each item of the check looks at. A rule returns what it found wrong; nothing found means passed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from archive.case import ArchiveCode, FolderKind, Outcome, fit_text
from archive.metadata import (
    BASE_FIELDS,
    BASE_INFO,
    DIGEST_LIST,
    EVENT_FIELDS,
    FILE_FIELDS,
    OPTIONAL_FIELDS,
    PROCESS_INFO,
    SIGNATURE,
)
from archive.opened import CannotJudge, Opened, Unreadable
from archive.report import Finding
from archive.retention import Retention
from core.clock import SHANGHAI
from core.digest import sm3_hex
from core.errors import HubError, Rejected

_CODE_PARTS = ("fonds_no", "archive_category", "archive_year", "archive_unit", "archive_item_no")
_SET_BY_US = (BASE_INFO, PROCESS_INFO, DIGEST_LIST, SIGNATURE)


def same_bytes(package: Opened) -> Iterator[Finding]:
    """The whole file follows from its entries: nothing hides in headers, gaps, comments or order."""
    order = [line.path for line in package.digests.lines] + [DIGEST_LIST, SIGNATURE]
    if list(package.entries) != order:
        yield Finding("条目顺序与摘要清单不一致", "the entries are not in the order of the digest list")
    if not package.package.is_written_as(package.data):
        yield Finding(
            "按包内文件重新封装后字节不同：文件头、间隙、注释或压缩方式被改动",
            "packing the entries again gives other bytes: a header, gap, comment or compression was changed",
        )


def signature(package: Opened) -> Iterator[Finding]:
    """The digest list is signed, and by somebody we trust."""
    if SIGNATURE not in package.entries:
        yield Finding("缺少签名文件", "the signature is missing", SIGNATURE)
        return
    if package.verify_signature is None:
        raise CannotJudge("未配置签名验证，无法判断来源", "no signature verifier is configured")
    try:
        package.verify_signature(package.part(DIGEST_LIST), package.entries[SIGNATURE])
    except Rejected as refusal:
        yield Finding(
            f"摘要清单的签名无效（{refusal.code}）",
            f"the signature of the digest list is wrong ({refusal.code})",
            SIGNATURE,
        )
    except HubError as problem:
        raise CannotJudge(
            f"签名暂时无法判断（{problem.code}）", f"the signature cannot be judged ({problem.code})"
        ) from None


def file_types(package: Opened) -> Iterator[Finding]:
    """Declared formats are formats this archive takes."""
    for index, (_, file) in enumerate(package.base.files):
        if file.get("format_information") not in package.policy.formats:
            yield Finding("文件格式不在接收范围内", "a file format is not taken", package.base.path_of(index))


def reasonable_times(package: Opened) -> Iterator[Finding]:
    """Dates can be read and follow each other."""
    values = package.base.values
    accepted, decided = _day(values.get("accept_date", "")), _day(values.get("result_date", ""))
    packed = _moment(values.get("package_creation_time", ""))
    if accepted is None or decided is None or packed is None:
        yield Finding("受理、办结日期或封装时间无法识别", "a date of the case cannot be read", BASE_INFO)
        return
    if decided < accepted:
        yield Finding("办结日期早于受理日期", "the case was decided before it was accepted", BASE_INFO)
    if packed.astimezone(SHANGHAI).date() < decided:
        yield Finding("封装时间早于办结日期", "the package is older than the decision", BASE_INFO)
    for index, (_, file) in enumerate(package.base.files):
        created = _moment(file.get("computer_file_creation_time", ""))
        if created is None or created > packed:
            yield Finding(
                "文件形成时间无法识别或晚于封装时间",
                "a file's creation time cannot be read or is later than the package",
                package.base.path_of(index),
            )
    moments = [_moment(event.get("when", "")) for event in package.process.events]
    readable = [moment for moment in moments if moment is not None]
    if len(readable) != len(moments) or readable != sorted(readable):
        yield Finding("办理过程时间无法识别或先后颠倒", "event times cannot be read or run backwards", PROCESS_INFO)


def special_signs(package: Opened) -> Iterator[Finding]:
    """No control signs, private-use signs or U+FFFD in names and metadata."""
    for path in package.entries:
        if not fit_text(path):
            yield Finding("文件名含特殊字符", "an entry name holds signs that are no text", path)
    for path, sources in (
        (BASE_INFO, [package.base.values, package.base.attributes, *(file for _, file in package.base.files)]),
        (PROCESS_INFO, list(package.process.events)),
    ):
        bad = sorted({name for source in sources for name, text in source.items() if not fit_text(text)})
        if bad:
            yield Finding(
                f"元数据含特殊字符：{'、'.join(bad)}", f"metadata holds signs that are no text: {', '.join(bad)}", path
            )


def archive_code(package: Opened) -> Iterator[Finding]:
    """The parts of the 档号 stand together and have a year; the whole is as this archive's rule gives it."""
    parts = {name: package.base.values[name] for name in _CODE_PARTS if name in package.base.values}
    if not parts:
        raise CannotJudge("尚未赋予档号", "no archive code has been assigned yet")
    if len(parts) != len(_CODE_PARTS) or not all(parts.values()):
        yield Finding("档号组成不全", "parts of the archive code are missing", BASE_INFO)
    if not re.fullmatch(r"[12]\d{3}", parts.get("archive_year", ""), re.ASCII):
        yield Finding("档号年度应为四位数字", "the year of the archive code is not four digits", BASE_INFO)
    rule = package.policy.code_rule
    values = package.base.values
    code = ArchiveCode(*(values.get(name, "") for name in (*_CODE_PARTS, "archive_code")))
    if rule is not None and rule.fonds is not None and not rule.fits(code):
        yield Finding("档号不符合本馆规则", "the archive code is not one this archive's rule gives", BASE_INFO)


def no_repeats(package: Opened) -> Iterator[Finding]:
    """No file code, no path and no electronic file number stands twice."""
    files = package.base.files
    codes = Counter(file.get("file_code", "") for _, file in files)
    paths = Counter(package.base.path_of(index) for index in range(len(files)))
    for code in sorted(code for code, count in codes.items() if count > 1):
        yield Finding(f"文件编号重复：{code}", f"a file code stands twice: {code}", BASE_INFO)
    for path in sorted(path for path, count in paths.items() if count > 1):
        yield Finding("同一文件在元数据中出现多次", "one file stands in the metadata more than once", path)
    for path in sorted(p for p, n in Counter(line.path for line in package.digests.lines).items() if n > 1):
        yield Finding("同一文件在摘要清单中出现多次", "one file stands in the digest list more than once", path)
    if package.policy.held is not None and package.base.values.get("electronic_file_no", "") in package.policy.held:
        yield Finding("电子文件号已存在于档案库", "the archive already holds this electronic file number", BASE_INFO)
    archive_code, owner = package.base.values.get("archive_code"), package.policy.code_owner
    if archive_code and owner and owner(archive_code) not in (None, package.base.values.get("electronic_file_no")):
        yield Finding("档号已属于另一电子文件", "the archive code belongs to another electronic file", BASE_INFO)


def electronic_attributes(package: Opened) -> Iterator[Finding]:
    """Size, name and format in the metadata are those of the bytes."""
    for index, (_, file) in enumerate(package.base.files):
        path = package.base.path_of(index)
        data = package.entries.get(path)
        if data is None:
            continue  # said by `metadata_and_content`
        if file.get("computer_file_size") != str(len(data)):
            yield Finding("文件大小与元数据不一致", "the size differs from the metadata", path)
        expected = f"{file.get('file_code', '')}_{file.get('file_actual_name', '')}"
        if file.get("computer_file_name") != expected:
            yield Finding("计算机文件名与文件编号、原名不一致", "the file name differs from code and actual name", path)
        declared = file.get("format_information", "")
        known = package.policy.formats.get(declared)
        if known is not None and not (path.lower().endswith(known.suffixes) and package.holds(declared, path)):
            yield Finding("文件内容与声明的格式不一致", "the bytes are not of the declared format", path)


def metadata_and_content(package: Opened) -> Iterator[Finding]:
    """Every file the metadata names is there, and every file that is there is named."""
    named = [package.base.path_of(index) for index in range(len(package.base.files))]
    for path in named:
        if path not in package.entries:
            yield Finding("元数据列出的文件不在包内", "the metadata names a file that is not there", path)
    for path in package.entries:
        if path not in named and path not in _SET_BY_US:
            yield Finding("包内文件未在元数据中列出", "a file is not named in the metadata", path)
    number = package.base.values.get("electronic_file_no")
    if package.process.electronic_file_no != number:
        yield Finding(
            "管理过程元数据的电子文件号不一致", "the process metadata names another electronic file", PROCESS_INFO
        )
    if package.digests.electronic_file_no != number:
        yield Finding("摘要清单的电子文件号不一致", "the digest list names another electronic file", DIGEST_LIST)


def lists_in_form(package: Opened) -> Iterator[Finding]:
    """The two metadata files and the digest list are at the root under their names."""
    for path in (BASE_INFO, PROCESS_INFO, DIGEST_LIST):
        if path not in package.entries:
            yield Finding(f"缺少{path}", f"{path} is missing", path)
    for fault in package.digests.faults:
        yield Finding(f"摘要清单条目不规范：{fault}", f"a line of the digest list is malformed: {fault}", DIGEST_LIST)
    if package.digests.algorithm != "SM3":
        yield Finding("摘要清单未声明SM3算法", "the digest list does not declare SM3", DIGEST_LIST)


def folder_structure(package: Opened) -> Iterator[Finding]:
    """The folders are the three of the package form, in order, one level deep."""
    expected = [(kind.id, kind.value) for kind in FolderKind]
    if list(package.base.folders) != expected:
        yield Finding("文件夹及其编号与规定不符", "the folders are not the three prescribed ones", BASE_INFO)
    titles = {kind.value for kind in FolderKind}
    for path in package.entries:
        folder, _, name = path.partition("/")
        if path not in _SET_BY_US and (folder not in titles or not name or "/" in name):
            yield Finding("文件不在规定的文件夹内", "a file lies outside the prescribed folders", path)


def digests(package: Opened) -> Iterator[Finding]:
    """Size and SM3 of every listed file are those of the digest list."""
    for line in package.digests.lines:
        data = package.entries.get(line.path)
        if data is None:
            continue  # said by `listed_files_are_there`
        if line.size != str(len(data)):
            yield Finding("文件大小与摘要清单不一致", "the size differs from the digest list", line.path)
        if line.sm3 != sm3_hex(data):
            yield Finding("文件SM3摘要与摘要清单不一致", "the SM3 digest differs from the digest list", line.path)


def file_count(package: Opened) -> Iterator[Finding]:
    """总件数: the number the metadata states is the number of files."""
    count = sum(path not in _SET_BY_US for path in package.entries)
    if package.base.values.get("file_count") != str(count):
        yield Finding("总件数与包内文件数不一致", "the stated number of files is not the number there", BASE_INFO)


def byte_count(package: Opened) -> Iterator[Finding]:
    """总字节数: the sum the metadata states is the sum of the files."""
    count = sum(len(data) for path, data in package.entries.items() if path not in _SET_BY_US)
    if package.base.values.get("byte_count") != str(count):
        yield Finding("总字节数与包内文件不一致", "the stated number of bytes is not the number there", BASE_INFO)


def metadata_complete(package: Opened) -> Iterator[Finding]:
    """Every element stands exactly once and none is unknown."""
    for path, faults in ((BASE_INFO, package.base.faults), (PROCESS_INFO, package.process.faults)):
        for fault in faults:
            yield Finding(
                f"元数据项缺失、重复或未知：{fault}", f"an element is missing, repeated or unknown: {fault}", path
            )


def required_values(package: Opened) -> Iterator[Finding]:
    """Required elements have a value, and values from a fixed list are on it."""
    sources: list[tuple[str, str, Mapping[str, str], tuple[str, ...]]] = [
        (BASE_INFO, "base_info", package.base.values, BASE_FIELDS),
        (BASE_INFO, "base_info", package.base.values, tuple(n for n in OPTIONAL_FIELDS if n in package.base.values)),
        *((BASE_INFO, f"file[{n}]", file, FILE_FIELDS) for n, (_, file) in enumerate(package.base.files, start=1)),
        *((PROCESS_INFO, f"event[{n}]", e, EVENT_FIELDS) for n, e in enumerate(package.process.events, start=1)),
    ]
    for path, where, values, names in sources:
        for name in names:
            if not values.get(name, "").strip():
                yield Finding(f"必填项为空：{where}/{name}", f"a required value is empty: {where}/{name}", path)
    if package.base.values.get("retention_period") not in set(Retention):
        yield Finding("保管期限不在规定的三类之内", "the retention period is none of the three classes", BASE_INFO)
    if package.base.attributes.get("verified") not in ("true", "false") or not package.base.attributes.get("basis"):
        yield Finding("保管期限未注明依据和是否核实", "the retention period lacks its basis or its mark", BASE_INFO)
    if package.base.values.get("result") not in set(Outcome):
        yield Finding("办理结果不在规定的取值之内", "the result is none of the known ones", BASE_INFO)


def process_recorded(package: Opened) -> Iterator[Finding]:
    """At least one handling event is recorded."""
    if not package.process.events:
        yield Finding("没有办理过程记录", "no handling event is recorded", PROCESS_INFO)


def numbers_run_on(package: Opened) -> Iterator[Finding]:
    """连续性: file codes count from 001 without a gap in each folder."""
    ids = {kind.value: kind.id for kind in FolderKind}
    seen: Counter[str] = Counter()
    for index, (title, file) in enumerate(package.base.files):
        seen[title] += 1
        if file.get("file_code") != f"{ids.get(title, '')}-{seen[title]:03d}":
            yield Finding("文件编号不连续", "the file codes do not run on", package.base.path_of(index))


def content_whole(package: Opened) -> Iterator[Finding]:
    """There are files, and none of them is empty."""
    files = {path: data for path, data in package.entries.items() if path not in _SET_BY_US}
    if not files:
        yield Finding("包内没有任何文件", "the package holds no file")
    for path, data in files.items():
        if not data:
            yield Finding("文件为空", "a file is empty", path)


def filing_scope(package: Opened) -> Iterator[Finding]:
    """归档范围: what has to be filed for this item is filed."""
    if package.policy.required is None:
        raise CannotJudge("未提供归档范围", "no scope of filing was given")
    there: dict[str, set[str]] = {}
    for title, file in package.base.files:
        there.setdefault(title, set()).add(file.get("file_standard_name", ""))
    for title, names in package.policy.required.items():
        for name in sorted(set(names) - there.get(title, set())):
            yield Finding(f"{title}缺少应归档的“{name}”", f"{name} has to be filed in {title} and is not", BASE_INFO)


def metadata_listed(package: Opened) -> Iterator[Finding]:
    """The digest list covers the metadata too."""
    listed = {line.path for line in package.digests.lines}
    for path in (BASE_INFO, PROCESS_INFO):
        if path not in listed:
            yield Finding("摘要清单未包含元数据文件", "the digest list leaves the metadata out", path)


def listed_files_are_there(package: Opened) -> Iterator[Finding]:
    """Every file of the digest list is in the package, and it lists neither itself nor its signature."""
    for line in package.digests.lines:
        if line.path not in package.entries:
            yield Finding("摘要清单列出的文件不在包内", "the digest list names a file that is not there", line.path)
        if line.path in (DIGEST_LIST, SIGNATURE):
            yield Finding("摘要清单不得列出自身或签名", "the digest list names itself or its signature", line.path)


def metadata_readable(package: Opened) -> Iterator[Finding]:
    """The XML of the package is well-formed and is what its name says."""
    reads: tuple[tuple[str, Callable[[], object]], ...] = (
        (BASE_INFO, lambda: package.base),
        (PROCESS_INFO, lambda: package.process),
        (DIGEST_LIST, lambda: package.digests),
    )
    for path, read in reads:
        try:
            read()
        except Unreadable as problem:
            yield Finding("XML无法读取或根元素不符", "the XML cannot be read or has another root", problem.file)
        except CannotJudge as missing:
            yield Finding(missing.zh, missing.en, path)


def content_format(package: Opened) -> Iterator[Finding]:
    """Every content file opens as one of the formats taken."""
    for index, (_, file) in enumerate(package.base.files):
        path = package.base.path_of(index)
        declared = file.get("format_information", "")
        if path in package.entries and declared in package.policy.formats and not package.holds(declared, path):
            yield Finding("文件内容无法按声明的格式识别", "the content cannot be recognised", path)


def nothing_extra(package: Opened) -> Iterator[Finding]:
    """多余文件: nothing is there that the digest list does not name."""
    listed = {line.path for line in package.digests.lines} | {DIGEST_LIST, SIGNATURE}
    for path in package.entries:
        if path not in listed:
            yield Finding("包内有摘要清单之外的文件", "a file is there that the digest list does not name", path)


def compression(package: Opened) -> Iterator[Finding]:
    """No suspicious compression. Our own packages are stored; this looks at those of others."""
    unpacked = sum(map(len, package.entries.values()))
    saved = 1 - len(package.data) / unpacked if unpacked else 0.0
    if saved > package.policy.most_compression:
        yield Finding(
            f"压缩率{saved:.1%}，超过{package.policy.most_compression:.0%}，疑似压缩炸弹",
            f"compression saves {saved:.1%}, more than {package.policy.most_compression:.0%}: perhaps a bomb",
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None

"""Items that look into every file, and into the files in it: harm, hidden files, foreign matter, seals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from archive.case import FolderKind
from archive.inside import Inner, Unopened, danger_in
from archive.opened import CannotJudge, NothingToJudge, Opened
from archive.pdf_look import PdfTooLarge, PdfUnsound, foreign_matter
from archive.report import Finding
from core.verdict import Verdict

#: Left behind by file managers, lower case; "~$" are lock files of office programs.
_LEFT_BEHIND = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin"})


def dangerous_content(package: Opened) -> Iterator[Finding]:
    """No file, nor a file in one, is a program, a script or an office file with macros."""
    for path in package.entries:
        try:
            for inner, data, _ in package.nested(path):
                if danger := danger_in(inner, data):
                    yield Finding(f"内容为{danger[0]}", f"the content is {danger[1]}", inner)
        except Unopened as unopened:
            yield Finding("内含的压缩包无法打开检查", "a zip file in it cannot be looked into", unopened.path)


def hidden_files(package: Opened) -> Iterator[Finding]:
    """No file is there that a file manager does not show or leaves behind."""
    for path in package.entries:
        try:
            for inner, *_ in package.nested(path):
                if _hidden(inner.removeprefix(path + "!/") if inner != path else path):
                    yield Finding("隐藏文件或系统遗留文件", "a hidden file, or one a system left behind", inner)
        except Unopened:
            raise CannotJudge("内含的压缩包无法打开", "a zip file in it cannot be opened", path) from None


def foreign_in_pdf(package: Opened) -> Iterator[Finding]:
    """No PDF holds other files, scripts or actions."""
    pdfs = [path for path, data in package.entries.items() if Inner(path, data).is_pdf]
    if not pdfs:
        raise NothingToJudge("包内没有PDF", "there is no PDF in it")
    for path in pdfs:
        try:
            for zh, en in foreign_matter(package.entries[path]):
                yield Finding(f"PDF含{zh}", f"the PDF holds {en}", path)
        except PdfUnsound:
            yield Finding("PDF无法打开检查", "the PDF cannot be looked into", path)
        except PdfTooLarge:
            raise CannotJudge("PDF对象过多，未检查完", "the PDF has too many parts to look at all", path) from None


def seals(package: Opened) -> Iterator[Finding]:
    """The seal of every OFD and PDF in the package is right; what nobody signed has none to verify."""
    if package.verify_document is None:
        raise CannotJudge("未配置签章验证", "no verifier of seals is configured")
    sealed = bare = False
    unsure: list[tuple[str, str, str]] = []
    for path in package.entries:
        try:
            documents = [inner for inner in package.nested(path) if inner.is_ofd or inner.is_pdf]
        except Unopened:
            unsure.append((path, "内含的压缩包无法打开", "a zip file in it cannot be opened"))
            continue
        for inner in documents:
            seen = package.verify_document(inner)
            if seen.verdict is None:
                if inner.path == path and inner.is_ofd and path.startswith(f"{FolderKind.RESULT.value}/"):
                    bare = True
                    yield Finding("结果文件中的OFD未签章", "an OFD among the results bears no seal", path)
                continue
            sealed = True
            if seen.verdict is Verdict.INVALID:
                yield Finding(f"签章无效：{seen.zh}", f"a seal is wrong: {seen.en}", inner.path)
            elif seen.verdict is Verdict.CANNOT_TELL:
                unsure.append((inner.path, f"签章无法判断：{seen.zh}", f"a seal cannot be judged: {seen.en}"))
    if unsure:
        path, zh, en = unsure[0]
        raise CannotJudge(zh, en, path)
    if not sealed and not bare:
        raise NothingToJudge("包内没有已签章的OFD或PDF", "no OFD or PDF in it is signed")


@lru_cache(maxsize=1024)
def _hidden(path: str) -> bool:
    """Remembered: the files of thousands of licences have the same names."""
    return any(part.startswith((".", "~$")) or part.lower() in _LEFT_BEHIND for part in path.split("/"))

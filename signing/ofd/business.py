"""Step 14: the seals are those the licence needs, and it says to machines what it says to people."""

from __future__ import annotations

from collections.abc import Sequence

from documents.contents import Agreement, compare
from signing.ofd.description import Kind
from signing.ofd.layout import Files
from signing.ofd.steps import Step
from signing.report import Expectation, Log, Organ, SealFacts, printable


def check_expected(log: Log, seals: Sequence[SealFacts], expect: Expectation | None) -> None:
    """Whose seals there are, and how many, against what was expected."""
    stamped = [one for one in seals if one.kind == Kind.SEAL.value]
    if not stamped:
        log.note(Step.BUSINESS, "文件只有数字签名，没有电子印章", "the file is signed and bears no seal")
    if expect is None:
        log.skipped(Step.BUSINESS, "未指定应有的签发机关", "no authority was expected")
        return
    before = len(log.findings)
    if expect.seals is not None and len(stamped) != expect.seals:
        log.failed(
            Step.BUSINESS,
            f"应有 {expect.seals} 个印章，实有 {len(stamped)} 个",
            f"{expect.seals} seals were expected, there are {len(stamped)}",
        )
    code, es_id = expect.credit_code, expect.es_id
    if code is not None and not any(_is_of(one, Organ(code)) for one in stamped):
        log.failed(Step.BUSINESS, "签章者不是应有的机关", "no seal is that of the expected authority")
    elif es_id is not None and not any(_is_of(one, Organ(code or "", es_id)) for one in stamped):
        log.failed(Step.BUSINESS, "印章编码不是应有的机关的", "no seal has the expected ID, or its signer another")
    for organ in _unmatched(expect.organs, stamped):
        log.failed(
            Step.BUSINESS,
            f"缺少机关 {printable(organ.credit_code)} 的印章",
            f"the seal of organ {printable(organ.credit_code)} is missing",
        )
    if expect.makers is not None and any(one.maker_certificate not in expect.makers for one in stamped):
        log.failed(Step.BUSINESS, "制章者不在受认可之列", "a seal is of a maker that is not accepted")
    if len(log.findings) == before:
        log.passed(Step.BUSINESS, "印章与签发机关相符", "the seals are those of the expected authority")


def _is_of(seal: SealFacts, organ: Organ) -> bool:
    return seal.organisation.startswith(organ.credit_code) and (
        organ.es_id is None or organ.es_id == seal.es_id == seal.signer
    )


def _unmatched(organs: Sequence[Organ], seals: Sequence[SealFacts]) -> list[Organ]:
    """The organs left over when as many as can be have a seal of their own."""
    holder: dict[int, int] = {}

    def place(index: int, asked: set[int]) -> bool:
        for number, seal in enumerate(seals):
            if number not in asked and _is_of(seal, organs[index]):
                asked.add(number)
                if number not in holder or place(holder[number], asked):
                    holder[number] = index
                    return True
        return False

    return [organ for index, organ in enumerate(organs) if not place(index, set())]


def check_contents(log: Log, files: Files) -> None:
    """The attached data of a licence of this house's layout says what its pages say."""
    found = compare(files.package, files.root)
    if found.agreement is Agreement.NOT_OURS:
        log.skipped(Step.CONTENTS, "不是本系统版式的证照，未比较", "not a licence in the layout of this house")
    elif found.agreement is Agreement.SAME:
        log.passed(
            Step.CONTENTS, f"附件数据与证面一致（{found.count} 项）", f"data and pages agree ({found.count} entries)"
        )
    elif found.agreement is Agreement.DIFFERENT:
        labels = "、".join(printable(label) for label in found.labels[:8])
        log.failed(
            Step.CONTENTS,
            f"附件数据与证面不一致：{labels}",
            f"data and pages differ: {labels}",
            found.file,
        )
    else:
        log.failed(Step.CONTENTS, "附件数据无法与证面比较", found.why, found.file)

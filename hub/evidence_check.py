"""Evidence is checked where there is nothing but the package, the evidence and the roots: no database, no network.

The way goes from the package's digests to its entry, to a head of the log, to its timestamp, and from renewal to
renewal; the seals in the package are judged as of the earliest moment that way proves.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from archive.report import Stage, Status
from core.clock import day_text, second_text
from core.errors import HubError, Rejected
from core.merkle import check_inclusion, leaf_hash
from core.settings import Settings
from core.verdict import Verdict
from hub import log_heads, renewals
from hub.evidence_chain import Proven, judge
from hub.evidence_heads import LinkSigner, doubt_renewals
from hub.inspect import check_package
from hub.log_heads import Head
from hub.renewals import DIGESTS, Covered, Renewal, chained, head_digests, leaves_of
from hub.stamp_trust import StampTrust
from hub.trust import is_sm2
from signing.certificates import Certificate
from store.archive_entries import LOG, said_in

VERSION: Final = 1


class EvidenceMalformed(Rejected):
    """A file is not the evidence of a package as the hub writes it."""

    code: ClassVar[str] = "HUB-991"


@dataclass(frozen=True, slots=True)
class Answer:
    """The plain verdict, and what it rests on.

    Attributes:
        zh, en: the verdict with its reason, a sentence each.
        proven: what the stamps show; None where it did not come to that.
        since: the earliest moment at which the package was there, by its stamps; `until`: so long they show it.
        seals: what the four-property check says of the package as of that moment; None where it was not asked.
        signers: who signed the head and the renewals.
    """

    verdict: Verdict
    zh: str
    en: str
    file_no: str
    proven: Proven | None = None
    since: datetime | None = None
    until: datetime | None = None
    seals: Verdict | None = None
    signers: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "verdict": self.verdict.value,
            "zh": self.zh,
            "en": self.en,
            "file_no": self.file_no,
            "since": second_text(self.since),
            "until": second_text(self.until),
            "seals": None if self.seals is None else self.seals.value,
            "signers": list(self.signers),
            "chains": [] if self.proven is None else [lane.to_dict() for lane in self.proven.lanes],
        }


@dataclass(frozen=True, slots=True)
class _Read:
    """The evidence as it was read; nothing in it is checked."""

    file_no: str
    entry: bytes
    number: int
    path: list[bytes]
    head: Head
    head_paths: dict[str, list[bytes]]
    entry_sha256: list[bytes]
    renewals: list[Renewal]
    certificates: list[bytes] = field(repr=False)


class _Broken(Exception):
    """The evidence contradicts itself or the package. Never leaves the room."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def check(
    data: bytes,
    document: Any,
    settings: Settings | None,
    *,
    anchors: Sequence[bytes] | None = None,
    at: datetime,
    algorithms: Sequence[str] = tuple(DIGESTS),
) -> Answer:
    """Whether the package was in the archive while its seals could be relied on, and until when that can be shown.

    Args:
        data: the package.
        document: its evidence, as read from JSON.
        settings: whose trusted certificates are used; `anchors`: certificates to trust in place of them.
        at: the moment it is to be provable at.
        algorithms: digests that are still believed in, of `sm3` and `sha256`.

    Raises:
        EvidenceMalformed: it is no evidence.
        CertificateRefused, PressMalformed, SchemeUnfit: from what is configured.
    """
    read = _read(document)
    trust = StampTrust.of(settings, anchors)
    try:
        covered = _check_way(data, read, algorithms)
        others = [Certificate.read(one) for one in read.certificates if is_sm2(one)]
        # Made while SM3 held, as the stamps show: believed also when it does not any more.
        signer = LinkSigner.of_head(read.head, LOG)
        doubt = doubt_renewals(read.renewals, covered, trust, others)
    except _Broken as broken:
        return Answer(Verdict.INVALID, f"无效：{broken.zh}", f"invalid: {broken.en}", read.file_no)
    except HubError as error:
        return Answer(Verdict.INVALID, "无效：证据被改动或不是这个归档包的", f"invalid: {error.message}", read.file_no)
    proven = judge(read.head, read.renewals, trust, at, algorithms)
    names = dict.fromkeys((signer.name, *(LinkSigner.of_renewal(said).name for said in covered)))
    found = Answer(proven.verdict, "", "", read.file_no, proven, proven.since, proven.until, signers=tuple(names))
    if proven.verdict is Verdict.INVALID:
        return _told(found, Verdict.INVALID, "时间戳链不成立", proven.reason)
    if proven.since is None:
        return _told(found, Verdict.CANNOT_TELL, "时间戳链已到期、没有或无法核实", proven.reason)
    doubt = doubt or signer.doubt(trust, proven.since, others)
    if doubt is not None:
        return _told(found, doubt[0], "日志签名者的证书当时不可信或无法核实", doubt[1])
    found, fault = _with_seals(found, data, trust, settings, anchors, proven.since)
    if fault is not None:
        return _told(found, *fault)
    since, until = day_text(proven.since), day_text(proven.until or proven.since)
    if proven.verdict is Verdict.CANNOT_TELL:
        return _told(
            found,
            Verdict.CANNOT_TELL,
            f"时间戳链曾中断，只能证明该归档包 {since} 已在馆，其印章当时有效；此前的情况无法证明",
            f"{proven.reason}; it is only shown that the package was there by {since}, and its seals were good then",
        )
    return _told(
        found,
        Verdict.VALID,
        f"该归档包至迟于 {since} 已在馆，其印章当时有效，此后时间戳未中断；凭现有时间戳可证明至 {until}",
        f"the package was in the archive by {since}, its seals were good then, and the timestamps since are unbroken; "
        f"it stays provable by them until {until}",
    )


def _with_seals(
    found: Answer,
    data: bytes,
    trust: StampTrust,
    settings: Settings | None,
    anchors: Sequence[bytes] | None,
    since: datetime,
) -> tuple[Answer, tuple[Verdict, str, str] | None]:
    """The answer with what the package's own check says as of a moment, and what stands against a good verdict."""
    ends: list[datetime] = []
    report = check_package(
        data, trust.sm2, settings=settings, anchors=anchors, stage=Stage.KEEPING, at=since,
        on_certificate_end=ends.append,
    )  # fmt: skip
    found = replace(found, seals=report.verdict)
    if report.verdict is not Verdict.VALID:
        failed = next((one.en for item in report.items for one in item.findings if item.status is Status.FAILED), "")
        en = f"the package itself is {report.verdict.value.replace('_', ' ')} as of {day_text(since)}"
        return found, (report.verdict, "包内印章或结构检测未通过", f"{en}: {failed}" if failed else en)
    if ends and min(ends) < since:
        ended, proven = day_text(min(ends)), day_text(since)
        zh = f"包内一个证书在最早可证明的时刻（{proven}）之前已到期"
        en = f"a certificate in the package ended on {ended}, before the earliest proven moment {proven}"
        return found, (Verdict.CANNOT_TELL, zh, en)
    return found, None


def _told(found: Answer, verdict: Verdict, zh: str, en: str) -> Answer:
    return replace(found, verdict=verdict, zh=f"{verdict.zh}：{zh}", en=f"{verdict.value.replace('_', ' ')}: {en}")


def _read(document: Any) -> _Read:
    try:
        renewed = document["renewed"]
        made = [renewals.from_dict(one) for one in document["renewals"]]
        fits = (document["type"], document["v"], document["log"]) == ("evidence", VERSION, LOG)
        fits = fits and (renewed is None) == (not made) and type(document["number"]) is int
        read = _Read(
            file_no=str(document["file_no"]),
            entry=document["entry"].encode(),
            number=document["number"],
            path=_hashes(document["path"]),
            head=log_heads.from_dict(document["head"]),
            head_paths={} if renewed is None else {name: _hashes(renewed["heads"][name]) for name in DIGESTS},
            entry_sha256=[] if renewed is None else _hashes(renewed["entry_sha256"]),
            renewals=made,
            certificates=[b64decode(one, validate=True) for one in document["certificates"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError, HubError):
        fits = False
    if not fits:
        raise EvidenceMalformed(
            "this is no evidence of a package as the hub writes it; take it anew from where it was made."
        )
    return read


def _check_way(data: bytes, read: _Read, algorithms: Sequence[str]) -> list[Covered]:
    """From the package to what the stamps cover, by each algorithm alone.

    Raises:
        _Broken, ProofRefused, RenewalRefused: it does not lead there.
    """
    said = said_in(read.entry)
    if said is None or said["file_no"] != read.file_no:
        raise _Broken("登记条目不是这个归档包的", "the entry is of another package, or none")
    for name in algorithms:
        if said[name] != DIGESTS[name](data).hex() or said["bytes"] != len(data):
            raise _Broken("归档包与登记的摘要不符", f"the package is not the one its entry tells of ({name})")
    covered = chained(read.renewals, LOG, whole=False)
    if "sm3" in algorithms:
        check_inclusion(leaf_hash(read.entry), read.number, read.head.size, read.path, read.head.root)
    if not covered:
        return []
    first = covered[0]
    if read.head.number > first.head_number:
        raise _Broken("续期不覆盖该签名树头", "the first renewal does not cover the head")
    for name in algorithms:
        tree = first.heads[name]
        leaf = leaves_of(read.head)[name]
        check_inclusion(leaf, read.head.number, tree.size, read.head_paths[name], tree.root(), DIGESTS[name])
        if read.head.number == first.head_number and first.head[name] != head_digests(read.head)[name]:
            raise _Broken("续期覆盖的是另一个签名树头", "the first renewal covers another head")
    if "sha256" in algorithms:
        entries, digest = first.entries, DIGESTS["sha256"]
        check_inclusion(
            leaf_hash(read.entry, digest), read.number, entries.size, read.entry_sha256, entries.root(), digest
        )
    return covered


def _hashes(values: Sequence[str]) -> list[bytes]:
    found = [bytes.fromhex(one) for one in values]
    if any(len(one) != 32 for one in found):
        raise ValueError("no hash")
    return found

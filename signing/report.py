"""What a verification says: a verdict of three values, and every step with its reason in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from core.verdict import Verdict

#: The source of rules that no standard states, in both languages as JSON has it.
HOUSE_RULE = "本系统规则 house rule"
#: What a finding says of a file that no signature was ever put on.
NOT_SIGNED = "the file is not signed"
_HOUSE_ZH, _HOUSE_EN = HOUSE_RULE.split(" ", 1)


class State(StrEnum):
    """The result of one step."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot_tell"
    SKIPPED = "skipped"


class Language(StrEnum):
    """Which words a report for people is in."""

    ZH = "zh"
    EN = "en"
    #: Each line in Chinese, then in English.
    BOTH = "both"


class Step(Protocol):
    """One step of verifying a kind of file; each kind has an Enum of its own with these attributes."""

    @property
    def number(self) -> int:
        """Its place; the report is in this order."""
        ...

    @property
    def zh(self) -> str:
        """Chinese title."""
        ...

    @property
    def en(self) -> str:
        """English title."""
        ...

    @property
    def source(self) -> str:
        """Where the rule comes from: a standard's clause, or this house."""
        ...

    @property
    def name(self) -> str:
        """The stable key of reports, upper case."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found, for one signature (its ID) or the whole file (""); `file` is the one at fault.

    `clause` is where this rule comes from when that is told more closely than by the step.
    """

    step: Step
    state: State
    zh: str
    en: str
    signature: str = ""
    file: str = ""
    clause: str = ""

    @property
    def source(self) -> str:
        """Where the rule comes from: a standard's clause, or this house."""
        return self.clause or self.step.source

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "step": self.step.number,
            "key": self.step.name.lower(),
            "title_zh": self.step.zh,
            "title_en": self.step.en,
            "state": self.state.value,
            "zh": self.zh,
            "en": self.en,
            "signature": self.signature,
            "file": self.file,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class SealFacts:
    """What a signature says of itself, to be believed only as far as the verdict goes.

    For a signature without a seal (Type=Sign) the seal's fields are empty.
    """

    id: str
    kind: str
    signer: str
    organisation: str
    signed_at: datetime | None
    seal_name: str = ""
    es_id: str = ""
    maker: str = ""
    maker_certificate: bytes = field(default=b"", repr=False)
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    stamped_at: datetime | None = None
    picture_type: str = ""
    picture: bytes = field(default=b"", repr=False)
    width_mm: int = 0
    height_mm: int = 0
    #: When the signer's certificate ends.
    certificate_until: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the picture; times in UTC."""
        return {
            "id": self.id,
            "kind": self.kind,
            "signer": self.signer,
            "organisation": self.organisation,
            "signed_at": _text(self.signed_at),
            "seal_name": self.seal_name,
            "es_id": self.es_id,
            "maker": self.maker,
            "valid_from": _text(self.valid_from),
            "valid_to": _text(self.valid_to),
            "stamped_at": _text(self.stamped_at),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A verification, judged as of `at`. `notes` tell what a careful reader should know and do not weigh."""

    verdict: Verdict
    at: datetime
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    seals: tuple[SealFacts, ...]

    @property
    def unsigned(self) -> bool:
        """Whether all that is wrong is that nobody signed the file."""
        return [one.en for one in self.findings if one.state in _WEIGHS] == [NOT_SIGNED]

    @property
    def first_fault(self) -> Finding | None:
        """The finding that decided against the file, None for a valid one."""
        for state in (State.FAILED, State.CANNOT_TELL):
            for one in self.findings:
                if one.state is state:
                    return one
        return None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": self.verdict.value,
            "verdict_zh": self.verdict.zh,
            "at": _text(self.at),
            "steps": [one.to_dict() for one in self.findings],
            "notes": [one.to_dict() for one in self.notes],
            "seals": [one.to_dict() for one in self.seals],
        }

    def lines(self, *, quiet: bool = False, language: Language | str = Language.ZH) -> list[str]:
        """For a terminal; quiet: the verdict only. What did not pass names its file and where the rule comes from."""
        chosen = Language(language)
        told: list[list[str]] = []
        if chosen is not Language.EN:
            told.append(self._lines_zh(quiet=quiet))
        if chosen is not Language.ZH:
            told.append(self._lines_en(quiet=quiet))
        return [line for both in zip(*told, strict=True) for line in both]

    def _lines_zh(self, *, quiet: bool) -> list[str]:
        fault = self.first_fault
        head = self.verdict.zh if fault is None else f"{self.verdict.zh}：第 {fault.step.number} 步，{fault.zh}"
        if quiet:
            return [head]
        lines = [head]
        for one in self.findings:
            whose = f"（{printable(one.signature)}）" if one.signature else ""
            line = f"{one.step.number:2} {one.step.zh}{whose}：{_MARKS_ZH[one.state]}。{one.zh}"
            if one.state in _WEIGHS:
                file = f"文件：{printable(one.file)}；" if one.file else ""
                line += f"（{file}依据：{one.source.replace(HOUSE_RULE, _HOUSE_ZH)}）"
            lines.append(line)
        for one in self.notes:
            whose = f"（{printable(one.signature)}）" if one.signature else ""
            lines.append(f"注意{whose}：{one.zh}" + (f"（文件：{printable(one.file)}）" if one.file else ""))
        return lines

    def _lines_en(self, *, quiet: bool) -> list[str]:
        fault = self.first_fault
        verdict = self.verdict.value.replace("_", " ")
        head = verdict if fault is None else f"{verdict}: step {fault.step.number}, {fault.en}"
        if quiet:
            return [head]
        lines = [head]
        for one in self.findings:
            whose = f" ({printable(one.signature)})" if one.signature else ""
            line = f"{one.step.number:2} {one.step.en}{whose}: {_MARKS_EN[one.state]}. {one.en}"
            if one.state in _WEIGHS:
                file = f"file: {printable(one.file)}; " if one.file else ""
                line += f" ({file}source: {one.source.replace(HOUSE_RULE, _HOUSE_EN)})"
            lines.append(line)
        for one in self.notes:
            whose = f" ({printable(one.signature)})" if one.signature else ""
            lines.append(f"note{whose}: {one.en}" + (f" (file: {printable(one.file)})" if one.file else ""))
        return lines


_MARKS_ZH = {State.PASSED: "通过", State.FAILED: "不通过", State.CANNOT_TELL: "无法判断", State.SKIPPED: "不适用"}
_MARKS_EN = {
    State.PASSED: "passed",
    State.FAILED: "failed",
    State.CANNOT_TELL: "cannot tell",
    State.SKIPPED: "not applicable",
}
_WEIGHS = frozenset((State.FAILED, State.CANNOT_TELL))


@dataclass(frozen=True, slots=True)
class Organ:
    """One organ whose seal must be there: its credit code, which the signer's organisation begins with.

    `es_id` are the 14 digits of its seal, also the signer's common name; None where any seal of the organ will do.
    """

    credit_code: str
    es_id: str | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """Whose seals a licence must carry.

    Args:
        credit_code: the organ's credit code, which the signer's organisation begins with.
        es_id: 14 digits of the organ's seal, also the signer's common name. Given together with `credit_code`,
            one seal must have both.
        seals: how many seals there must be, no more and no fewer.
        organs: for a licence that needs seals of several organs: each must be matched by a seal of its own. Without
            `seals` there may be others besides.
        makers: certificates (DER) of the seal makers to accept. Nothing in a certificate says that its
            holder may make seals, so without this any signer under a trusted root could make one.
    """

    credit_code: str | None = None
    es_id: str | None = None
    seals: int | None = None
    makers: tuple[bytes, ...] | None = None
    organs: tuple[Organ, ...] = ()


class Log:
    """Collects findings; `of` gives one that writes a signature's ID into each."""

    def __init__(self, parent: Log | None = None, signature: str = "") -> None:
        self.findings: list[Finding] = [] if parent is None else parent.findings
        self.notes: list[Finding] = [] if parent is None else parent.notes
        self._signature = signature

    def of(self, signature: str) -> Log:
        """A log for one signature that writes into this one."""
        return Log(self, signature)

    def passed(self, step: Step, zh: str, en: str) -> None:
        """The step is fulfilled."""
        self._add(step, State.PASSED, zh, en, "", "")

    def failed(self, step: Step, zh: str, en: str, file: str = "", clause: str = "") -> None:
        """The step refuses the file; `clause` says where the rule comes from, when closer than the step does."""
        self._add(step, State.FAILED, zh, en, file, clause)

    def unknown(self, step: Step, zh: str, en: str, file: str = "", clause: str = "") -> None:
        """The step cannot be judged here and now."""
        self._add(step, State.CANNOT_TELL, zh, en, file, clause)

    def skipped(self, step: Step, zh: str, en: str) -> None:
        """The step does not apply."""
        self._add(step, State.SKIPPED, zh, en, "", "")

    def note(self, step: Step, zh: str, en: str, file: str = "", clause: str = "") -> None:
        """Worth knowing; does not weigh."""
        self.notes.append(Finding(step, State.PASSED, zh, en, self._signature, file, clause))

    def _add(self, step: Step, state: State, zh: str, en: str, file: str, clause: str) -> None:
        self.findings.append(Finding(step, state, zh, en, self._signature, file, clause))

    def report(self, at: datetime, seals: Sequence[SealFacts]) -> Report:
        """The whole, in the order of steps; nothing passed is not valid."""
        states = {one.state for one in self.findings}
        if State.FAILED in states or not seals:
            verdict = Verdict.INVALID
        elif State.CANNOT_TELL in states:
            verdict = Verdict.CANNOT_TELL
        else:
            verdict = Verdict.VALID
        ordered = tuple(sorted(self.findings, key=lambda one: one.step.number))
        return Report(verdict, at, ordered, tuple(self.notes), tuple(seals))


def printable(text: str) -> str:
    """`text` of a stranger's file for a terminal: what steers one is written as its number, and it has an end."""
    short = text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"
    return "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in short)


def counted(number: int, what: str) -> str:
    """A number with its English noun: "1 seal", "2 seals"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_LONGEST_TOLD = 200


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

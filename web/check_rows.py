"""A file verifier's report, step by step, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.verify import Report
from web.port import StepState


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of verification; `file` is the part at fault, if one is."""

    number: int
    title: str
    state: StepState
    detail: str
    file: str


def rows_of(report: Report) -> list[StepRow]:
    """Every step, in order."""
    # People count seals; the IDs inside the file tell them nothing.
    names = {facts.id: f"（印章 {place}）" for place, facts in enumerate(report.seals, start=1)}
    return [
        StepRow(
            number=finding.step.number,
            title=finding.step.zh + (names.get(finding.signature, "") if len(names) > 1 else ""),
            state=StepState(finding.state.value),
            detail=finding.zh,
            file=finding.file,
        )
        for finding in report.findings
    ]


def notes_of(report: Report) -> list[str]:
    """What a careful reader should know and does not weigh, each once."""
    return list(dict.fromkeys(finding.zh for finding in report.notes))

"""What an audit of seals counts: small however many files there are."""

from __future__ import annotations

from typing import Any

from hub.seals_audit import AuditRow, Standing


class Tally:
    """Counts that stay small however many files there are."""

    def __init__(self) -> None:
        self.standings: dict[Standing, int] = dict.fromkeys(Standing, 0)
        #: Word to its meaning in Chinese and how many files it was found in.
        self.words: dict[str, tuple[str, int]] = {}
        #: Of licences that do not keep the rule: by owner's code ("" unknown) its name and how many.
        self.owners: dict[str, tuple[str, int]] = {}
        #: Our own that are to get a new version, by the code of the organ that issued them.
        self.reseal: dict[str, int] = {}
        self.files = 0
        self.ours = 0

    def add(self, row: AuditRow) -> None:
        """Count one file."""
        self.files += 1
        self.standings[row.standing] += 1
        for word, label in {one.word: one.label for one in row.wrong}.items():
            self.words[word] = (label, self.words.get(word, ("", 0))[1] + 1)
        if row.standing is Standing.KEEPS:
            return
        if row.standing is not Standing.UNREADABLE:
            name, number = self.owners.get(row.owner_code, (row.owner, 0))
            self.owners[row.owner_code] = (name, number + 1)
            self.ours += row.ours
        if row.ours and row.standing in (Standing.BREAKS, Standing.OUTDATED) and row.issuer_code:
            self.reseal[row.issuer_code] = self.reseal.get(row.issuer_code, 0) + 1

    @property
    def wrong(self) -> int:
        """How many do not keep the rule, or cannot be judged."""
        return self.files - self.standings[Standing.KEEPS]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "files": self.files,
            "standings": {standing.value: number for standing, number in self.standings.items()},
            "findings": {word: number for word, (_, number) in sorted(self.words.items())},
            "owners": [
                {"owner_code": code, "owner": name, "licences": number}
                for code, (name, number) in sorted(self.owners.items())
            ],
            "ours": self.ours,
        }

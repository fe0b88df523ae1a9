"""The counter's form of a request to see an archive: what it asks for by the table of rules, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from hub.retrieval_parts import Asked, Choice, Form, Proof, ProofGiven, Requester
from hub.retrieval_rules import Row, Rules
from hub.retrieval_volume import scope_of
from hub.subjects import read_number
from web.archive_upload import Sent
from web.typed_number import bare, judge

#: Whose archives there are.
KINDS: Final = ("company", "citizen")
#: Who has to be named by his organisation.
_NAMED: Final = frozenset({Requester.AUTHORITY, Requester.LAWYER, Requester.PARTNER})
_ORGANISATION: Final = {
    Requester.AUTHORITY: "机关名称",
    Requester.LAWYER: "律师事务所名称",
    Requester.PARTNER: "单位名称",
}


@dataclass(slots=True, repr=False)
class AskForm:
    """The form as it is filled in.

    Attributes:
        number: as typed; it goes from page to page in forms only, never in an address.
        rows: the rows of the table that papers can fulfil.
        masked: the number with its middle hidden, once it is known to be one.
        choices: the volume to choose from; None as long as the first page is shown.
        picked: numbers of the files chosen.
        seen: proofs whose paper was shown and not scanned.
        wrong: field to what is wrong with it, in the order of the page.
    """

    requester: Requester = Requester.LAWYER
    form: Form = Form.ORIGINALS
    number: str = ""
    masked: str = ""
    organisation: str = ""
    person: str = ""
    purpose: str = ""
    withheld_until: str = ""
    withheld_basis: str = ""
    rows: Sequence[Row] = ()
    choices: Sequence[Choice] | None = None
    picked: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def bare_number(self) -> str:
        """The number without blanks."""
        return bare(self.number)

    @property
    def organisation_label(self) -> str:
        """What the requester's organisation is called; empty for who has none."""
        return _ORGANISATION.get(self.requester, "")

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """What the rows want to see, each once."""
        return tuple(dict.fromkeys(proof for row in self.rows for proof in row.proofs))

    @property
    def may_withhold(self) -> bool:
        """Whether the requester may have the request kept from the holder."""
        return any(row.may_withhold for row in self.rows)

    def first(self, requester: str, form: str, number: str, rules: Rules) -> None:
        """Take the first page: for whom, in which form, of whom."""
        self.number = number
        try:
            self.requester, self.form = Requester(requester), Form(form)
        except ValueError:
            self.wrong["requester"] = "请选择申请人类别和查询形式"
            return
        self.rows = [row for row in rules.rows_for(self.requester, self.form) if Proof.SIGNED_IN not in row.proofs]
        if not self.rows:
            self.wrong["requester"] = f"规则没有允许这类申请人查询{self.form.chinese}"
        verdict = judge(number, finished=True)
        if verdict.state != "good":
            self.wrong["number"] = verdict.words
        else:
            self.masked = read_number(self.bare_number, KINDS).masked

    def second(self, sent: Sent) -> None:
        """Take the second page: who comes, what for, with which proofs."""
        self.organisation, self.person = sent.text("organisation"), sent.text("person")
        self.purpose = sent.text("purpose")
        self.withheld_until, self.withheld_basis = sent.text("withheld_until"), sent.text("withheld_basis")
        self.picked = (
            frozenset(" ".join(sent.texts.get("file", ())).split()) if self.form is Form.ORIGINALS else frozenset()
        )
        self.seen = frozenset(sent.texts.get("seen", ()))
        if self.requester in _NAMED and not self.organisation:
            self.wrong["organisation"] = f"请填写{self.organisation_label}"
        if not self.person:
            self.wrong["person"] = "请填写来办人姓名"
        if not self.purpose:
            self.wrong["purpose"] = "请填写查询目的，将印在证明上"
        if self.withheld_until and self._day() is None:
            self.wrong["withheld_until"] = "请填写日期，如 2027-01-31"
        given = {proof for proof in self.proofs if proof.value in self.seen or f"proof-{proof.value}" in sent.files}
        if not any(given.issuperset(row.proofs) for row in self.rows):
            for proof in self.proofs:
                if proof not in given:
                    self.wrong[f"proof-{proof.value}"] = f"缺少{proof.chinese}：请上传扫描件，或勾选已核对原件"

    def asked(self, sent: Sent) -> Asked:
        """The request, once nothing is wrong."""
        brought = [
            ProofGiven(proof, data) for proof in self.proofs for data in sent.files.get(f"proof-{proof.value}", ())
        ]
        brought += [
            ProofGiven(proof)
            for proof in self.proofs
            if proof.value in self.seen and f"proof-{proof.value}" not in sent.files
        ]
        return Asked(
            self.requester,
            self.organisation or None,
            self.person or None,
            self.bare_number,
            self.form,
            self.purpose,
            brought,
            scope_of(sorted(self.picked), ()),
            self._day(),
            self.withheld_basis,
        )

    def _day(self) -> date | None:
        try:
            return date.fromisoformat(self.withheld_until) if self.withheld_until else None
        except ValueError:
            return None

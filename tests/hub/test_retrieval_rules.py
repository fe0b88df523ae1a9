"""Who may see what, cell by cell: requester by proofs by form, held against a table written here by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from core.settings import Mode, Settings
from hub.retrieval_errors import NoRule, RulesBroken
from hub.retrieval_parts import Form, Proof, Requester
from hub.retrieval_rules import FILE, rules_of

LETTER, ID, AUTHORISED = Proof.OFFICIAL_LETTER, Proof.VALID_ID, Proof.AUTHORISATION
PRACTICE, FIRM, PROMISE, SIGNED = (
    Proof.PRACTICE_CERTIFICATE, Proof.FIRM_CERTIFICATE, Proof.UNDERTAKING, Proof.SIGNED_IN,
)  # fmt: skip
#: Requester and form: each way there is, as proofs and whether a person decides, and whose archives.
MATRIX = {
    (Requester.AUTHORITY, Form.ORIGINALS): [({LETTER, ID}, "person", {"company", "citizen"})],
    (Requester.AUTHORITY, Form.FACTS): [({LETTER, ID}, "person", {"company", "citizen"})],
    (Requester.ENTITY, Form.ORIGINALS): [
        ({SIGNED}, "automatic", {"company", "citizen"}), ({AUTHORISED, ID}, "person", {"company", "citizen"}),
    ],
    (Requester.ENTITY, Form.FACTS): [
        ({SIGNED}, "automatic", {"company", "citizen"}), ({AUTHORISED, ID}, "person", {"company", "citizen"}),
    ],
    (Requester.LAWYER, Form.ORIGINALS): [({PRACTICE, FIRM, PROMISE}, "person", {"company"})],
    (Requester.LAWYER, Form.FACTS): [({PRACTICE, FIRM, PROMISE}, "person", {"company"})],
    (Requester.PARTNER, Form.ORIGINALS): [],
    (Requester.PARTNER, Form.FACTS): [({SIGNED}, "automatic", {"company"}), ({LETTER, ID}, "person", {"company"})],
}  # fmt: skip
CELLS = [(requester, form, holder) for requester, form in MATRIX for holder in ("company", "citizen", "other")]
PROOFS = [frozenset(some) for size in range(len(Proof) + 1) for some in combinations(Proof, size)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, "", tmp_path / "sources.toml", tmp_path / "keys", Mode.DEMO)


@pytest.mark.parametrize(("requester", "form", "holder"), CELLS)
def test_every_set_of_proofs_opens_what_the_table_says_and_nothing_else(
    settings: Settings, requester: Requester, form: Form, holder: str
) -> None:
    rules = rules_of(settings)
    for proofs in PROOFS:
        ways = [
            decision for needed, decision, holders in MATRIX[requester, form] if needed <= proofs and holder in holders
        ]
        if ways:
            row = rules.find(requester, form, proofs, holder)
            assert (row.decision, row.requester, row.form) == (ways[0], requester, form)
            continue
        with pytest.raises(NoRule):
            rules.find(requester, form, proofs, holder)


def test_what_nobody_confirmed_says_so(settings: Settings) -> None:
    rules = rules_of(settings)
    assert not rules.limits_verified
    assert not rules.stamp_verified
    assert {row.id for row in rules.rows if not row.verified} == {
        "entity-originals-signed-in", "entity-facts-signed-in", "partner-facts-system", "partner-facts",
    }  # fmt: skip
    assert all(row.basis for row in rules.rows)


def test_masking_is_off_for_the_entity_and_never_for_partners(settings: Settings) -> None:
    for row in rules_of(settings).rows:
        expected = {"entity": "always", "partner": "never"}.get(row.requester.value, "decider")
        assert row.unmasked == expected, row.id
    assert all("cases" not in row.facts for row in rules_of(settings).rows if row.requester is Requester.PARTNER)


ROW = """
limits_verified = true
stamp = "章"
stamp_verified = true
[[rows]]
id = "one"
requester = "partner"
form = "facts"
proofs = ["official_letter"]
holders = ["company"]
decision = "person"
facts = ["name"]
unmasked = "never"
days = 1
quota = 1
basis = "某规定"
verified = true
"""


def test_a_bureaus_own_table_takes_the_place_of_the_hubs(settings: Settings) -> None:
    (settings.home / FILE).write_text(ROW)
    rules = rules_of(settings)
    assert (rules.own, [row.id for row in rules.rows]) == (True, ["one"])
    with pytest.raises(NoRule):
        rules.find(Requester.ENTITY, Form.FACTS, [Proof.SIGNED_IN])


@pytest.mark.parametrize(
    "text",
    [
        "rows = [",
        ROW.replace('decision = "person"', 'decision = "automatic"'),
        ROW.replace('facts = ["name"]', ""),
        ROW.replace('facts = ["name"]', 'facts = ["salary"]'),
        ROW.replace('proofs = ["official_letter"]', "proofs = []"),
        ROW.replace("quota = 1", "quota = 1\nmasking = true"),
        ROW + ROW[ROW.index("[[rows]]") :],
        ROW + ROW[ROW.index("[[rows]]") :].replace('"one"', '"two"'),
    ],
    ids=["no toml", "papers by machine", "no facts", "unknown fact", "no proof", "unknown key", "one id", "one way"],
)
def test_a_broken_table_opens_nothing(settings: Settings, text: str) -> None:
    (settings.home / FILE).write_text(text)
    with pytest.raises(RulesBroken, match="Nobody may see anything"):
        rules_of(settings)
    assert rules_of(replace(settings, home=settings.home / "elsewhere")).rows, "the hub's own is whole"


def test_a_table_that_cannot_be_read_opens_nothing(settings: Settings) -> None:
    (settings.home / FILE).mkdir()
    with pytest.raises(RulesBroken, match="cannot be read"):
        rules_of(settings)

"""The table of states hangs together: every state is reached and can be left, unless it is an end."""

from __future__ import annotations

import pytest

from schemas.transfer import RULES, Move, NotNow, Side, State, Who, after


@pytest.mark.parametrize("side", Side)
def test_every_state_of_a_side_is_reached_from_its_beginning_and_leads_to_an_end(side: Side) -> None:
    rules = [rule for rule in RULES if rule.side is side]
    reached = {rule.after for rule in rules if not rule.before}
    assert len(reached) == 1, "one beginning"
    while more := {rule.after for rule in rules if set(rule.before) & reached} - reached:
        reached |= more
    named = {state for rule in rules for state in (*rule.before, rule.after)}
    assert reached == named
    ending = {State.SETTLED}
    while more := {state for rule in rules if rule.after in ending for state in rule.before} - ending:
        ending |= more
    assert ending == named - {State.RETURNED}


def test_no_move_leads_two_ways_and_an_end_is_left_by_nothing_but_its_letter() -> None:
    pairs = [(rule.side, rule.move, state) for rule in RULES for state in rule.before]
    assert len(set(pairs)) == len(pairs)
    assert {rule.move for rule in RULES if any(state.ended for state in rule.before)} == {Move.ANSWER}
    assert State.SETTLED not in {state for rule in RULES for state in rule.before}


def test_the_origin_has_no_move_that_refuses_and_only_officers_begin() -> None:
    assert all(rule.who for rule in RULES)
    assert [rule.who for rule in RULES if rule.move is Move.REQUEST] == [(Who.OFFICER,)]
    for state in State:
        if state is not State.ASKED:
            with pytest.raises(NotNow):
                after(Side.OUT, Move.RETURN, state)
    with pytest.raises(NotNow, match="not begun"):
        after(Side.IN, Move.RECEIVE, None)

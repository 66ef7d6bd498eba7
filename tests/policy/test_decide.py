"""The best legal action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.policy.actions import ACTIONS, legal
from qkdctl.policy.decide import decide
from tests.policy.states import facts, link, state, table, table_of

values = st.lists(st.integers(-(10**12), 10**12), min_size=len(ACTIONS), max_size=len(ACTIONS))


@given(values)
def test_it_is_legal_and_no_legal_one_is_better(row: list[int]) -> None:
    chosen = decide("x", [row], state(), table()).links[0]
    mask = legal(link(), facts())
    index = [action.name for action in ACTIONS].index(chosen.action)
    assert mask[index]
    assert row[index] == max(value for value, ok in zip(row, mask, strict=True) if ok)
    assert chosen.margin == row[index] - row[0]


def test_equal_values_hold_and_ties_go_to_the_lower_index() -> None:
    assert decide("x", [[7] * len(ACTIONS)], state(), table()).links[0].action == "hold"
    assert decide("x", [[0, 5, 5, 5, 5, 5, 5, 5, 5, 5]], state(), table()).links[0].action == "up-small"


def test_bad_row_holds_whatever_its_values_while_others_act() -> None:
    now = state(link("a", valid=0), link("b"))
    best_is_realign = [0, 0, 0, 0, 0, 9, 0, 0, 0, 0]
    proposal = decide("x", [best_is_realign, best_is_realign], now, table_of(facts("a"), facts("b")))
    assert [entry.action for entry in proposal.links] == ["hold", "realign"]
    assert proposal.policy == "x"


def test_rows_must_match_the_links() -> None:
    with pytest.raises(ValueError, match="zip"):
        decide("x", [], state(), table())

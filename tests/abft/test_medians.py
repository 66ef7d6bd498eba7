"""Numbers with many witnesses stay between what honest nodes say."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qkdctl.abft.medians import data_weights, weighted_median
from qkdctl.abft.quorum import heaviest


def test_it_is_the_lower_median_when_weights_are_equal() -> None:
    assert weighted_median([(3, 1), (1, 1), (2, 1)]) == 2
    assert weighted_median([(4, 1), (1, 1), (2, 1), (3, 1)]) == 2


def test_weight_counts_and_nodes_without_any_are_not_heard() -> None:
    assert weighted_median([(1, 5), (100, 6)]) == 100
    assert weighted_median([(1, 5), (100, 0)]) == 1
    with pytest.raises(ValueError, match="no value has any weight"):
        weighted_median([(1, 0)])


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=15), st.data())
def test_f_liars_move_no_median_out_of_the_honest_range(earned: list[int], data: st.DataObject) -> None:
    faults = data.draw(st.integers(0, (len(earned) - 1) // 3))
    weights = data_weights(earned, faults)
    assert 2 * heaviest(weights, faults) < sum(weights)
    liars = data.draw(st.sets(st.integers(0, len(earned) - 1), max_size=faults))
    said = [data.draw(st.integers(0, 10)) if n not in liars else data.draw(st.integers(-1000, 1000)) for n in
            range(len(earned))]  # fmt: skip
    honest = [value for n, value in enumerate(said) if n not in liars and weights[n] > 0]
    assume(honest)
    assert min(honest) <= weighted_median(zip(said, weights, strict=True)) <= max(honest)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=15))
def test_without_liars_weights_are_what_was_earned(earned: list[int]) -> None:
    assert data_weights(earned, 0) == (earned if any(earned) else [1_000_000] * len(earned))


def test_all_weigh_alike_when_too_few_have_earned_anything() -> None:
    assert data_weights([900_000, 800_000, 0, 0], 1) == [1_000_000] * 4
    assert data_weights([900_000, 800_000, 10, 0], 1) == [800_009, 800_000, 10, 0]

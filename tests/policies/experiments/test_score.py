"""Intervals hold the truth as often as they say, of few seeds too."""

import numpy as np
import pytest
from qkdctl_policies.experiments.score import REDRAWN, Score


@pytest.mark.parametrize("seeds", [3, 5, 10, REDRAWN])
def test_intervals_hold_the_truth(seeds) -> None:
    rng = np.random.default_rng(seeds)
    missed = 0
    for _ in range(400):
        below = rng.uniform(90, 110, seeds)
        found = Score(below * rng.normal(0.8, 0.05, seeds), below).interval()
        missed += not found.low <= 0.8 <= found.high
    assert missed / 400 < 0.05 + (0.03 if seeds < REDRAWN else 0.05)


def test_intervals_end_where_no_ratio_can_lie() -> None:
    found = Score(np.array([80.0, 100.0, 100.0]), np.full(3, 100.0), 0.0, 1.0).interval()
    assert found.mean == pytest.approx(280 / 300)
    assert (found.low > 0, found.high) == (True, 1.0)


def test_of_one_seed_and_of_seeds_that_are_alike_the_interval_is_the_value() -> None:
    for score in (Score(np.array([3.0]), np.array([4.0])), Score(np.full(4, 3.0), np.full(4, 4.0))):
        found = score.interval()
        assert (found.mean, found.low, found.high) == pytest.approx((0.75, 0.75, 0.75))


def test_in_a_geometric_mean_a_seed_of_great_numbers_counts_like_any_other() -> None:
    score = Score(np.array([1.0, 4.0, 2000.0]), np.array([2.0, 2.0, 1000.0]))
    assert score.geometric().mean == pytest.approx(2 ** (1 / 3))
    assert score.geometric().low < 1 < score.geometric().high
    with pytest.raises(ValueError, match="no geometric mean"):
        Score(np.array([0.0, 1.0]), np.ones(2)).geometric()

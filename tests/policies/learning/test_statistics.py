"""Means and intervals of few runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qkdctl_policies.learning.statistics import inter_quartile_mean, interval
from scipy.stats import trim_mean


@given(st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=40).filter(lambda values: len(values) % 4 == 0))
def test_it_is_the_mean_trimmed_by_a_quarter_at_both_ends(values):
    assert inter_quartile_mean(np.array(values)) == pytest.approx(trim_mean(values, 0.25), abs=1e-9)


def test_an_outlier_does_not_move_it():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert inter_quartile_mean(values) == inter_quartile_mean(np.array([1.0, 2.0, 3.0, 4.0, 1e9]))
    assert inter_quartile_mean(np.array([7.0])) == 7.0


def test_intervals_hold_the_true_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(200):
        found = interval(rng.normal(size=(4, 10)), seed=trial)
        assert found.low <= found.mean <= found.high
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99

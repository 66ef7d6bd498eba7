import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qkdctl.physics.consistency.binomial import at_least, at_most, chernoff_interval, either_tail, relative_entropy

counts = st.integers(0, 10**12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
significances = st.floats(-300, -0.1).map(lambda exponent: 10**exponent)


def exact(k, n, p):
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize(("k", "n", "p"), [(0, 10, 0.3), (3, 10, 0.3), (10, 10, 0.3), (0, 0, 0.3), (2, 50, 0.01)])
def test_tails_are_sums_of_the_binomial(k, n, p):
    assert at_least(k, n, p) == pytest.approx(sum(exact(i, n, p) for i in range(k, n + 1)))
    assert at_most(k, n, p) == pytest.approx(sum(exact(i, n, p) for i in range(k + 1)))


def test_more_successes_than_trials_never_happen():
    assert at_least([4, 11], [3, 10], 0.3).tolist() == [0, 0]
    assert either_tail(11, 10, 0.3, 1.0) == 0


def test_a_range_of_probabilities_is_judged_by_its_nearer_end():
    assert either_tail(50, 100, 0.4, 0.6) == 1
    assert either_tail(80, 100, 0.4, 0.6) == pytest.approx(2 * float(at_least(80, 100, 0.6)))
    assert either_tail(20, 100, 0.4, 0.6) == pytest.approx(2 * float(at_most(20, 100, 0.4)))


def test_relative_entropy_of_claims_about_one_percent():
    assert relative_entropy(0.05, 0.01) == pytest.approx(0.05 * math.log(5) + 0.95 * math.log(0.95 / 0.99))
    assert relative_entropy(0, 0.5) == pytest.approx(math.log(2))
    assert relative_entropy(1, 0.25) == pytest.approx(math.log(4))
    assert relative_entropy([0.3, 0, 1, 0.3, 0.3], [0.3, 0, 1, 0, 1]).tolist() == [0, 0, 0, math.inf, math.inf]


@example(5e-324, 0.0, False)
@given(st.floats(0, 1), st.floats(-300, 0), st.booleans())
def test_relative_entropy_keeps_its_digits_however_rare_the_claim(observed, exponent, rare):
    claim = 10**exponent if rare else observed + (1 - observed) * 1e-9 * 10**exponent
    if not 0 < claim < 1:
        return
    with localcontext() as context:
        context.prec = 60
        x, p = Decimal(observed), Decimal(claim)
        exact = sum(a * (a / b).ln() for a, b in ((x, p), (1 - x, 1 - p)) if a > 0)
    # a double nearer to 1 than 1e-16 does not exist
    assert relative_entropy(observed, claim) == pytest.approx(float(exact), rel=1e-7, abs=1e-16)


@given(counts, significances)
@example((33, 43), 1e-136)
def test_intervals_hold_what_was_seen_and_end_where_the_bound_does(counted, significance):
    k, n = counted
    estimate = chernoff_interval(k, n, significance)
    assert 0 <= estimate.low <= estimate.observed <= estimate.high <= 1
    budget = -math.log(significance)
    for end in (estimate.low, estimate.high):
        if 0 < end < 1 and n:
            # doubles are that far apart near 1
            grain = 4e-16 * n * abs(end - k / n) / (end * (1 - end))
            assert n * relative_entropy(k / n, end) == pytest.approx(budget, rel=1e-3, abs=grain)


@given(counts, significances)
def test_intervals_never_miss_more_often_than_they_say(counted, significance):
    k, n = counted
    estimate = chernoff_interval(k, n, significance)
    if estimate.low > 0:
        assert at_least(k, n, estimate.low) <= significance * (1 + 1e-3)
    if estimate.high < 1:
        assert at_most(k, n, estimate.high) <= significance * (1 + 1e-3)


def test_intervals_of_a_thousand_clicks_in_a_billion_pulses():
    estimate = chernoff_interval(1000, 1e9, 1e-12)
    assert 0.76e-6 < estimate.low < 0.80e-6
    assert 1.23e-6 < estimate.high < 1.28e-6


def test_without_trials_nothing_is_known():
    estimate = chernoff_interval(0, 0, 1e-6)
    assert (estimate.low, estimate.high) == (0, 1)


def test_intervals_cover_a_drifting_probability():
    rng = np.random.default_rng(11)
    chances = np.linspace(0.0, 0.02, 2000)
    hits = (rng.random((2000, chances.size)) < chances).sum(axis=1)
    estimate = chernoff_interval(hits, chances.size, 1e-2)
    missed = (estimate.low > 0.01) | (estimate.high < 0.01)
    assert missed.mean() <= 2e-2


@pytest.mark.parametrize(("k", "n", "significance"), [(2, 1, 0.1), (-1, 1, 0.1), (1, 2, 0.0), (1, 2, 1.5)])
def test_impossible_counts_and_significances_are_refused(k, n, significance):
    with pytest.raises(ValueError, match="must lie in"):
        chernoff_interval(k, n, significance)

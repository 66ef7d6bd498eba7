import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.finite.fluctuations import hoeffding_deviation, sampling_deviation

sizes = st.floats(0, 15).map(lambda exponent: 10**exponent)
secrecies = st.floats(-30, -0.01).map(lambda exponent: 10**exponent)
rates = st.floats(0, 1)


def test_deviation_by_hand():
    # sqrt(5e5 ln 21e9) with ln 21e9 = ln 21 + 9 ln 10 = 3.0445224 + 20.7232658
    assert hoeffding_deviation(1e6, 1e-9, terms=21) == pytest.approx(math.sqrt(5e5 * 23.7677882), rel=1e-8)
    assert hoeffding_deviation(0, 1e-9, terms=21) == 0


def test_sampling_deviation_by_hand():
    b, c, d, eps = 0.02, 1e5, 1e7, 1e-9
    inner = (c + d) / (c * d * (1 - b) * b) * 21**2 / eps**2
    by_hand = math.sqrt((c + d) * (1 - b) * b / (c * d * math.log(2)) * math.log2(inner))
    assert sampling_deviation(b, c, d, eps, terms=21) == pytest.approx(by_hand, rel=1e-12)


@given(rates, sizes, sizes, secrecies)
def test_sampling_deviation_is_finite_and_falls_with_the_sample(b, sample, rest, secrecy):
    small, large = sampling_deviation(b, [sample, 10 * sample], rest, secrecy, terms=21)
    assert math.isfinite(small)
    assert 0 <= large <= small * (1 + 1e-12)


@given(st.floats(1, 9).map(lambda exponent: 10**exponent), secrecies)
def test_a_sample_without_errors_proves_no_more_than_one_with_a_single_error(sample, secrecy):
    none, one = sampling_deviation([0.0, 1 / sample], sample, sample, secrecy, terms=21)
    assert none == one > 0


@pytest.mark.parametrize("observed", [0.0, 1e-9, 1.0])
def test_a_rate_is_held_one_event_away_from_the_ends(observed):
    b, c, d = 1e-3, 1e3, 1e5
    inner = (c + d) / (c * d * (1 - b) * b) * 21**2 / 1e-18
    by_hand = math.sqrt((c + d) * (1 - b) * b / (c * d * math.log(2)) * math.log2(inner))
    assert sampling_deviation(observed, c, d, 1e-9, terms=21) == pytest.approx(by_hand, rel=1e-9)


def test_a_hundred_clean_bits_leave_a_wide_margin():
    assert sampling_deviation(0.0, 100, 1e4, 1e-9, terms=21) > 0.09


def test_no_sample_or_no_rest_proves_nothing():
    assert sampling_deviation(0.1, [0, 100, 0], [100, 0, 0], 1e-9, terms=21).tolist() == [math.inf] * 3


def test_the_deviation_covers_samples_drawn_without_replacement():
    generator = np.random.default_rng(1)
    sample, rest, wrong = 500, 4500, 250
    seen = generator.hypergeometric(wrong, sample + rest - wrong, sample, size=200_000)
    rate, other = seen / sample, (wrong - seen) / rest
    missed = other > rate + sampling_deviation(rate, sample, rest, 1e-2, terms=21)
    assert missed.mean() < 1e-2

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import binom

from hil_sim.network.counting import NEARLY_NORMAL_VARIANCE, binomial, poisson

NOISE = np.linspace(-7, 7, 200_001)


def distance(trials, probability):
    """Total variation between the law of the counts and the binomial one, from the noise at which each count begins."""
    counts = binomial(trials, probability, NOISE)
    begins = np.searchsorted(counts, np.arange(trials + 2))
    share = np.diff(ndtr(np.append(NOISE, np.inf)[begins]))
    share[0] = ndtr(NOISE[begins[1]]) if counts[0] == 0 else 0.0
    return np.abs(share - binom.pmf(np.arange(trials + 1), trials, probability)).sum() / 2


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("variance", [0.1, 2.0, 8.9, 9.1, 30.0, 300.0])
def test_normal_noise_gives_binomial_counts(variance, probability):
    trials = max(round(variance / probability / (1 - probability)), 1)
    assert distance(trials, probability) < 4e-4


def test_the_expansion_is_not_used_for_a_small_variance_where_it_would_be_wrong():
    trials, probability = 20, 0.1
    below = binomial(trials, probability, np.linspace(-6, 6, 2001))
    assert below[0] == 0
    assert trials * probability * (1 - probability) < NEARLY_NORMAL_VARIANCE
    assert (np.diff(below) >= 0).all()


@given(st.integers(0, 2**40), st.floats(0, 1), st.floats(-40, 40))
@example(10, 0.625, -8.0)
def test_counts_stay_between_zero_and_the_trials(trials, probability, noise):
    assert 0 <= binomial(trials, probability, noise) <= trials


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(-7, 7), st.floats(0, 3))
def test_counts_rise_with_the_noise(trials, probability, noise, more):
    assert binomial(trials, probability, noise) <= binomial(trials, probability, noise + more)


def test_certain_and_impossible_events_leave_nothing_to_chance():
    assert binomial(1000, np.array([0.0, 1.0]), np.array([[-9.0], [9.0]])).tolist() == [[0, 1000], [0, 1000]]


def test_poisson_counts_have_their_mean_and_variance():
    noise = np.random.default_rng(3).standard_normal(400_000)
    for mean in (0.3, 5.0, 50.0):
        counts = poisson(mean, noise)
        assert counts.mean() == pytest.approx(mean, abs=5 * (mean / 400_000) ** 0.5)
        assert counts.var() == pytest.approx(mean, rel=0.02)

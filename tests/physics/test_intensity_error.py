import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate, gain, rate_infinite_decoy
from qkdctl.physics.intensity_error import ClaimedRate, IntensityError, rate_under_intensity_error
from qkdctl.physics.photons import transmittance

CLAIMED = (0.48, 0.05)
GYS_50_KM = Channel(0.045 * transmittance(0.21 * 50), 1.7e-6, 0.033)


def under(error, channel=GYS_50_KM):
    return rate_under_intensity_error(channel, CLAIMED, error, correction=1.22)


@pytest.mark.parametrize(("drift", "claimed_over_true"), [(1.0, 0.942), (1.1, 1.045)])
def test_hidden_drift_towards_more_light_claims_key_that_is_not_secret(drift, claimed_over_true):
    assert under(IntensityError(drift)).overclaim() == pytest.approx(claimed_over_true, abs=5e-4)


def test_the_over_claim_grows_with_drift_and_with_fluctuation():
    assert np.all(np.diff(under(IntensityError(np.linspace(0.8, 1.3, 21))).overclaim()) > 0)
    assert np.all(np.diff(under(IntensityError(1.0, np.linspace(0, 0.25, 11))).overclaim()) > 0)


def test_the_truth_of_a_steady_source_is_the_rate_at_the_intensity_sent():
    true = under(IntensityError(1.2)).true
    assert true == pytest.approx(float(rate_infinite_decoy(GYS_50_KM, 1.2 * 0.48, correction=1.22)), rel=1e-12)


@pytest.mark.parametrize("fluctuation", [0.02, 0.05, 0.1])
def test_fluctuation_is_a_mean_over_many_pulses(fluctuation):
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()
    channel, error = Channel(0.3, 1e-3, 0.02), IntensityError(1.1, fluctuation)
    mu = 1.1 * 0.48 * (1 + fluctuation * nodes)
    seen, clicks = error.seen(channel, 0.48), gain(channel, mu)
    assert seen.mean_photon_number == 0.48
    assert seen.gain == pytest.approx(weights @ clicks, rel=1e-12)
    assert seen.error_rate == pytest.approx(
        weights @ (clicks * error_rate(channel, mu)) / (weights @ clicks), rel=1e-12
    )
    assert error.single_photon_probability(0.48) == pytest.approx(weights @ (mu * np.exp(-mu)), rel=1e-10)


@given(st.floats(-6, 0), st.floats(-10, -5), st.floats(0, 0.1))
def test_an_honest_source_never_claims_more_than_it_has(eta, background, misalignment):
    honest = under(IntensityError(), Channel(10**eta, 10**background, misalignment))
    assert honest.claimed <= honest.true + 1e-9 * abs(honest.true)
    assert honest.overclaim() <= 1 + 1e-9


def test_over_claims_where_nothing_is_true_or_nothing_is_claimed():
    rates = ClaimedRate(claimed=np.array([1e-5, -1e-5, 0.0]), true=np.array([-1e-6, 1e-6, 0.0]))
    assert rates.overclaim().tolist() == [math.inf, 0.0, 0.0]


@pytest.mark.parametrize(
    ("drift", "fluctuation", "words"),
    [(0.0, 0.0, "drift"), (-1.0, 0.0, "drift"), (1.0, -0.1, "fluct"), (1.0, 0.3, "fluct")],
)
def test_errors_that_no_source_has_are_refused(drift, fluctuation, words):
    with pytest.raises(ValueError, match=words):
        IntensityError(drift, fluctuation)

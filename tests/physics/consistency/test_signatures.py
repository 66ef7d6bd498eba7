import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, gain
from qkdctl.physics.consistency import signatures
from qkdctl.physics.photons import transmittance

shares = st.floats(0, 1)
errors = st.floats(0, 0.5)
GYS_100_KM = Channel(0.045 * transmittance(21), 1.7e-6, 0.033)


@pytest.mark.parametrize(("fraction", "percent"), [(0.04, 1.49), (0.1, 2.98), (1.0, 25.25)])
def test_intercept_and_resend(fraction, percent):
    assert 100 * signatures.intercept_resend_error(0.005, fraction) == pytest.approx(percent, abs=0.006)


@pytest.mark.parametrize(("error_rate", "fraction"), [(0.005, 0.020), (0.0, 0.040)])
def test_how_much_interception_one_percent_allows(error_rate, fraction):
    assert signatures.intercepted_fraction(0.01, error_rate) == pytest.approx(fraction, abs=5e-4)


@given(st.floats(0, 0.4), shares)
def test_the_intercepted_fraction_is_the_inverse(error_rate, fraction):
    observed = signatures.intercept_resend_error(error_rate, fraction)
    assert signatures.intercepted_fraction(observed, error_rate) == pytest.approx(fraction, abs=1e-9)


def test_six_states_show_a_third():
    assert signatures.intercept_resend_error_six_state(0.0, [0.3, 1.0]) == pytest.approx([0.1, 1 / 3])
    # of two thirds of the pulses that were attacked nothing is left of the bit: e/3 + 2/3 * 1/2
    assert signatures.intercept_resend_error_six_state(0.03, 1.0) == pytest.approx(0.01 + 1 / 3)


def test_measuring_in_z_shows_in_x_alone_and_drowns_when_pooled():
    z, x = signatures.measured_in_z_errors(0.0, [0.5, 1.0])
    assert z.tolist() == [0, 0]
    assert x.tolist() == [0.25, 0.5]
    assert 100 * signatures.pooled_error(0.9, z, x)[1] == pytest.approx(0.61, abs=0.005)


def test_random_states():
    assert signatures.random_injection_error(0.01, 0.1) == pytest.approx(0.059)


def test_splitting_takes_four_fifths_of_the_decoys_clicks():
    mus = np.array([0.48, 0.05, 0.0])
    attacked = signatures.splitting_gain(GYS_100_KM, 0.48, mus)
    honest = gain(GYS_100_KM, mus)
    assert attacked[[0, 2]] == pytest.approx(honest[[0, 2]], rel=1e-12)
    assert 0.17 < attacked[1] / honest[1] < 0.23


def test_splitting_needs_loss_to_hide_in():
    with pytest.raises(ValueError, match="cannot hide"):
        signatures.splitting_gain(Channel(0.5, 1e-6, 0.01), 0.5, 0.1)


@given(st.floats(-8, -3), st.floats(0.1, 1.0), shares)
def test_splitting_only_dims_what_is_weaker_than_the_signal(exponent, mu, share):
    channel = Channel(10**exponent, 1e-7, 0.01)
    assert signatures.splitting_gain(channel, mu, share * mu) <= gain(channel, share * mu) * (1 + 1e-9)


@pytest.mark.parametrize(("sample", "points"), [(1e3, 0.315), (1e4, 0.099), (1e5, 0.031), (1e6, 0.010)])
def test_shot_noise_of_one_percent(sample, points):
    assert 100 * signatures.error_rate_deviation(0.01, sample) == pytest.approx(points, abs=6e-4)


@given(errors, shares)
def test_no_attack_here_lowers_an_error_rate_or_lifts_it_above_one_half(error_rate, fraction):
    seen = [
        signatures.random_injection_error(error_rate, fraction),
        signatures.intercept_resend_error(error_rate, fraction),
        signatures.measured_in_z_errors(error_rate, fraction)[1],
    ]
    for error in seen:
        assert error_rate - 1e-12 <= error <= 0.5 + 1e-12

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bounds import plob_bound, single_repeater_bound
from qkdctl.physics.photons import transmittance
from qkdctl.physics.twin_field import (
    TwinFieldChannel,
    bit_error,
    gain,
    key_rate,
    optimal_amplitude,
    phase_error_bound,
    photon_number_yield,
    polarization_angle_rad,
)
from tests.physics.exact import twin_field as exact_twin_field

TWO_PERCENT = polarization_angle_rad(0.02)

transmittances = st.floats(-12, 0).map(lambda exponent: 10**exponent)
darks = st.one_of(st.just(0.0), st.floats(-13, -3).map(lambda exponent: 10**exponent))
angles = st.floats(0, np.pi / 2)
channels = st.builds(TwinFieldChannel, transmittances, darks, angles, angles)
amplitudes = st.floats(1e-3, 1.0)


def test_forty_decibels_to_nine_digits():
    channel = TwinFieldChannel(1e-4, 1e-8, TWO_PERCENT)
    assert key_rate(channel, 0.15, correction=1.0) == pytest.approx(2.21931104e-4, abs=5e-13)
    assert bit_error(channel, 0.15) == pytest.approx(0.0200170946, abs=5e-11)
    assert phase_error_bound(channel, 0.15) == pytest.approx(0.0698034788, abs=5e-11)
    assert gain(channel, 0.15) == pytest.approx(4.49914784e-4, abs=5e-13)


def beats_plob(loss_db, dark):
    channel = TwinFieldChannel(transmittance(loss_db), dark, TWO_PERCENT)
    rate = key_rate(channel, optimal_amplitude(channel, correction=1.0), correction=1.0)
    return rate > plob_bound(channel.transmittance)


@pytest.mark.parametrize(("dark", "first_db"), [(0.0, 35), (1e-9, 35), (1e-8, 35), (1e-7, 36), (1e-6, 37)])
def test_where_it_passes_what_no_link_without_repeater_can_do(dark, first_db):
    assert beats_plob([first_db - 1, first_db], dark).tolist() == [False, True]


def test_dark_counts_end_the_advantage():
    assert beats_plob([36, 37, 61, 62], 1e-6).tolist() == [False, True, True, False]


@pytest.mark.parametrize("eta", [1e-14, 1e-6, 0.9])
@pytest.mark.parametrize("dark", [0.0, 1e-8])
@pytest.mark.parametrize(("theta", "phi"), [(0.0, 0.0), (0.28, 0.1), (1e-4, 0.0)])
@pytest.mark.parametrize("alpha", [0.02, 1.0])
def test_no_arm_is_too_weak_for_double_precision(eta, dark, theta, phi, alpha):
    channel = TwinFieldChannel(eta, dark, theta, phi)
    clicks, e_x, e_z = exact_twin_field(np.sqrt(eta), dark, np.cos(phi) * np.cos(theta), np.cos(theta), alpha)
    assert gain(channel, alpha) == pytest.approx(2 * clicks, rel=1e-13)
    # the exact side receives a rounded cosine, which matters only where the error is of the size of the rounding
    assert bit_error(channel, alpha) == pytest.approx(e_x, rel=1e-12, abs=1e-15)
    assert phase_error_bound(channel, alpha) == pytest.approx(min(e_z, 0.5), rel=1e-12)


def test_one_photon_reaches_one_detector_half_the_time():
    channel = TwinFieldChannel(0.25, 0.0)
    assert photon_number_yield(channel, 0, 0) == 0.0
    assert photon_number_yield(channel, 1, 0) == pytest.approx(0.5 / 2)
    assert photon_number_yield(channel, 1, 0) == photon_number_yield(channel, 0, 1)


def test_photons_that_meet_leave_through_one_port():
    # Hong, Ou, Mandel: of two equal photons without loss, both leave together, so one detector alone always clicks
    assert photon_number_yield(TwinFieldChannel(1.0, 0.0), 1, 1) == pytest.approx(0.5)
    assert photon_number_yield(TwinFieldChannel(1.0, 0.0, np.pi / 2), 1, 1) == pytest.approx(0.25)


@given(channels, amplitudes)
def test_gains_are_probabilities_and_error_rates_at_most_one_half(channel, alpha):
    assert 0 < gain(channel, alpha) <= 1
    assert 0 <= bit_error(channel, alpha) <= 0.5 + 1e-15
    assert 0 <= phase_error_bound(channel, alpha) <= 0.5


@given(channels, amplitudes)
def test_no_rate_passes_the_ceiling_of_one_repeater(channel, alpha):
    assert key_rate(channel, alpha, correction=1.0) <= single_repeater_bound(channel.transmittance)


@given(channels, st.floats(1, 100), st.floats(0, 1e-4), angles)
def test_a_positive_rate_only_falls_with_loss_dark_counts_and_misalignment(channel, factor, dark, angle):
    eta, p_d, theta, phi = (
        channel.transmittance,
        channel.dark_probability,
        channel.polarization_angle_rad,
        channel.phase_mismatch_rad,
    )
    worse = TwinFieldChannel(
        [eta, eta / factor, eta, eta, eta],
        [p_d, p_d, p_d + dark, p_d, p_d],
        [theta, theta, theta, max(theta, angle), theta],
        [phi, phi, phi, phi, max(phi, angle)],
    )
    rate, *worse_rates = key_rate(worse, optimal_amplitude(worse, correction=1.16), correction=1.16)
    assert max(worse_rates) <= max(rate, 0.0) * (1 + 1e-7) + 1e-15


def test_the_rate_falls_with_the_root_of_the_transmittance():
    eta = np.array([1e-6, 1e-8])
    channel = TwinFieldChannel(eta, 0.0, TWO_PERCENT)
    rate = key_rate(channel, optimal_amplitude(channel, correction=1.16), correction=1.16)
    assert np.diff(np.log10(rate)) / np.diff(np.log10(eta)) == pytest.approx(0.5, abs=0.005)


def test_phase_references_take_their_share_of_the_slots():
    channel = TwinFieldChannel(1e-4, 1e-8, TWO_PERCENT)
    assert key_rate(channel, 0.15, correction=1.0, duty=0.6) == pytest.approx(
        0.6 * float(key_rate(channel, 0.15, correction=1.0))
    )


def test_no_light_and_no_dark_counts_make_no_clicks():
    channel = TwinFieldChannel([0.0, 0.5], 0.0)
    assert gain(channel, [0.1, 0.0]).tolist() == [0.0, 0.0]
    assert bit_error(channel, [0.1, 0.0]).tolist() == [0.5, 0.5]
    assert phase_error_bound(channel, [0.1, 0.0]).tolist() == [0.5, 0.5]
    assert key_rate(channel, [0.1, 0.0], correction=1.16).tolist() == [0.0, 0.0]


def test_thousands_of_links_at_once_give_what_one_gives():
    eta = np.geomspace(1e-8, 1.0, 1000)
    many = TwinFieldChannel(eta, 1e-8, TWO_PERCENT)
    best = optimal_amplitude(many, correction=1.16)
    rates = key_rate(many, best, correction=1.16)
    assert rates.shape == best.shape == (1000,)
    for n in (0, 333, 999):
        one = TwinFieldChannel(eta[n], 1e-8, TWO_PERCENT)
        assert best[n] == optimal_amplitude(one, correction=1.16)
        assert rates[n] == pytest.approx(float(key_rate(one, best[n], correction=1.16)), rel=1e-12)

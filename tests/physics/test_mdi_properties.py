import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.mdi import (
    MdiChannel,
    error_x,
    error_z,
    gain_x,
    gain_z,
    optimal_mean_photon_number,
    rate_infinite_decoy,
    single_pair_error,
    single_pair_yield,
)

arms = st.floats(-9, 0).map(lambda exponent: 10**exponent)
darks = st.one_of(st.just(0.0), st.floats(-12, -2).map(lambda exponent: 10**exponent))
errors = st.floats(0, 0.5)
channels = st.builds(MdiChannel, arms, arms, darks, errors)
signals = st.floats(1e-4, 1.0)

GAINS, ERRORS = (gain_z, gain_x), (error_z, error_x)


@given(channels, signals, signals)
def test_gains_are_probabilities_and_error_rates_at_most_one_half(channel, a, b):
    for gain in GAINS:
        assert 0 < gain(channel, a, b) <= 1
    for error in (*(error(channel, a, b) for error in ERRORS), single_pair_error(channel)):
        assert 0 <= error <= 0.5 + 1e-15
    assert 0 < single_pair_yield(channel) <= 1


@given(channels, signals, signals)
def test_swapping_the_arms_with_their_light_changes_nothing(channel, a, b):
    swapped = MdiChannel(
        channel.transmittance_b, channel.transmittance_a, channel.dark_probability, channel.misalignment
    )
    for quantity in (*GAINS, *ERRORS):
        assert quantity(swapped, b, a) == pytest.approx(float(quantity(channel, a, b)), rel=1e-13)
    rates = [float(rate_infinite_decoy(c, *mu, correction=F)) for c, mu in ((channel, (a, b)), (swapped, (b, a)))]
    assert rates[0] == pytest.approx(rates[1], rel=1e-9, abs=1e-12 * float(gain_z(channel, a, b)))


F = 1.16


@given(channels, signals, signals)
def test_no_rate_passes_the_ceiling_of_the_channel(channel, a, b):
    ceiling = plob_bound(channel.transmittance_a * channel.transmittance_b)
    assert rate_infinite_decoy(channel, a, b, correction=1.0) <= ceiling


@given(channels, signals, signals, st.floats(1, 100), st.floats(0, 1e-3), errors)
def test_a_positive_rate_only_falls_with_loss_dark_counts_and_misalignment(channel, a, b, factor, dark, error):
    rate = rate_infinite_decoy(channel, a, b, correction=F)
    eta_a, eta_b, p_d, e_d = (
        channel.transmittance_a,
        channel.transmittance_b,
        channel.dark_probability,
        channel.misalignment,
    )
    for worse in (
        MdiChannel(eta_a, eta_b, p_d + dark, e_d),
        MdiChannel(eta_a, eta_b, p_d, max(error, e_d)),
    ):
        assert rate_infinite_decoy(worse, a, b, correction=F) <= max(rate, 0.0) * (1 + 1e-9) + 1e-15
    lossier = MdiChannel(eta_a / factor, eta_b / factor, p_d, e_d)
    best, lossy_best = (optimal_mean_photon_number(c, correction=F) for c in (channel, lossier))
    peak = rate_infinite_decoy(channel, best, best, correction=F)
    lossy_peak = rate_infinite_decoy(lossier, lossy_best, lossy_best, correction=F)
    assert lossy_peak <= max(peak, 0.0) * (1 + 1e-6) + 1e-15


@given(channels)
def test_the_best_mean_photon_number_beats_any_other(channel):
    best = optimal_mean_photon_number(channel, correction=F)
    others = np.linspace(1e-3, 1.0, 101)
    peak = rate_infinite_decoy(channel, best, best, correction=F)
    assert np.all(rate_infinite_decoy(channel, others, others, correction=F) <= peak + 1e-9 * np.abs(peak))


@given(channels, signals, signals)
def test_single_pairs_are_part_of_the_gain(channel, a, b):
    single = a * b * np.exp(-a - b) * single_pair_yield(channel)
    for gain in GAINS:
        assert single <= gain(channel, a, b) * (1 + 1e-12)


def test_the_rate_falls_with_the_whole_transmittance():
    total = np.array([1e-2, 1e-3])
    channel = MdiChannel(np.sqrt(total), np.sqrt(total), 0.0, 0.01)
    mu = optimal_mean_photon_number(channel, correction=F)
    slope = np.diff(np.log10(rate_infinite_decoy(channel, mu, mu, correction=F))) / np.diff(np.log10(total))
    assert slope == pytest.approx(1.0, abs=0.06)


def test_a_dark_relay_announces_nothing_and_errs_by_chance():
    channel = MdiChannel([0.0, 0.1], [0.1, 0.0], 0.0, 0.015)
    for gain in GAINS:
        assert gain(channel, 0.0, 0.0).tolist() == [0.0, 0.0]
    for error in ERRORS:
        assert error(channel, 0.0, 0.0).tolist() == [0.5, 0.5]
    assert single_pair_error(channel).tolist() == [0.5, 0.5]
    assert rate_infinite_decoy(channel, 0.0, 0.0, correction=F).tolist() == [0.0, 0.0]


def test_thousands_of_links_at_once_give_what_one_gives():
    eta = np.geomspace(1e-6, 1.0, 2000)
    many = MdiChannel(eta, eta[::-1], 1e-7, np.linspace(0, 0.2, 2000))
    best = optimal_mean_photon_number(many, correction=F)
    rates = rate_infinite_decoy(many, best, best, correction=F)
    assert rates.shape == (2000,)
    for n in (0, 777, 1999):
        one = MdiChannel(eta[n], eta[::-1][n], 1e-7, np.linspace(0, 0.2, 2000)[n])
        assert best[n] == optimal_mean_photon_number(one, correction=F)
        assert rates[n] == pytest.approx(float(rate_infinite_decoy(one, best[n], best[n], correction=F)), rel=1e-12)

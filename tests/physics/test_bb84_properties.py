from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import (
    Channel,
    error_rate,
    gain,
    n_photon_yield,
    rate_infinite_decoy,
    single_photon_error,
    single_photon_gain,
)
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.decoy import Observed, rate_decoy, two_decoy_bounds, vacuum_weak_bounds
from qkdctl.physics.intensity import low_loss_mean_photon_number, optimal_mean_photon_number

transmittances = st.floats(-9, 0).map(lambda exponent: 10**exponent)
backgrounds = st.one_of(st.just(0.0), st.floats(-12, -2).map(lambda exponent: 10**exponent))
errors = st.floats(0, 0.5)
channels = st.builds(Channel, transmittances, backgrounds, errors)
signals = st.floats(0.05, 1.0)
shares = st.floats(0.01, 0.95)


def seen(channel, mu):
    return Observed(mu, gain(channel, mu), error_rate(channel, mu))


@given(channels, signals)
def test_error_rates_lie_between_zero_and_one_half(channel, mu):
    for error in (error_rate(channel, mu), single_photon_error(channel)):
        assert 0 <= error <= 0.5


@given(channels, signals)
def test_no_rate_passes_the_ceiling_of_the_channel(channel, mu):
    assert rate_infinite_decoy(channel, mu, correction=1.0, sift=1.0) <= plob_bound(channel.transmittance)


@given(channels, signals, shares, shares)
def test_decoys_never_beat_full_knowledge(channel, mu, strong, weak):
    nu1 = strong * mu / 2
    nu2 = weak * nu1
    full = rate_infinite_decoy(channel, mu, correction=1.16)
    slack = 1e-9 * float(gain(channel, mu))
    for bounds in (
        two_decoy_bounds(seen(channel, mu), seen(channel, nu1), seen(channel, nu2)),
        vacuum_weak_bounds(seen(channel, mu), seen(channel, nu1), channel.background),
    ):
        assert bounds.yield_1 <= n_photon_yield(channel, 1) * (1 + 1e-9) + 1e-12
        assert bounds.error_1 >= single_photon_error(channel) * (1 - 1e-6) - 1e-6
        assert 0 <= bounds.error_1 <= 0.5
        assert rate_decoy(seen(channel, mu), bounds, correction=1.16) <= full + slack


@given(channels, signals, st.floats(1.0, 100.0))
def test_the_error_rate_grows_with_loss_and_the_gain_falls(channel, mu, factor):
    lossier = Channel(channel.transmittance / factor, channel.background, channel.misalignment)
    assert gain(lossier, mu) <= gain(channel, mu)
    assert error_rate(lossier, mu) >= error_rate(channel, mu) - 1e-12


@given(channels, signals, st.floats(1.0, 100.0), st.floats(0, 0.5), st.floats(0, 1e-3))
def test_a_positive_rate_only_falls_with_loss_misalignment_and_background(channel, mu, factor, error, background):
    rate = rate_infinite_decoy(channel, mu, correction=1.16)
    for worse in (
        Channel(channel.transmittance / factor, channel.background, channel.misalignment),
        Channel(channel.transmittance, channel.background, max(error, channel.misalignment)),
        Channel(channel.transmittance, channel.background + background, channel.misalignment),
    ):
        assert rate_infinite_decoy(worse, mu, correction=1.16) <= max(rate, 0.0) * (1 + 1e-9) + 1e-15


@given(channels, signals, shares, st.floats(1.0, 100.0), st.floats(0, 0.5), st.floats(0, 1e-2))
def test_what_decoys_prove_only_falls_with_loss_misalignment_and_background(
    channel, mu, strong, factor, error, background
):
    eta, y0, e_d = channel.transmittance, channel.background, channel.misalignment
    worse = Channel(
        np.array([eta, eta / factor, eta, eta]),
        np.array([y0, y0, y0 + background, y0]),
        np.array([e_d, e_d, e_d, max(e_d, error)]),
    )
    bounds = vacuum_weak_bounds(seen(worse, mu), seen(worse, strong * mu), worse.background)
    rate, *worse_rates = rate_decoy(seen(worse, mu), bounds, correction=1.16)
    assert max(worse_rates) <= max(rate, 0.0) * (1 + 1e-9) + 1e-12


@given(channels, signals, shares, shares)
def test_a_weaker_decoy_bounds_the_yield_better(channel, mu, strong, weak):
    nu = strong * mu
    stronger = vacuum_weak_bounds(seen(channel, mu), seen(channel, nu), channel.background)
    weaker = vacuum_weak_bounds(seen(channel, mu), seen(channel, weak * nu), channel.background)
    assert weaker.yield_1 >= stronger.yield_1 - 1e-12 - 1e-9 * stronger.yield_1


@given(channels)
def test_the_best_mean_photon_number_beats_any_other(channel):
    best = optimal_mean_photon_number(channel, correction=1.16)
    peak = rate_infinite_decoy(channel, best, correction=1.16)
    others = rate_infinite_decoy(channel, np.linspace(1e-3, 1.0, 101), correction=1.16)
    assert np.all(others <= peak + 1e-9 * np.abs(peak))


@given(st.floats(0, 0.09), st.floats(1.0, 1.3))
def test_more_errors_call_for_less_light(error, correction):
    less, more = low_loss_mean_photon_number([error, error + 0.001], correction=correction)
    assert less >= more


def test_without_errors_one_photon_per_pulse_is_best():
    assert low_loss_mean_photon_number(0.0, correction=1.16) == pytest.approx(1.0)


def test_where_no_key_is_possible_no_light_is_best():
    assert low_loss_mean_photon_number([0.12, 0.5], correction=1.16).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("mu", "nu1", "nu2", "words"),
    [
        (0.5, 0.1, 0.1, "nu1 > nu2"),
        (0.5, 0.1, -0.01, "nu2 >= 0"),
        (0.5, 0.4, 0.1, r"nu1 \+ nu2 < mu"),
        (0.1, 0.2, 0.3, "nu1 > nu2"),
        ([0.5, 0.5], [0.1, 0.6], 0.0, r"nu1 \+ nu2 < mu"),
    ],
)
def test_decoys_must_be_ordered(mu, nu1, nu2, words):
    channel = Channel(1e-3, 1e-6, 0.01)
    with pytest.raises(ValueError, match=words):
        two_decoy_bounds(seen(channel, mu), seen(channel, nu1), seen(channel, nu2))


def test_a_bound_above_what_was_seen_is_void():
    bounds = vacuum_weak_bounds(Observed(0.5, 1e-4, 0.01), Observed(0.1, 1e-3, 0.01), 0.0)
    assert (bounds.yield_1, bounds.error_1) == (0.0, 0.5)
    assert rate_decoy(Observed(0.5, 1e-4, 0.01), bounds, correction=1.16) < 0


def test_a_signal_that_clicks_less_than_nothing_does_proves_a_lie():
    # without the empty pulses among the signal's clicks, the multi-photon part would come out negative and lift Y1
    signal, decoy = Observed(0.5, 1.9e-3, 0.01), Observed(0.1, 2.2e-3, 0.01)
    bounds = vacuum_weak_bounds(signal, decoy, 2e-3)
    assert (bounds.yield_1, bounds.error_1) == (0.0, 0.5)
    assert rate_decoy(signal, bounds, correction=1.0) < 0


@pytest.mark.parametrize(("nu", "allowed"), [(0.1, 1e-15), (1e-3, 2e-15), (1e-6, 4e-13)])
def test_the_weakest_decoys_lose_few_digits(nu, allowed):
    channel = Channel(1e-3, 1e-6, 0.01)
    with localcontext() as context:
        context.prec = 40
        eta, y0, mu, weak = (Decimal(value) for value in (1e-3, 1e-6, 0.5, nu))
        scaled = [(1 - (1 - y0) * (-eta * k).exp()) * k.exp() for k in (mu, weak)]
        exact = mu / (mu * weak - weak**2) * (scaled[1] - y0 - (weak / mu) ** 2 * (scaled[0] - y0))
    bounds = vacuum_weak_bounds(seen(channel, 0.5), seen(channel, nu), channel.background)
    assert bounds.yield_1 == pytest.approx(float(exact), rel=allowed)


def test_what_blurs_the_gain_of_a_decoy_blurs_the_yield_the_more_the_weaker_it_is():
    channel, nu = Channel(1e-3, 1e-6, 0.01), np.array([1e-2, 1e-3, 1e-4])
    decoy = seen(channel, nu)
    blurred = Observed(nu, decoy.gain + 1e-9, decoy.error_rate)
    yields = [vacuum_weak_bounds(seen(channel, 0.5), one, channel.background).yield_1 for one in (decoy, blurred)]
    assert (yields[1] - yields[0]) * nu == pytest.approx(1e-9, rel=0.05)


gains = st.one_of(st.floats(0, 1), st.floats(-9, 0).map(lambda exponent: 10**exponent))


@given(st.tuples(gains, gains, gains), st.tuples(errors, errors, errors), signals, shares, shares)
def test_whatever_was_seen_bounds_credit_no_more_clicks_than_there_were(seen_gains, error_rates, mu, strong, weak):
    intensities = (mu, strong * mu / 2, weak * strong * mu / 2)
    signal, *decoys = (Observed(*one) for one in zip(intensities, seen_gains, error_rates, strict=True))
    bounds = two_decoy_bounds(signal, *decoys)
    assert 0 <= bounds.yield_1 <= 1
    assert 0 <= bounds.error_1 <= 0.5
    assert bounds.background >= 0
    if bounds.yield_1 > 0:
        credited = np.exp(-mu) * bounds.background + single_photon_gain(mu, bounds.yield_1)
        assert credited <= signal.gain
    assert rate_decoy(signal, bounds, correction=1.0, sift=1.0) <= signal.gain


def test_nothing_seen_gives_no_key_and_no_warning():
    dark = Observed(0.5, 0.0, 0.5)
    bounds = vacuum_weak_bounds(dark, Observed(0.1, 0.0, 0.5), 0.0)
    assert (bounds.background, bounds.yield_1, bounds.error_1) == (0.0, 0.0, 0.5)
    assert rate_decoy(dark, bounds, correction=1.16) == 0


def test_yields_follow_from_photons_that_arrive_one_by_one():
    channel = Channel(0.25, 0.1, 0.01)
    assert n_photon_yield(channel, [0, 1, 2]) == pytest.approx([0.1, 0.1 + 0.9 * 0.25, 0.1 + 0.9 * (1 - 0.75**2)])
    assert n_photon_yield(Channel(1.0, 0.1, 0.01), [0, 1]) == pytest.approx([0.1, 1.0])


@given(channels, signals)
def test_the_gain_is_the_poisson_mean_of_the_yields(channel, mu):
    photons = np.arange(40)
    weights = np.exp(-mu) * np.cumprod(np.concatenate([[1.0], mu / photons[1:]]))
    assert weights @ n_photon_yield(channel, photons) == pytest.approx(float(gain(channel, mu)), rel=1e-9)
    assert single_photon_gain(mu, n_photon_yield(channel, 1)) <= gain(channel, mu) * (1 + 1e-12)


def test_thousands_of_links_at_once_give_what_one_gives():
    eta, y0, e_d = np.geomspace(1e-6, 0.5, 3000), np.full(3000, 1e-7), np.linspace(0, 0.2, 3000)
    many = rate_infinite_decoy(Channel(eta, y0, e_d), 0.5, correction=1.16)
    for n in (0, 1499, 2999):
        one = rate_infinite_decoy(Channel(eta[n], y0[n], e_d[n]), 0.5, correction=1.16)
        assert many[n] == pytest.approx(float(one), rel=1e-12)

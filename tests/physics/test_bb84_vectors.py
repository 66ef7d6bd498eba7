"""Published and recomputed figures of decoy BB84: Ma, Qi, Zhao, Lo 2005 on the link of Gobby, Yuan and Shields 2004."""

import numpy as np
import pytest

from qkdctl.physics.bb84 import (
    Channel,
    error_rate,
    gain,
    n_photon_yield,
    rate_infinite_decoy,
    single_photon_error,
    single_photon_gain,
)
from qkdctl.physics.consistency.signatures import splitting_gain
from qkdctl.physics.decoy import Observed, rate_decoy, two_decoy_bounds, vacuum_weak_bounds
from qkdctl.physics.intensity import low_loss_mean_photon_number, optimal_mean_photon_number
from qkdctl.physics.photons import transmittance

F = 1.22


def seen(channel, mu):
    return Observed(mu, gain(channel, mu), error_rate(channel, mu))


def gys(length_km):
    return Channel(0.045 * transmittance(0.21 * np.asarray(length_km)), 1.7e-6, 0.033)


def vacuum_weak_rate(channel, mu, nu, f):
    bounds = vacuum_weak_bounds(seen(channel, mu), seen(channel, nu), channel.background)
    return rate_decoy(seen(channel, mu), bounds, correction=f)


def reach_km(rate):
    lengths = np.arange(100.0, 160.0, 0.01)
    return lengths[np.flatnonzero(rate(gys(lengths)) > 0)[-1]]


def test_vacuum_and_weak_decoy_to_ten_digits():
    channel = Channel(1e-3, 1e-6, 0.01)
    signal, decoy = seen(channel, 0.5), seen(channel, 0.1)
    bounds = vacuum_weak_bounds(signal, decoy, 1e-6)
    got = [
        signal.gain,
        signal.error_rate,
        decoy.gain,
        decoy.error_rate,
        bounds.yield_1,
        bounds.error_1,
        rate_decoy(signal, bounds, correction=1.16),
        rate_infinite_decoy(channel, 0.5, correction=1.16),
    ]
    printed = [
        5.0087452096e-4,
        1.0978298912e-2,
        1.0099490017e-4,
        1.4851740030e-2,
        9.7030659347e-4,
        1.1931291905e-2,
        1.0806154755e-4,
        1.1369562897e-4,
    ]
    assert np.array(got) == pytest.approx(printed, rel=1e-9)


def test_two_general_decoys_to_ten_digits():
    channel = Channel(1e-3, 2e-6, 0.01)
    bounds = two_decoy_bounds(seen(channel, 0.5), seen(channel, 0.15), seen(channel, 0.01))
    got = [
        bounds.background,
        bounds.yield_1,
        bounds.error_1,
        rate_decoy(seen(channel, 0.5), bounds, correction=1.16),
        rate_infinite_decoy(channel, 0.5, correction=1.16),
    ]
    printed = [3.730416527e-7, 9.491462829e-4, 1.349634072e-2, 1.018634949e-4, 1.114755203e-4]
    assert np.array(got) == pytest.approx(printed, rel=1e-9)


def test_gys_link_without_fibre():
    channel = gys(0)
    assert gain(channel, 0.48) == pytest.approx(2.13701e-2, abs=5e-8)
    assert error_rate(channel, 0.48) == pytest.approx(3.3037e-2, abs=5e-7)
    assert single_photon_gain(0.48, n_photon_yield(channel, 1)) == pytest.approx(1.3366e-2, abs=5e-7)
    assert single_photon_error(channel) == pytest.approx(3.3018e-2, abs=5e-7)
    rate = rate_infinite_decoy(channel, 0.48, correction=F)
    assert rate == pytest.approx(2.5546e-3, abs=5e-8)
    assert rate == pytest.approx(2.555e-3, abs=5e-7), "published"


@pytest.mark.parametrize(
    ("length_km", "printed", "last_digit"),
    [(20, 9.6245e-4, 1e-8), (80, 4.9899e-5, 1e-9), (100, 1.71844e-5, 1e-10), (130, 1.9557e-6, 1e-10)],
)
def test_gys_rate_with_infinite_decoys(length_km, printed, last_digit):
    assert rate_infinite_decoy(gys(length_km), 0.48, correction=F) == pytest.approx(printed, abs=last_digit / 2)


@pytest.mark.parametrize(
    ("length_km", "printed", "last_digit"), [(20, 9.0776e-4, 1e-8), (100, 1.60200e-5, 1e-10), (130, 1.6788e-6, 1e-10)]
)
def test_gys_rate_with_vacuum_and_weak_decoy(length_km, printed, last_digit):
    assert vacuum_weak_rate(gys(length_km), 0.48, 0.05, F) == pytest.approx(printed, abs=last_digit / 2)


def test_gys_reach():
    assert reach_km(lambda c: rate_infinite_decoy(c, 0.48, correction=F)) == pytest.approx(142.01, abs=0.5)
    assert reach_km(lambda c: vacuum_weak_rate(c, 0.48, 0.1, F)) == pytest.approx(139.1, abs=0.5)
    assert reach_km(lambda c: vacuum_weak_rate(c, 0.48, 0.01, F)) == pytest.approx(141.7, abs=0.5)


@pytest.mark.parametrize(("e_d", "f", "printed"), [(0.033, 1.22, 0.4789), (0.01, 1.16, 0.778), (0.033, 1.16, 0.496)])
def test_best_mean_photon_number_at_low_loss(e_d, f, printed):
    last_digit = 1e-4 if printed == 0.4789 else 1e-3
    assert low_loss_mean_photon_number(e_d, correction=f) == pytest.approx(printed, abs=last_digit / 2)


def test_low_loss_optimum_is_where_the_rate_peaks():
    quiet = Channel(1e-6, 0.0, 0.033)
    assert optimal_mean_photon_number(quiet, correction=F) == pytest.approx(0.4789, abs=5e-5)


@pytest.mark.parametrize(("mu", "share"), [(0.1, 0.40), (0.3, 0.88), (0.4, 0.98), (0.6, 0.95), (1.0, 0.31)])
def test_what_the_power_knob_is_worth_at_50_km(mu, share):
    best = optimal_mean_photon_number(gys(50), correction=F)
    peak = rate_infinite_decoy(gys(50), best, correction=F)
    assert rate_infinite_decoy(gys(50), mu, correction=F) / peak == pytest.approx(share, abs=0.0051)


@pytest.mark.parametrize("mu", [0.1, 0.9])
def test_a_badly_set_knob_kills_the_key_at_130_km(mu):
    assert rate_infinite_decoy(gys(130), mu, correction=F) <= 0


def test_a_fifth_less_or_more_light_costs_about_three_percent_at_mid_range():
    peak = rate_infinite_decoy(gys(50), optimal_mean_photon_number(gys(50), correction=F), correction=F)
    shares = rate_infinite_decoy(gys(50), 0.48 * np.array([0.8, 1.2]), correction=F) / peak
    assert shares == pytest.approx(0.97, abs=0.005)


@pytest.mark.parametrize("length_km", [0, 50, 100])
def test_more_misalignment_calls_for_less_light(length_km):
    errors = np.linspace(0, 0.06, 13)
    channel = Channel(gys(length_km).transmittance, 1.7e-6, errors)
    assert np.all(np.diff(optimal_mean_photon_number(channel, correction=F)) < 0)


def test_photon_number_splitting_shows_in_the_decoy_gain_alone():
    channel = gys(100)
    attacked = splitting_gain(channel, 0.48, [0.48, 0.05])
    assert attacked[0] == pytest.approx(float(gain(channel, 0.48)), rel=1e-12)
    assert attacked[1] / gain(channel, 0.05) == pytest.approx(0.2, abs=0.05)
    signal, decoy = seen(channel, 0.48), Observed(0.05, attacked[1], error_rate(channel, 0.05))
    assert rate_decoy(signal, vacuum_weak_bounds(signal, decoy, channel.background), correction=F) < 0

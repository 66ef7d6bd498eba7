import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics import bb84, intensity
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.detectors import background_yield
from qkdctl.physics.gg02 import (
    CvChannel,
    holevo_information,
    key_rate,
    mutual_information,
    optimal_modulation_variance,
)
from qkdctl.physics.photons import transmittance
from tests.physics.exact import gg02_holevo

LODEWYCK = CvChannel(0.302, 0.005, 0.606, 0.041)

channels = st.builds(
    CvChannel,
    st.floats(-5, 0).map(lambda exponent: 10**exponent),
    st.floats(0, 0.5),
    st.floats(0.05, 1),
    st.floats(0, 1),
)
variances = st.floats(0.01, 100)


def deployed(length_km):
    t = transmittance(0.2 * np.asarray(length_km))
    return CvChannel(t, 0.005 + 5e-4 / (0.6 * t), 0.6, 0.1)


def snspd_bb84(length_km):
    """BB84 with perfect error correction and nothing lost in sifting, the ceiling of what the nanowires allow."""
    channel = bb84.Channel(0.65 * transmittance(0.2 * np.asarray(length_km)), background_yield(1e-7), 0.005)
    best = intensity.optimal_mean_photon_number(channel, correction=1.0)
    return bb84.rate_infinite_decoy(channel, best, correction=1.0, sift=1.0)


def test_the_25_km_of_lodewyck_and_others():
    shared, lost = mutual_information(LODEWYCK, 18.5), holevo_information(LODEWYCK, 18.5)
    rate = key_rate(LODEWYCK, 18.5, reconciliation=0.898)
    assert shared == pytest.approx(1.04364965, abs=5e-9)
    assert lost == pytest.approx(0.90204329, abs=5e-9)
    assert rate == pytest.approx(0.03515409, abs=5e-9)
    assert 350 * np.array([shared, lost]) == pytest.approx([365.28, 315.72], abs=5e-3)
    assert 350 * rate == pytest.approx(12.304, abs=5e-4)
    assert 350 * np.array([shared, lost]) == pytest.approx([365, 316], abs=0.5), "published"
    assert 350 * rate == pytest.approx(12.3, abs=0.05), "published"


@pytest.mark.parametrize("t", [0.9, 0.5, 0.1, 1e-3])
def test_the_ideal_limit_is_half_of_what_the_channel_allows(t):
    assert key_rate(CvChannel(t, 0.0, 1.0, 0.0), 1e6, reconciliation=1.0) == pytest.approx(
        float(plob_bound(t)) / 2, rel=1e-5
    )


@pytest.mark.parametrize("t", [1e-5, 0.302, 0.99999])
@pytest.mark.parametrize("excess", [0.0, 1e-6, 0.05])
@pytest.mark.parametrize("receiver", [(0.606, 0.041), (1.0, 0.0)])
@pytest.mark.parametrize("variance", [0.01, 4.0, 100.0])
def test_no_line_is_too_weak_or_too_good_for_double_precision(t, excess, receiver, variance):
    exact = gg02_holevo(t, excess, *receiver, variance)
    # a symplectic eigenvalue of 1 is known to one rounding, which is 5e-15 bits of entropy
    assert holevo_information(CvChannel(t, excess, *receiver), variance) == pytest.approx(exact, rel=1e-12, abs=1e-13)


def best_rate(channel, most_modulation):
    best = optimal_modulation_variance(channel, reconciliation=0.95, highest=most_modulation)
    return key_rate(channel, best, reconciliation=0.95)


def test_per_symbol_it_beats_single_photons_up_to_about_50_km():
    assert best_rate(deployed(10), 10.0) == pytest.approx(0.302, abs=5e-4)
    assert snspd_bb84(10) == pytest.approx(0.129, abs=5e-4)
    lengths = np.arange(0.0, 100.0, 0.5)
    ahead = best_rate(deployed(lengths), 10.0) > snspd_bb84(lengths)
    crossover = lengths[np.flatnonzero(ahead)[-1]]
    assert crossover == pytest.approx(50, abs=2)
    assert np.all(ahead[lengths <= crossover])


def test_per_second_it_loses_to_a_tenfold_clock_at_every_distance():
    lengths = np.arange(0.0, 100.0, 0.5)
    assert np.all(1e8 * best_rate(deployed(lengths), 40.0) < 1e9 * snspd_bb84(lengths))


@given(channels, variances)
def test_information_is_never_negative_and_no_rate_passes_the_ceiling_of_the_channel(channel, variance):
    assert mutual_information(channel, variance) >= 0
    assert holevo_information(channel, variance) >= -1e-13
    assert key_rate(channel, variance, reconciliation=1.0) <= plob_bound(channel.transmittance) + 1e-12


@given(channels, st.floats(1, 10), st.floats(0, 0.2), st.floats(0.1, 1))
def test_a_positive_rate_only_falls_with_loss_excess_noise_and_worse_reconciliation(channel, factor, noise, beta):
    t, xi, eta, v = channel.transmittance, channel.excess_noise, channel.efficiency, channel.electronic_noise
    worse = CvChannel([t, t / factor, t, t], [xi, xi, xi + noise, xi], eta, v)
    betas = [0.95, 0.95, 0.95, 0.95 * beta]
    best = optimal_modulation_variance(worse, reconciliation=betas)
    rate, *worse_rates = key_rate(worse, best, reconciliation=betas)
    assert max(worse_rates) <= max(rate, 0.0) * (1 + 1e-6) + 1e-11


def test_noise_that_the_receiver_itself_adds_can_help():
    # Garcia-Patron, Cerf, Phys. Rev. Lett. 102, 130501 (2009): trusted noise hurts an eavesdropper more
    quiet, noisy = key_rate(CvChannel(1.0, 0.25, 1.0, [0.0, 0.125]), 10.0, reconciliation=0.95)
    assert noisy > quiet > 0


def test_without_loss_and_noise_nothing_leaks():
    assert holevo_information(CvChannel(1.0, 0.0, 0.6, 0.1), [1.0, 10.0, 100.0]) == pytest.approx(0.0, abs=1e-12)


def test_many_links_at_once_give_what_one_gives():
    lengths = np.linspace(0, 100, 1000)
    many = deployed(lengths)
    best = optimal_modulation_variance(many, reconciliation=0.95)
    rates = key_rate(many, best, reconciliation=0.95)
    for n in (0, 500, 999):
        one = deployed(lengths[n])
        assert optimal_modulation_variance(one, reconciliation=0.95) == pytest.approx(best[n])
        assert key_rate(one, best[n], reconciliation=0.95) == pytest.approx(rates[n], rel=1e-12)

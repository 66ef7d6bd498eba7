import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate, gain, rate_infinite_decoy
from qkdctl.physics.decoy import Observed
from qkdctl.physics.entropy import h2
from qkdctl.physics.gllp import multi_photon_probability, rate_without_decoys
from qkdctl.physics.photons import transmittance

transmittances = st.floats(-6, 0).map(lambda exponent: 10**exponent)
backgrounds = st.floats(-10, -3).map(lambda exponent: 10**exponent)
channels = st.builds(Channel, transmittances, backgrounds, st.floats(0, 0.5))
signals = st.floats(-7, 0).map(lambda exponent: 10**exponent)


def rate(channel, mu, correction=1.22):
    return rate_without_decoys(Observed(mu, gain(channel, mu), error_rate(channel, mu)), correction=correction)


def gys(length_km):
    return Channel(0.045 * transmittance(0.21 * np.asarray(length_km)), 1.7e-6, 0.033)


def test_by_hand():
    # p_multi = 1 - 1.1 exp(-0.1) = 0.00467884, Omega = 1 - 0.0467884 = 0.9532116
    signal = Observed(0.1, 0.1, 0.02)
    by_hand = 0.5 * 0.1 * (0.9532116 * (1 - h2(0.02 / 0.9532116)) - 1.16 * h2(0.02))
    assert rate_without_decoys(signal, correction=1.16) == pytest.approx(float(by_hand), rel=1e-6)


def test_multi_photon_probability_keeps_its_precision_for_weak_pulses():
    # mu^2/2 - mu^3/3 + ...
    assert multi_photon_probability(1e-8) == pytest.approx(5e-17, rel=1e-7)
    assert multi_photon_probability([0.0, 0.5]) == pytest.approx([0.0, 1 - 1.5 * np.exp(-0.5)])


@given(channels, signals)
def test_decoys_beat_no_decoys(channel, mu):
    slack = 1e-12 * float(gain(channel, mu))
    assert rate(channel, mu) <= rate_infinite_decoy(channel, mu, correction=1.22) + slack


@given(channels)
def test_without_decoys_bright_pulses_give_no_key_over_a_lossy_channel(channel):
    lossy = Channel(channel.transmittance / 10, channel.background, channel.misalignment)
    assert rate(lossy, 0.5) < 0


def test_the_best_intensity_is_about_the_transmittance_and_the_rate_falls_with_its_square():
    mus = np.geomspace(1e-5, 1, 2001)
    peaks = []
    for eta in (1e-2, 1e-3):
        rates = rate(Channel(eta, 0.0, 0.01), mus)
        assert mus[rates.argmax()] == pytest.approx(eta, rel=0.3)
        peaks.append(rates.max())
    assert peaks[0] / peaks[1] == pytest.approx(100, rel=0.1)


def test_decoys_make_the_reach_of_the_gys_link_more_than_three_times_longer():
    lengths = np.arange(0.0, 60.0, 0.1)
    best = rate(gys(lengths), np.geomspace(1e-4, 0.5, 400)[:, np.newaxis]).max(axis=0)
    reach = lengths[np.flatnonzero(best > 0)[-1]]
    assert 30 < reach < 142 / 3


def test_errors_that_the_single_photons_could_have_made_alone_leave_no_secret():
    # p_multi is .00468 of .006 clicks, so .0018 wrong ones are more than half of the others, and more than all of them
    for error in (0.12, 0.3):
        signal = Observed(0.1, 0.006, error)
        assert rate_without_decoys(signal, correction=1.0) == pytest.approx(-0.5 * 0.006 * float(h2(error)))


def test_nothing_seen_or_nothing_but_errors_gives_no_key_and_no_warning():
    assert rate_without_decoys(Observed(0.1, 0.0, 0.5), correction=1.16) == 0
    assert rate_without_decoys(Observed(0.1, 0.1, 0.5), correction=1.16) < 0
    assert rate_without_decoys(Observed(1.0, 1e-6, 0.01), correction=1.16) < 0

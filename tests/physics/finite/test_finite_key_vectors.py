"""Finite keys computed by hand from the formulas of Lim et al. 2014 and Rusca et al. 2018."""

import numpy as np
import pytest

from qkdctl.physics.bb84 import Channel
from qkdctl.physics.entropy import h2
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.decoy_counts import IntensitySettings
from qkdctl.physics.finite.expected_counts import expected_block
from qkdctl.physics.finite.security import Security
from qkdctl.physics.photons import transmittance

SECURITY = Security(secrecy=1e-9, correctness=1e-15)


def test_three_intensities_over_50_km():
    settings = IntensitySettings([0.5, 0.1, 2e-4], [0.7, 0.2, 0.1])
    channel = Channel(0.1 * transmittance(0.2 * 50), 2 * 6e-7, 0.005)
    block = expected_block(channel, settings, pulses=1e10, key_basis_probability=0.9)
    key = lim2014.key_length(block, settings, correction=1.16, security=SECURITY)
    assert block.key.total_clicks() == pytest.approx(2.990974e7, abs=5)
    assert block.key.error_rate() == pytest.approx(0.005161, abs=5e-7)
    assert key.single == pytest.approx(1.72449e7, abs=50)
    assert key.test_single == pytest.approx(128913, abs=0.5)
    assert key.test_single_errors == pytest.approx(3347.99, abs=5e-3)
    assert key.phase_error == pytest.approx(0.0300, abs=5e-5)
    assert key.length == pytest.approx(12274240.6, rel=1e-8)
    assert key.bits() == 12274240


def test_one_decoy_at_27_db():
    settings = IntensitySettings([0.5, 0.1], [0.8, 0.2])
    channel = Channel(0.002, 2 * 1e-8, 0.01)
    block = expected_block(channel, settings, pulses=1e11, key_basis_probability=0.9)
    key = rusca2018.key_length(block, settings, correction=1.16, security=SECURITY)
    got = [
        block.key.total_clicks(),
        block.key.error_rate(),
        key.vacuum,
        rusca2018.vacuum_ceiling(block.key, settings, SECURITY),
        key.single,
        key.test_single,
        key.test_single_errors,
        key.phase_error,
        key.length,
    ]
    printed = [
        6.80089055e7,
        0.0100116722,
        0.0,
        317353.218,
        38937081.6,
        393486.348,
        10863.1725,
        0.0299445977,
        24998694.6,
    ]
    assert np.array(got) == pytest.approx(printed, rel=6e-9)


def delta(total, terms):
    return np.sqrt(total / 2 * np.log(terms / SECURITY.secrecy))


def test_where_background_prevails_empty_pulses_are_known_to_click():
    mu, p = np.array([0.5, 0.1, 2e-3]), np.array([0.3, 0.2, 0.5])
    settings, channel = IntensitySettings(mu, p), Channel(1e-3, 1e-4, 0.01)
    block = expected_block(channel, settings, pulses=1e12, key_basis_probability=0.9)
    clicks, tau0 = np.asarray(block.key.clicks), (p * np.exp(-mu)).sum()
    low = np.exp(mu) / p * (clicks - delta(clicks.sum(), 21))
    high = np.exp(mu) / p * (clicks + delta(clicks.sum(), 21))
    by_hand = tau0 * (mu[1] * low[2] - mu[2] * high[1]) / (mu[1] - mu[2])
    sent_empty = 1e12 * 0.81 * tau0
    assert 0.9 * 1e-4 * sent_empty < by_hand < 1e-4 * sent_empty
    assert lim2014.key_length(block, settings, correction=1.16, security=SECURITY).vacuum == pytest.approx(by_hand)


def test_a_decoy_that_clicks_by_background_alone_tells_of_empty_pulses():
    mu, p = np.array([0.5, 0.01]), np.array([0.3, 0.7])
    settings, channel = IntensitySettings(mu, p), Channel(1e-3, 1e-4, 0.01)
    block = expected_block(channel, settings, pulses=1e12, key_basis_probability=0.9)
    clicks, tau0 = np.asarray(block.key.clicks), (p * np.exp(-mu)).sum()
    low = np.exp(mu[1]) / p[1] * (clicks[1] - delta(clicks.sum(), 19))
    high = np.exp(mu[0]) / p[0] * (clicks[0] + delta(clicks.sum(), 19))
    by_hand = tau0 / (mu[0] - mu[1]) * (mu[0] * low - mu[1] * high)
    sent_empty = 1e12 * 0.81 * tau0
    assert 0.9 * 1e-4 * sent_empty < by_hand < 1e-4 * sent_empty
    assert rusca2018.key_length(block, settings, correction=1.16, security=SECURITY).vacuum == pytest.approx(by_hand)


def test_afterpulses_enter_clicks_and_errors_as_printed():
    settings = IntensitySettings([0.5, 0.1, 2e-4], [0.7, 0.2, 0.1])
    eta, dark, misaligned, after = 0.01, 6e-7, 0.005, 0.04
    block = expected_block(
        Channel(eta, 2 * dark, misaligned),
        settings,
        pulses=1e10,
        key_basis_probability=0.9,
        afterpulse_probability=after,
    )
    mu, p = np.array(settings.mean_photon_numbers), np.array(settings.probabilities)
    detected = 1 - (1 - 2 * dark) * np.exp(-eta * mu)
    wrong = dark + misaligned * (1 - np.exp(-eta * mu)) + after * detected / 2
    assert block.key.clicks == pytest.approx(1e10 * 0.81 * p * detected * (1 + after), rel=1e-9)
    assert block.key.errors == pytest.approx(1e10 * 0.81 * p * wrong, rel=1e-9)
    assert block.test.clicks == pytest.approx(1e10 * 0.01 * p * detected * (1 + after), rel=1e-9)
    assert block.test.errors == pytest.approx(1e10 * 0.01 * p * wrong, rel=1e-9)


def test_errors_of_the_vacuum_like_pulses_cost_key():
    # most pulses hold almost no light, so that a long way off their noise is a good part of all errors
    settings = IntensitySettings([0.5, 0.1, 2e-4], [0.15, 0.1, 0.75])
    channel = Channel(0.1 * transmittance(0.2 * 120), 2 * 6e-7, 0.005)
    block = expected_block(channel, settings, pulses=1e14, key_basis_probability=0.9)
    key = lim2014.key_length(block, settings, correction=1.16, security=SECURITY)
    clicks, errors = np.asarray(block.key.clicks), np.asarray(block.key.errors)
    pooled, bright = errors.sum() / clicks.sum(), errors[:2].sum() / clicks.sum()
    dropped = 1.16 * clicks.sum() * (h2(pooled) - h2(bright))
    assert block.key.error_rate() == pytest.approx(pooled)
    assert (key.length + dropped) / key.length == pytest.approx(1.2, abs=0.05)

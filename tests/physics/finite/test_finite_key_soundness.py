"""Blocks drawn photon by photon, where the truth is known: does every bound hold?"""

import numpy as np
import pytest

from qkdctl.physics.bb84 import Channel, n_photon_yield
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.expected_counts import expected_block
from qkdctl.physics.finite.security import Security

CHANNEL = Channel(0.05, 1e-5, 0.015)
PHOTONS = np.arange(30)
FACTORIALS = np.cumprod(np.maximum(PHOTONS, 1).astype(float))
ANALYSES = {
    lim2014: IntensitySettings([0.5, 0.15, 2e-4], [0.5, 0.35, 0.15]),
    rusca2018: IntensitySettings([0.5, 0.15], [0.6, 0.4]),
}


def draw_basis(generator, settings, pulses, runs):
    """Counts of many runs, and how many clicks had no photon, one photon, and one photon with an error."""
    mu, p = (np.asarray(part)[:, np.newaxis] for part in (settings.mean_photon_numbers, settings.probabilities))
    sent = pulses * p * np.exp(-mu) * mu**PHOTONS / FACTORIALS
    click = n_photon_yield(CHANNEL, PHOTONS)
    arrive = (click - CHANNEL.background) / (1 - CHANNEL.background)
    wrong = (CHANNEL.background / 2 + CHANNEL.misalignment * arrive) / click
    clicks = generator.poisson(sent * click, size=(runs, *sent.shape))
    errors = generator.binomial(clicks, np.minimum(wrong, 0.5))
    truth = clicks[..., 0].sum(axis=-1), clicks[..., 1].sum(axis=-1), errors[..., 1].sum(axis=-1)
    return BasisCounts(clicks.sum(axis=-1), errors.sum(axis=-1)), truth


@pytest.mark.parametrize("module", ANALYSES)
@pytest.mark.parametrize("pulses", [1e6, 1e8])
def test_bounds_hold_in_every_run(module, pulses):
    generator, settings, security = np.random.default_rng(4), ANALYSES[module], Security(1e-6, 1e-15)
    in_key, (vacuum, single, _) = draw_basis(generator, settings, pulses * 0.8, runs=2000)
    in_test, (_, test_single, test_wrong) = draw_basis(generator, settings, pulses * 0.2, runs=2000)
    key = module.key_length(BlockCounts(in_key, in_test), settings, correction=1.16, security=security)
    assert np.all(key.single > 0)
    assert np.all(key.vacuum <= vacuum)
    assert np.all(key.single <= single)
    assert np.all(key.test_single <= test_single)
    assert np.all(key.test_single_errors >= test_wrong)
    if module is rusca2018:
        assert np.all(rusca2018.vacuum_ceiling(in_key, settings, security) >= vacuum)


@pytest.mark.parametrize("module", ANALYSES)
def test_the_expected_length_is_reached_by_about_every_second_run_only(module):
    generator, settings = np.random.default_rng(5), ANALYSES[module]
    expected = expected_block(CHANNEL, settings, pulses=2e8, key_basis_probability=0.8)
    aim = module.key_length(expected, settings, correction=1.16, security=Security())
    drawn = [draw_basis(generator, settings, 2e8 * share, runs=4000)[0] for share in (0.64, 0.04)]
    reached = (
        module.key_length(BlockCounts(*drawn), settings, correction=1.16, security=Security()).length >= aim.length
    )
    assert aim.length > 0
    assert 0.4 < reached.mean() < 0.6

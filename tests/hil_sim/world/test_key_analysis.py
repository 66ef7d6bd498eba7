from types import SimpleNamespace

import numpy as np
import pytest

from hil_sim.world.counts import PulseCounts
from hil_sim.world.key_analysis import provable_key_bits
from qkdctl.physics.bb84 import Channel, error_rate, gain, rate_infinite_decoy
from qkdctl.physics.decoy import Observed, rate_decoy, vacuum_weak_bounds

CHANNEL = Channel(0.02, 2e-7, 0.01)
MEAN, RATIO = 0.5, 0.2
SENT = np.array([[64e8, 20e8, 10e8], [4e8, 1e8, 1e8]]).astype(np.int64)


def expected_counts(*, scale=1.0, x_error=0.01, sent=SENT):
    """Counts without noise, the true intensities being `scale` times the claimed ones."""
    means = scale * MEAN * np.array([1.0, RATIO, 0.0])
    detected, errors = np.zeros(sent.shape), np.zeros(sent.shape)
    for basis, misalignment in enumerate((0.01, x_error)):
        channel = Channel(CHANNEL.transmittance, CHANNEL.background, misalignment)
        detected[basis] = sent[basis] * gain(channel, means)
        errors[basis] = detected[basis] * error_rate(channel, means)
    return PulseCounts(int(sent.sum() * 1.5), sent, np.rint(detected).astype(int), np.rint(errors).astype(int))


def bits(counts, *, mean=MEAN, least_clicks=200):
    return provable_key_bits(counts, mean, RATIO, correction=1.16, least_clicks=least_clicks)


def test_counts_without_noise_give_the_analytic_key():
    def seen(mu):
        return Observed(mu, gain(CHANNEL, mu), error_rate(CHANNEL, mu))

    bounds = vacuum_weak_bounds(seen(0.5), seen(0.1), CHANNEL.background)
    rate = rate_decoy(seen(0.5), bounds, correction=1.16, sift=1.0)
    assert bits(expected_counts()) == pytest.approx(rate * SENT[0, 0], rel=1e-4)


def test_errors_in_the_test_basis_alone_kill_the_key():
    assert bits(expected_counts(x_error=0.03)) < bits(expected_counts())
    assert bits(expected_counts(x_error=0.25)) == 0


def test_more_light_than_claimed_is_over_claimed():
    true_rate = rate_infinite_decoy(CHANNEL, 1.3 * MEAN, correction=1.16, sift=1.0)
    claimed = bits(expected_counts(scale=1.3)) / SENT[0, 0]
    assert claimed > true_rate
    assert bits(expected_counts()) / SENT[0, 0] < rate_infinite_decoy(CHANNEL, MEAN, correction=1.16, sift=1.0)


def test_far_more_light_than_claimed_contradicts_itself_or_proves_nothing_more_than_there_is():
    for mean in (0.5, 0.05, 0.005):
        assert bits(expected_counts(), mean=mean) <= expected_counts().detected[0, 0]


def test_nothing_is_claimed_without_a_claim():
    assert bits(expected_counts(), mean=0.0) == 0


def test_nothing_is_concluded_from_a_handful_of_clicks():
    few = SENT // 50_000
    counts = expected_counts(sent=few)
    assert 0 < counts.detected[1, 1] < 200
    assert bits(counts) == 0
    assert bits(expected_counts(sent=few * 1000)) > 0


def test_a_dark_link_proves_nothing():
    rng = np.random.default_rng(5)
    for _ in range(300):
        detected = rng.poisson(SENT * 2e-7)
        counts = PulseCounts(10**10, SENT, detected, rng.binomial(detected, 0.5))
        assert bits(counts, least_clicks=1) == 0


def test_no_pulses_prove_nothing():
    assert bits(PulseCounts.none(3)) == 0


def test_key_is_a_whole_number_of_bits():
    assert bits(expected_counts()).dtype == np.int64


def test_many_links_are_analysed_as_each_alone():
    each = [expected_counts(), expected_counts(x_error=0.03), expected_counts(x_error=0.25), PulseCounts.none(3)]
    stacked = SimpleNamespace(
        **{name: np.stack([getattr(c, name) for c in each], axis=-1) for name in ("sent", "detected", "errors")}
    )
    assert bits(stacked).tolist() == [int(bits(counts)) for counts in each]

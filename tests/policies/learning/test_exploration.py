"""What is illegal is never chosen, neither by value nor by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qkdctl_policies.learning.config import ExplorationSection
from qkdctl_policies.learning.exploration import best_legal, chances, explore, guided
from scipy.stats import chisquare


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_only_what_is_legal_is_chosen(seed, chance):
    rng = np.random.default_rng(seed)
    legal = rng.random((20, 10)) < 0.4
    legal[:, 0] = True
    best = best_legal(rng.normal(size=legal.shape).astype(np.float32), legal)
    chosen = explore(best, legal, np.full(20, chance), 4.0, rng)
    for actions in (best, chosen):
        assert legal[np.arange(20), actions].all()


def test_equal_values_mean_hold():
    legal = np.ones((4, 10), dtype=np.bool_)
    assert best_legal(np.zeros((4, 10), dtype=np.int64), legal).tolist() == [0] * 4
    assert best_legal(np.zeros((4, 10), dtype=np.float32), legal).tolist() == [0] * 4


def test_hold_is_as_likely_as_said_and_the_others_alike():
    legal = np.zeros((1, 10), dtype=np.bool_).repeat(50_000, axis=0)
    legal[:, [0, 3, 5]] = True
    chosen = explore(np.full(50_000, 9), legal, np.ones(50_000), 2.0, np.random.default_rng(1))
    counts = np.bincount(chosen, minlength=10)
    assert counts[[0, 3, 5]].sum() == 50_000
    assert chisquare(counts[[0, 3, 5]], 50_000 * np.array([2, 1, 1]) / 4).pvalue > 1e-3


def test_chances_fall_and_are_spread_over_the_networks():
    settings = ExplorationSection(first=1.0, last=0.1, share=0.5, ladder=2.0)
    assert chances(settings, 0.0, 4).tolist() == [1.0] * 4
    np.testing.assert_allclose(chances(settings, 1.0, 3), [0.1, 0.1**2, 0.1**3])
    assert (chances(settings, 0.2, 4) > chances(settings, 0.4, 4)).all()


def test_guides_lead_a_share_of_all_scenarios_that_falls_to_nothing():
    settings = ExplorationSection(guided=0.5, share=0.4)
    networks = np.arange(120)
    led = guided(settings, 0.0, 120)
    assert led.mean() == pytest.approx(0.5, abs=0.02)
    for scenario in range(12):
        assert 3 <= led[networks % 12 == scenario].sum() <= 7
    assert guided(settings, 0.2, 120).mean() == pytest.approx(0.25, abs=0.02)
    assert not guided(settings, 0.4, 120).any()
    assert not guided(ExplorationSection(), 0.0, 120).any()

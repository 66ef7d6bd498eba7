"""What is illegal is never chosen, neither by value nor by chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from qkdctl_policies.learning.config_sections import ExplorationSection
from qkdctl_policies.learning.exploration import best_legal, chances, explore
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

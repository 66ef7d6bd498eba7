"""Tests between arms, by hand."""

import math

import numpy as np
import pytest
from qkdctl_policies.experiments.comparison import compared, holm


def test_an_arm_that_is_better_in_every_seed_has_the_largest_effect() -> None:
    found = compared(np.linspace(0.5, 0.9, 8), np.linspace(0.1, 0.3, 8))
    assert found.effect == 1
    assert found.p == pytest.approx(2 / 2**8)
    assert found.difference.mean == pytest.approx(0.5)
    assert 0.4 < found.difference.low < 0.5 < found.difference.high < 0.6


def test_differences_that_tie_have_the_p_of_the_normal_distribution_corrected_for_ties() -> None:
    # ten equal ones: W = 0, mean 27.5, variance (10 11 21 / 24) - (10^3 - 10) / 48
    z = 27.5 / math.sqrt(10 * 11 * 21 / 24 - 990 / 48)
    assert compared(np.ones(10), np.zeros(10)).p == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_the_effect_weighs_ranks() -> None:
    # differences +1, +2, -3: ranks for and against are equal
    assert compared(np.array([1.0, 2.0, 0.0]), np.array([0.0, 0.0, 3.0])).effect == 0


def test_arms_that_never_differ_are_equal() -> None:
    found = compared(np.ones(5), np.ones(5))
    assert (found.effect, found.p, found.difference.low, found.difference.high) == (0, 1, 0, 0)


def test_holm_multiplies_by_how_many_are_left_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []

"""Places are found in proportion to their priorities, whatever the capacity and however often they change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qkdctl_policies.learning.sum_tree import SumTree
from scipy.stats import chisquare

PRIORITIES = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=40).filter(any)


def tree_of(priorities):
    tree = SumTree(len(priorities))
    tree.set(np.arange(len(priorities)), np.array(priorities))
    return tree


@pytest.mark.parametrize("capacity", [1, 2, 7, 64, 100, 1000])
def test_frequencies_follow_priorities(capacity):
    rng = np.random.default_rng(capacity)
    priorities = rng.random(capacity) ** 3 + 1e-3
    tree = tree_of(priorities)
    draws = 200_000
    counts = np.bincount(tree.find(rng.random(draws) * tree.total), minlength=capacity)
    expected = priorities / priorities.sum() * draws
    assert capacity == 1 or chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3


@given(PRIORITIES, st.floats(0, 1))
def test_a_sum_lies_in_the_place_that_a_walk_finds(priorities, share):
    tree = tree_of(priorities)
    (found,) = tree.find(np.array([share * tree.total]))
    sums = np.cumsum(priorities)
    assert priorities[found] > 0
    slack = 1e-9 * sums[-1]
    assert sums[found] - priorities[found] - slack <= share * tree.total <= sums[found] + slack


@given(PRIORITIES)
def test_even_a_sum_beyond_the_total_finds_a_place(priorities):
    tree = tree_of(priorities)
    found = tree.find(np.array([tree.total, tree.total * (1 + 1e-9), np.inf]))
    assert (np.array(priorities)[found] > 0).all()


def test_a_million_changes_leave_no_error():
    tree, rng = SumTree(1000), np.random.default_rng(2)
    for _ in range(1000):
        # sizes twelve decades apart: what differences would lose for good
        tree.set(rng.integers(1000, size=1000), 10.0 ** rng.uniform(-6, 6, 1000))
    tree.set(np.arange(1000), np.full(1000, 0.1))
    assert tree.total == pytest.approx(100.0, rel=1e-14)
    again = tree_of([0.1] * 1000)
    assert tree.total == again.total


def test_the_last_of_equal_places_counts():
    tree = SumTree(3)
    tree.set(np.array([1, 1, 1]), np.array([5.0, 7.0, 2.0]))
    assert tree.priorities.tolist() == [0.0, 2.0, 0.0]
    assert tree.total == 2.0


def test_bad_values_are_refused_and_change_nothing():
    tree = tree_of([1.0, 2.0])
    for place, priority, error in (
        (2, 1.0, IndexError),
        (-1, 1.0, IndexError),
        (0, np.nan, ValueError),
        (0, np.inf, ValueError),
        (0, -1.0, ValueError),
    ):
        with pytest.raises(error):
            tree.set(np.array([place]), np.array([priority]))
    assert tree.total == 3.0
    with pytest.raises(ValueError, match="at least one"):
        SumTree(0)
    with pytest.raises(ValueError, match="above 0"):
        SumTree(4).find(np.array([0.0]))

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.adversary.honest_pairs import honest_demand_served, honest_pair_share, honest_pairs


def test_two_bad_nodes_of_ten_leave_62_percent_of_the_pairs():
    assert honest_pair_share(10, 2) == pytest.approx(0.62, abs=0.005)


@given(st.lists(st.booleans(), min_size=2, max_size=9))
def test_the_share_is_that_of_the_pairs_counted(byzantine):
    ends = np.array([*permutations(range(len(byzantine)), 2)]).T
    counted = honest_pairs(np.array(byzantine), ends).mean()
    assert honest_pair_share(len(byzantine), sum(byzantine)) == pytest.approx(counted)


def test_service_is_that_of_honest_pairs_relative_to_no_attack():
    honest = np.array([True, False, True])
    assert honest_demand_served(np.array([30.0, 0.0, 60.0]), np.array([50.0, 70.0, 50.0]), honest) == 0.9


def test_service_that_never_was_cannot_be_compared():
    with pytest.raises(ValueError, match="nothing even without attack"):
        honest_demand_served(np.ones(2), np.array([0.0, 5.0]), np.array([True, False]))


@pytest.mark.parametrize(("nodes", "byzantine"), [(1, 0), (5, 6), (5, -1)])
def test_impossible_networks_are_refused(nodes, byzantine):
    with pytest.raises(ValueError, match="two nodes or more"):
        honest_pair_share(nodes, byzantine)

"""When a demand is out of service, and for how long."""

import numpy as np
import pytest

from hil_sim.network.key_service import Served
from hil_sim.network.run.demand_tally import DemandTally


def served(delivered: int, given_up: int, waiting: int = 0, asked: int = 100) -> Served:
    """One demand, no link."""
    one = [np.array([value], dtype=np.int64) for value in (asked, delivered, 0, given_up, waiting)]
    none = np.zeros(0, dtype=np.int64)
    return Served(one[0], one[1], one[2], np.zeros(1), one[3], one[4], none, none)


def tally(*epochs: Served) -> DemandTally:
    result = DemandTally(1)
    for epoch in epochs:
        result.add(epoch)
    return result


def test_an_outage_is_an_epoch_in_which_more_than_a_fifth_of_what_leaves_is_given_up() -> None:
    result = tally(served(80, 20), served(79, 21), served(100, 0))
    assert (result.out[0], result.outages[0], result.restored[0]) == (1, 1, 1)


def test_neighbouring_epochs_are_one_outage_whose_length_counts_once_it_is_over() -> None:
    out, up = served(0, 100), served(100, 0)
    result = tally(up, out, out, out, up, out, up, out, out)
    assert (result.out[0], result.outages[0], result.restored[0]) == (6, 3, 2)
    assert result.restored_out[0] == 4
    assert result.longest_out[0] == 3


def test_an_epoch_in_which_nothing_leaves_the_queue_changes_nothing() -> None:
    still = served(0, 0, waiting=50)
    assert tally(still, still).out[0] == 0
    result = tally(served(0, 10), still, still, served(10, 0))
    assert (result.out[0], result.outages[0], result.restored_out[0]) == (3, 1, 3)


def test_the_mean_wait_follows_littles_law() -> None:
    result = tally(*(served(100, 0, waiting=250) for _ in range(40)))
    assert result.waits_epochs()[0] == pytest.approx(2.5)


def test_who_asks_for_nothing_does_not_wait() -> None:
    assert np.isnan(tally(served(0, 0, asked=0)).waits_epochs()[0])

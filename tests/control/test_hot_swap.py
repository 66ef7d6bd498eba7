"""Policies are swapped in every epoch of a whole node: no tick is missed, the link runs on, nothing piles up."""

from tests.campaigns.hot_swap import swap
from tests.control.virtual import virtual

SWAPS = 60  # `python -m tests.campaigns.hot_swap` makes ten thousand


@virtual
async def test_a_swap_in_every_epoch_is_not_felt() -> None:
    outcome = await swap(SWAPS)
    assert (outcome.epochs, outcome.missed, outcome.unplanned) == (SWAPS, 0, 0)
    assert outcome.switches == SWAPS - 2, "the first act needs one decision for its number, one to take effect"
    assert outcome.running
    assert outcome.operator.rejected >= SWAPS // 10
    assert len(outcome.operator.at_hand) == 4

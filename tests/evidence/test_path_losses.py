"""A path loses keys when both of its ends say so."""

import pytest

from qkdctl.evidence.path_losses import lossy_paths
from qkdctl.records.path_tally import PathTally
from tests.evidence.test_key_cases import plan, tally, told


@pytest.mark.parametrize(
    ("source", "target", "lossy"),
    [
        (tally(failed=5, equal=95), tally(failed=9, equal=1), True),
        (tally(failed=0, equal=0), tally(failed=0, equal=0), True),
        (tally(failed=4, equal=95), tally(failed=9, equal=1), False),
        (tally(failed=9, equal=1), tally(failed=9, equal=1, since=6), False),
        (tally(failed=9, equal=1), tally(failed=9, equal=1, share=2), False),
    ],
    ids=["both", "no keys at all", "one end sees little", "an old route", "another path"],
)
def test_both_ends_must_see_losses_of_the_path_in_force(source: PathTally, target: PathTally, lossy: bool) -> None:
    assert (lossy_paths(told(s=source, t=target), [plan()]) == {("st", 1, 7)}) is lossy
    assert (lossy_paths(told(s=target, t=source), [plan()]) == {("st", 1, 7)}) is lossy


def test_neither_one_end_nor_relays_condemn_a_path() -> None:
    bad = tally(failed=9)
    assert not lossy_paths(told(s=bad, a=bad), [plan()])
    assert not lossy_paths(told(t=bad, a=bad), [plan()])


def test_a_tally_names_a_key_of_its_own_path() -> None:
    for key in ("st/2/7/3", "st/1/7", "st/1/7/03", "xt/1/7/3"):
        with pytest.raises(ValueError, match="is no key that failed"):
            PathTally(demand="st", share=1, since=7, equal=0, failed=1, unequal=key)

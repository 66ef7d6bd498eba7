import numpy as np
import pytest

from qkdctl.physics.consistency.bookkeeping import check_bell_split, check_nested, check_within_pulses
from qkdctl.physics.consistency.tally import Tally


@pytest.mark.parametrize(
    ("tally", "excess"),
    [
        (Tally(10, 5, 1), None),
        (Tally(10, 12, 1), 2),
        (Tally(10, 5, 8), 3),
        (Tally(10, -1, -1), 1),
        (Tally(0, 0, 0), None),
    ],
)
def test_counts_are_nested(tally, excess):
    found = check_nested(tally).finding()
    assert (found and found.statistic) == excess


def test_each_cell_is_checked():
    check = check_nested(Tally([10, 10], [11, 10], [0, 10]))
    assert check.failed.tolist() == [True, False]
    assert check.p_value.tolist() == [0, 1]


def test_no_more_pulses_are_sifted_than_emitted():
    sent = np.full((2, 2, 3), 100)
    check = check_within_pulses([600, 599], Tally(sent, 0 * sent, 0 * sent))
    assert check.failed.tolist() == [False, True]
    assert "600 sifted" in check.finding(1).sentence


def test_bell_states_come_equally_often():
    assert check_bell_split(5000, 5100, significance=1e-3).finding() is None
    found = check_bell_split(5000, 6000, significance=1e-6).finding()
    assert found.statistic == pytest.approx(5 / 11)
    assert found.sigmas > 5
    for split in ((5000, 6000), (6000, 5000)):
        assert check_bell_split(*split, significance=1e-6, tolerance=0.02).finding() is not None
        assert check_bell_split(*split, significance=1e-6, tolerance=0.05).finding() is None
    silent = check_bell_split(0, 0, significance=0.5)
    assert (silent.finding(), silent.statistic) == (None, 0.5)


@pytest.mark.parametrize("total", [20, 1000, 10**6])
def test_honest_relays_are_accused_no_more_often_than_stated(total):
    plus = np.random.default_rng(61).binomial(total, 0.5, 20_000)
    assert check_bell_split(plus, total - plus, significance=1e-3).failed.sum() <= 20 + 5 * 4.5
    assert check_bell_split(plus, total - plus, significance=1e-6).failed.sum() <= 1

"""Hold and the rule-based baseline."""

from typing import Any

import pytest

from qkdctl.physics.intensity import low_loss_mean_photon_number
from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.optimum import BEST_E6, KNOT_PPM, best_mean_photon_number_e6
from qkdctl.records.network import LinkState
from tests.policy.states import link, qber, state, table


def action(entry: LinkState, **rules: Any) -> str:
    return RuleBased(**rules).propose(state(entry), table()).links[0].action


def test_optimum_table_solves_the_equation_of_the_physics() -> None:
    for knot, value in enumerate(BEST_E6):
        expected = float(low_loss_mean_photon_number(knot * KNOT_PPM / 1e6, correction=1.16))
        assert value / 1e6 == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("ppm", "expected"), [(0, 1_000_000), (10_000, 778_022), (15_000, 708_123), (90_000, 52_818), (400_000, 52_818)]
)
def test_optimum_between_and_beyond_its_knots(ppm: int, expected: int) -> None:
    assert best_mean_photon_number_e6(ppm) == expected


def test_hold_holds() -> None:
    proposal = Hold().propose(state(), table())
    assert (proposal.policy, [entry.action for entry in proposal.links]) == ("hold", ["hold"])


def test_link_at_its_optimum_is_left_alone() -> None:
    assert action(link(mean_photon_number_e6=727_097)) == "hold"


def test_power_goes_toward_the_optimum_with_a_step_that_fits() -> None:
    assert action(link(mean_photon_number_e6=250_000)) == "up-large"
    assert action(link(mean_photon_number_e6=600_548)) == "up-small"
    bad = qber(60_000, floor=60_000)
    assert action(link(mean_photon_number_e6=727_097, qber_z=bad, epochs_since_realign=9)) == "down-large"


def test_power_rests_between_moves_and_after_a_realignment() -> None:
    assert action(link(epochs_since_power_change=4)) == "hold"
    assert action(link(qber_z=qber(10_000, samples=2))) == "hold"


def test_large_step_that_is_illegal_becomes_a_small_one() -> None:
    near_cap = link(mean_photon_number_e6=640_073, qber_z=qber(0))
    assert action(near_cap) == "up-small"


def test_rise_of_either_basis_asks_for_realignment() -> None:
    assert action(link(qber_z=qber(30_000))) == "realign"
    assert action(link(qber_x=qber(30_000))) == "realign"
    assert action(link(qber_z=qber(29_999))) != "realign"


def test_realignment_rests_and_one_that_did_not_help_is_retried_late() -> None:
    useless = qber(60_000, floor=59_000)
    assert action(link(qber_z=qber(60_000), epochs_since_realign=9), power_rest_epochs=9_999) == "hold"
    assert action(link(qber_z=useless, epochs_since_realign=299), power_rest_epochs=9_999) == "hold"
    assert action(link(qber_z=useless, epochs_since_realign=300)) == "realign"


def test_bad_row_holds() -> None:
    assert action(link(valid=0, qber_z=qber(60_000))) == "hold"

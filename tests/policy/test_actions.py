"""The action table and its mask."""

import pytest

from qkdctl.policy.actions import ACTIONS, BY_NAME, HOLD, PROTOCOLS, legal
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6
from qkdctl.policy.limits import highest_allowed_e6
from qkdctl.records.facts import ProtocolFacts
from qkdctl.records.network import LinkState
from tests.policy.states import facts, link

BB84 = ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000)
TF = ProtocolFacts(protocol="tf", cap_mean_photon_number_e6=300_000, qber_limit_ppm=90_000)


def allowed(entry: LinkState, **changes: object) -> set[str]:
    mask = legal(entry, facts(**changes))  # type: ignore[arg-type]
    return {action.name for action in ACTIONS if mask[action.index]}


def test_indices_are_positions_and_hold_is_first() -> None:
    assert [action.index for action in ACTIONS] == list(range(len(ACTIONS)))
    assert ACTIONS[0] is HOLD
    assert len(BY_NAME) == len(ACTIONS)
    assert [f"switch-{name}" for name in PROTOCOLS] == [action.name for action in ACTIONS if action.protocol]


def test_running_link_may_step_and_realign_but_has_no_other_protocol() -> None:
    assert allowed(link()) == {"hold", "up-small", "up-large", "down-small", "down-large", "realign"}


@pytest.mark.parametrize("mode", ["safe", "starting", "hold", "manual-safe", "fault"])
def test_link_that_does_not_run_only_holds(mode: str) -> None:
    assert allowed(link(mode=mode)) == {"hold"}


def test_invalid_row_only_holds() -> None:
    assert allowed(link(valid=0)) == {"hold"}


def test_no_controller_no_realignment() -> None:
    assert "realign" not in allowed(link(), can_realign=0)


def test_steps_beyond_the_cap_are_illegal() -> None:
    cap = highest_allowed_e6(facts(), BB84)
    top = max(value for value in MEAN_PHOTON_NUMBERS_E6 if value <= cap)
    below = MEAN_PHOTON_NUMBERS_E6[MEAN_PHOTON_NUMBERS_E6.index(top) - 1]
    assert {"up-small", "up-large"} & allowed(link(mean_photon_number_e6=top)) == set()
    assert {"up-small", "up-large"} & allowed(link(mean_photon_number_e6=below)) == {"up-small"}


def test_dark_source_and_ends_of_the_table_cannot_step_further() -> None:
    assert allowed(link(mean_photon_number_e6=0)) == {"hold", "realign"}
    assert "down-small" not in allowed(link(mean_photon_number_e6=50_000))
    assert "down-small" in allowed(link(mean_photon_number_e6=53_290))


def test_switch_needs_the_protocol_another_one_and_the_dwell_time() -> None:
    rested = link(epochs_since_protocol_change=60)
    assert {name for name in allowed(rested, protocols=(BB84, TF)) if name.startswith("switch")} == {"switch-tf"}
    fresh = link(epochs_since_protocol_change=59)
    assert not {name for name in allowed(fresh, protocols=(BB84, TF)) if name.startswith("switch")}


def test_protocol_outside_the_facts_cannot_be_raised() -> None:
    assert "up-small" not in allowed(link(protocol="mdi"))
    assert "down-small" in allowed(link(protocol="mdi"))

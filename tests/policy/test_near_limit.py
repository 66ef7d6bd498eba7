"""A policy that does not know the operator's limit on errors leaves no link without key for ever."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.near_limit import NEAR_PERMILLE, forbidden, realigned_near_limits
from qkdctl.policy.proposal import LinkProposal, Policy, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable, ProtocolFacts
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import LinkPlan
from tests.policy.states import facts, link, qber, state, table_of

LIMIT_PPM = 16_000
PROMISE_PPM = 4_000
NEAR_PPM = LIMIT_PPM * NEAR_PERMILLE // 1000
SETTINGS = ShieldSettings()


@dataclass(frozen=True)
class Careless:
    """A trained policy that wishes the same whatever it sees."""

    action: str = "hold"
    identity: str = "a" * 64

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        return Proposal(self.identity, tuple(LinkProposal(entry.link, self.action) for entry in state.links))


def strict(limit_ppm: int = LIMIT_PPM, protocol: str = "bb84") -> LinkTable:
    can = ProtocolFacts(protocol=protocol, cap_mean_photon_number_e6=800_000, qber_limit_ppm=limit_ppm)
    return table_of(facts(protocols=(can,), aligned_qber_ppm=PROMISE_PPM))


def planned(
    level_ppm: int, limits: LinkTable, policy: Policy | None = None, settings: ShieldSettings = SETTINGS, **changes: Any
) -> LinkPlan:
    good = qber(PROMISE_PPM, floor=PROMISE_PPM)
    now = state(link(**({"qber_z": qber(level_ppm, floor=PROMISE_PPM), "qber_x": good} | changes)))
    chosen = policy or Careless()
    history = ShieldHistory()
    wish = realigned_near_limits(chosen.propose(now, limits), now, limits, settings, history)
    assert wish.policy == chosen.identity
    [entry] = shield(now, wish, settings, limits, history).links
    return entry


@pytest.mark.parametrize("action", ["hold", "up-small", "down-large"])
def test_a_link_near_its_limit_is_realigned_against_the_wish_of_the_policy_and_the_plan_says_why(action: str) -> None:
    entry = planned(NEAR_PPM, strict(), Careless(action))
    assert (entry.action, entry.realign) == ("realign", 1)
    assert [change.code for change in entry.interventions] == ["near-limit"]
    assert f"Re-alignment instead of {action}" in entry.interventions[0].text


def test_that_is_no_mark_against_the_policy_and_what_the_shield_forbids_is() -> None:
    assert not forbidden(planned(NEAR_PPM, strict()))
    assert forbidden(planned(PROMISE_PPM, strict(), Careless("fly")))


@pytest.mark.parametrize("basis", ["qber_z", "qber_x"])
def test_either_basis_counts(basis: str) -> None:
    changes = {"qber_z": qber(PROMISE_PPM), "qber_x": qber(PROMISE_PPM), basis: qber(NEAR_PPM, floor=PROMISE_PPM)}
    assert planned(PROMISE_PPM, strict(), **changes).realign == 1


@pytest.mark.parametrize(("protocol", "basis"), [("mdi", "qber_x"), ("tf", "qber_z")])
def test_errors_that_belong_to_the_protocol_count_for_nothing(protocol: str, basis: str) -> None:
    good, by_nature = qber(PROMISE_PPM, floor=PROMISE_PPM), qber(250_000, floor=PROMISE_PPM)
    changes = {"qber_z": good, "qber_x": good, basis: by_nature, "protocol": protocol}
    assert planned(PROMISE_PPM, strict(protocol=protocol), **changes).action == "hold"


@pytest.mark.parametrize(
    ("level_ppm", "limit_ppm", "changes"),
    [
        (NEAR_PPM - 1, LIMIT_PPM, {}),
        (NEAR_PPM, 90_000, {}),
        (NEAR_PPM, LIMIT_PPM, {"mode": "dark"}),
        (NEAR_PPM, LIMIT_PPM, {"epochs_since_realign": 9}),
        (NEAR_PPM, LIMIT_PPM, {"settings": replace(SETTINGS, realigns_per_hour=0)}),
    ],
    ids=["below", "far limit", "not running", "just realigned", "no budget"],
)
def test_all_other_links_are_left_to_the_policy(level_ppm: int, limit_ppm: int, changes: dict[str, Any]) -> None:
    entry = planned(level_ppm, strict(limit_ppm), **changes)
    assert (entry.action, entry.interventions) == ("hold", ())


def test_who_chose_to_hold_wants_nothing_touched() -> None:
    assert planned(NEAR_PPM, strict(), Hold()).action == "hold"


def rule(level_ppm: int, limit_ppm: int, **changes: Any) -> str:
    quiet = link(
        qber_z=qber(level_ppm, floor=PROMISE_PPM),
        qber_x=qber(PROMISE_PPM, floor=PROMISE_PPM),
        epochs_since_power_change=0,
        **changes,
    )
    return RuleBased().propose(state(quiet), strict(limit_ppm)).links[0].action


def test_the_rule_of_the_daemon_looks_at_the_limit_too() -> None:
    halfway = PROMISE_PPM + (LIMIT_PPM - PROMISE_PPM) // 2
    assert [rule(level_ppm, LIMIT_PPM) for level_ppm in (halfway - 1, halfway)] == ["hold", "realign"]


@pytest.mark.parametrize("limit_ppm", [PROMISE_PPM // 2, PROMISE_PPM, PROMISE_PPM + 100])
def test_a_limit_that_no_link_can_keep_sets_nobody_aligning_for_noise(limit_ppm: int) -> None:
    least = PROMISE_PPM + RuleBased.realign_least_ppm
    assert [rule(level_ppm, limit_ppm) for level_ppm in (least - 1, least)] == ["hold", "realign"]

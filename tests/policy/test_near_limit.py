"""A policy that does not know the operator's limit on errors leaves no link without key for ever."""

from typing import Any

import pytest

from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.ladder import Ladder, propose
from qkdctl.policy.near_limit import NEAR_PERMILLE
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable, ProtocolFacts
from qkdctl.records.plan import LinkPlan
from tests.policy.states import facts, link, qber, state, table_of

LIMIT_PPM = 16_000
PROMISE_PPM = 4_000
NEAR_PPM = LIMIT_PPM * NEAR_PERMILLE // 1000


def strict(limit_ppm: int = LIMIT_PPM) -> LinkTable:
    protocol = ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=limit_ppm)
    return table_of(facts(protocols=(protocol,), aligned_qber_ppm=PROMISE_PPM))


def planned(level_ppm: int, limits: LinkTable, **changes: Any) -> LinkPlan:
    usual = {"qber_z": qber(level_ppm, floor=PROMISE_PPM), "qber_x": qber(PROMISE_PPM, floor=PROMISE_PPM)}
    now = state(link(**(usual | changes)))
    proposal = propose(Hold(), RuleBased(), Ladder(), now, limits).proposal
    assert proposal.policy == "hold"
    [entry] = shield(now, proposal, ShieldSettings(), limits, ShieldHistory()).links
    return entry


def test_a_link_near_its_limit_is_realigned_against_the_wish_of_the_policy_and_the_plan_says_why() -> None:
    entry = planned(NEAR_PPM, strict())
    assert (entry.action, entry.realign) == ("realign", 1)
    assert [change.code for change in entry.interventions] == ["near-limit"]
    assert "Re-alignment instead of hold" in entry.interventions[0].text


@pytest.mark.parametrize("basis", ["qber_z", "qber_x"])
def test_either_basis_counts(basis: str) -> None:
    changes = {"qber_z": qber(PROMISE_PPM), "qber_x": qber(PROMISE_PPM), basis: qber(NEAR_PPM, floor=PROMISE_PPM)}
    assert planned(PROMISE_PPM, strict(), **changes).realign == 1


@pytest.mark.parametrize(
    ("level_ppm", "limit_ppm", "changes"),
    [
        (NEAR_PPM - 1, LIMIT_PPM, {}),
        (NEAR_PPM, 90_000, {}),
        (NEAR_PPM, LIMIT_PPM, {"mode": "dark"}),
        (NEAR_PPM, LIMIT_PPM, {"epochs_since_realign": 9}),
    ],
    ids=["below", "far limit", "not running", "just realigned"],
)
def test_all_other_links_are_left_to_the_policy(level_ppm: int, limit_ppm: int, changes: dict[str, Any]) -> None:
    entry = planned(level_ppm, strict(limit_ppm), **changes)
    assert (entry.action, entry.interventions) == ("hold", ())


def test_the_rule_of_the_daemon_looks_at_the_limit_too() -> None:
    halfway = PROMISE_PPM + (LIMIT_PPM - PROMISE_PPM) // 2
    for level_ppm, action in ((halfway, "realign"), (halfway - 1, "hold")):
        quiet = link(
            qber_z=qber(level_ppm, floor=PROMISE_PPM),
            qber_x=qber(PROMISE_PPM, floor=PROMISE_PPM),
            epochs_since_power_change=0,
        )
        assert RuleBased().propose(state(quiet), strict()).links[0].action == action

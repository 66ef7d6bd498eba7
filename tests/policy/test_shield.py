"""Each rule of the shield by example, with its code and its reason."""

import pytest

from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import ProtocolFacts
from qkdctl.records.network import LinkState
from qkdctl.records.plan import LinkPlan, Plan
from tests.policy.states import facts, link, qber, state, table, table_of

BB84 = ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000)
TF = ProtocolFacts(protocol="tf", cap_mean_photon_number_e6=100_000, qber_limit_ppm=90_000)


def planned(entry: LinkState, action: str, settings: ShieldSettings | None = None, **changes: object) -> LinkPlan:
    proposal = Proposal("test", (LinkProposal(entry.link, action),))
    static = table(facts(**changes))  # type: ignore[arg-type]
    return shield(state(entry), proposal, settings or ShieldSettings(), static, ShieldHistory()).links[0]


def codes(plan: LinkPlan) -> list[str]:
    return [entry.code for entry in plan.interventions]


def test_good_proposal_passes_untouched() -> None:
    plan = planned(link(), "up-large")
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("up-large", 317_492, [])
    plan = planned(link(), "realign")
    assert (plan.action, plan.realign, plan.mean_photon_number_e6, codes(plan)) == ("realign", 1, 250_000, [])
    plan = planned(link(mean_photon_number_e6=80_000), "switch-tf", protocols=(BB84, TF))
    assert (plan.action, plan.protocol, plan.mean_photon_number_e6, codes(plan)) == ("switch-tf", "tf", 80_000, [])


@pytest.mark.parametrize(
    ("entry", "action", "code", "word"),
    [
        (link(), "dance", "unknown-action", "'dance'"),
        (link(mode="hold"), "up-small", "not-running", "mode hold"),
        (link(valid=0, invalid_epochs=3), "up-small", "invalid-telemetry", "3 epochs"),
        (link(age_ms=3_001), "up-small", "stale-telemetry", "3001 ms"),
        (link(qber_z=qber(80_001)), "up-small", "thin-margin", "basis Z"),
        (link(qber_x=qber(10_000, average=81_000)), "up-small", "thin-margin", "basis X"),
        (link(measured_mean_photon_number_e6=256_000), "up-small", "power-mismatch", "256000e-6"),
        (link(mean_photon_number_e6=0), "up-small", "no-change", "up-small"),
        (link(mean_photon_number_e6=50_000), "down-large", "no-change", "down-large"),
        (link(), "switch-bb84", "no-change", "already active"),
        (link(), "switch-tf", "illegal-protocol", "cannot run tf"),
        (link(epochs_since_realign=9), "realign", "realign-rest", "10 epochs"),
    ],
)
def test_refused_and_held(entry: LinkState, action: str, code: str, word: str) -> None:
    plan = planned(entry, action)
    assert (plan.action, plan.realign, plan.protocol) == ("hold", 0, "bb84")
    assert plan.mean_photon_number_e6 == entry.mean_photon_number_e6
    assert codes(plan) == [code]
    assert word in plan.interventions[0].text


@pytest.mark.parametrize(
    ("entry", "action"),
    [
        (link(age_ms=3_000), "up-small"),
        (link(qber_z=qber(80_000), qber_x=qber(80_000)), "up-small"),
        (link(measured_mean_photon_number_e6=255_000), "up-small"),
        (link(epochs_since_realign=10), "realign"),
        (link(mean_photon_number_e6=80_000, epochs_since_protocol_change=60), "switch-tf"),
    ],
)
def test_exactly_at_a_limit_is_allowed(entry: LinkState, action: str) -> None:
    plan = planned(entry, action, protocols=(BB84, TF))
    assert (plan.action, codes(plan)) == (action, [])


def test_link_without_controller_is_not_realigned() -> None:
    assert codes(planned(link(), "realign", can_realign=0)) == ["no-controller"]


def test_raise_is_cut_to_the_bound_and_below_one_step_becomes_a_hold() -> None:
    plan = planned(link(), "up-large", ShieldSettings(max_raise_ppm=100_000))
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("up-large", 262_233, ["raise-bound"])
    plan = planned(link(mean_photon_number_e6=262_233), "up-small", ShieldSettings(max_raise_ppm=60_000))
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("hold", 262_233, ["raise-bound"])


def test_raise_is_cut_to_the_cap() -> None:
    plan = planned(link(mean_photon_number_e6=682_198), "up-large")
    assert (plan.mean_photon_number_e6, codes(plan)) == (774_950, ["cap"])
    plan = planned(link(mean_photon_number_e6=774_950), "up-small")
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("hold", 774_950, ["cap"])


def test_calibration_uncertainty_and_attenuator_step_lower_the_cap() -> None:
    bright = link(mean_photon_number_e6=727_097)
    assert planned(bright, "up-small").mean_photon_number_e6 == 774_950
    assert codes(planned(bright, "up-small", calibration_uncertainty_ppm=40_000)) == ["cap"]
    assert codes(planned(bright, "up-small", attenuator_step_mdb=200)) == ["cap"]


@pytest.mark.parametrize("mode", ["running", "hold", "starting"])
def test_link_above_its_cap_is_lowered_even_when_holding(mode: str) -> None:
    plan = planned(link(mode=mode, mean_photon_number_e6=900_000), "hold")
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("hold", 774_950, ["over-cap"])


def test_cap_below_the_table_is_met_exactly() -> None:
    tight = ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=30_000, qber_limit_ppm=90_000)
    plan = planned(link(), "hold", protocols=(tight,), calibration_uncertainty_ppm=0, attenuator_step_mdb=0)
    assert plan.mean_photon_number_e6 == 30_000


def test_link_brighter_than_set_is_lowered_to_what_is_really_allowed() -> None:
    plan = planned(link(mean_photon_number_e6=727_097, measured_mean_photon_number_e6=800_000), "hold")
    assert plan.mean_photon_number_e6 * 800_000 / 727_097 <= 800_000 / 1.02
    assert codes(plan) == ["over-cap"]


def test_protocol_without_a_proof_leaves_no_light() -> None:
    plan = planned(link(protocol="mdi"), "hold")
    assert (plan.mean_photon_number_e6, codes(plan)) == (0, ["over-cap"])


def test_switch_to_a_protocol_with_a_lower_cap_lowers_the_power_too() -> None:
    plan = planned(link(), "switch-tf", protocols=(BB84, TF))
    assert (plan.action, plan.mean_photon_number_e6) == ("switch-tf", 94_576)
    assert codes(plan) == ["over-cap"]


def test_decreases_need_neither_fresh_data_nor_margin() -> None:
    worst = link(valid=0, age_ms=10**6, qber_z=qber(500_000), measured_mean_photon_number_e6=400_000)
    plan = planned(worst, "down-large")
    assert (plan.action, plan.mean_photon_number_e6, codes(plan)) == ("down-large", 203_218, [])


def test_link_without_a_proposal_holds_in_silence() -> None:
    plan = shield(state(), Proposal("test", ()), ShieldSettings(), table(), ShieldHistory()).links[0]
    assert (plan.action, plan.interventions) == ("hold", ())


def test_at_most_a_share_of_the_links_switches_and_the_longest_unchanged_come_first() -> None:
    names = [f"l{i}" for i in range(8)]
    links = [link(name, epochs_since_protocol_change=100 + i // 2) for i, name in enumerate(names)]
    static = table_of(*(facts(name, protocols=(BB84, TF)) for name in names))
    proposal = Proposal("test", tuple(LinkProposal(name, "switch-tf") for name in names))
    plan = shield(state(*links), proposal, ShieldSettings(switch_share_ppm=250_000), static, ShieldHistory())
    assert [line.link for line in plan.links if line.protocol == "tf"] == ["l6", "l7"]
    assert codes(plan.links[0]) == ["switch-share"]


def run(settings: ShieldSettings, epochs: int, action: str, **changes: object) -> list[Plan]:
    """Propose the same action every epoch, with a link that shows nothing of what was done to it."""
    history, plans = ShieldHistory(), []
    proposal = Proposal("test", (LinkProposal("alice-bob", action),))
    for epoch in range(epochs):
        plan = shield(state(link(), epoch=epoch), proposal, settings, table(facts(**changes)), history)  # type: ignore[arg-type]
        history = ShieldHistory.from_json(history.after(plan, settings.window_epochs(1_000)).canonical())
        plans.append(plan)
    return plans


def test_realignments_keep_rest_and_hourly_budget_also_when_telemetry_hides_them() -> None:
    plans = run(ShieldSettings(realign_rest_epochs=10, realigns_per_hour=3), 3_700, "realign")
    assert [plan.epoch for plan in plans if plan.links[0].realign] == [0, 10, 20, 3_600, 3_610, 3_620]
    assert codes(plans[9].links[0]) == ["realign-rest"]
    assert codes(plans[30].links[0]) == ["realign-budget"]


def test_switches_keep_dwell_and_hourly_budget_also_when_telemetry_hides_them() -> None:
    plans = run(ShieldSettings(switches_per_hour=2), 3_700, "switch-tf", protocols=(BB84, TF), dwell_epochs=60)
    assert [plan.epoch for plan in plans if plan.links[0].protocol == "tf"] == [0, 60, 3_600, 3_660]
    assert codes(plans[59].links[0]) == ["dwell"]
    assert codes(plans[120].links[0]) == ["switch-budget"]


def test_negative_limits_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="switches_per_hour is -1"):
        ShieldSettings(switches_per_hour=-1)


def test_window_is_an_hour_rounded_up() -> None:
    assert ShieldSettings().window_epochs(1_000) == 3_600
    assert ShieldSettings().window_epochs(7_000) == 515

"""What must be true of every plan, said again without the shield's own code."""

from qkdctl.policy.actions import BY_NAME
from qkdctl.policy.intensities import moved
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts
from qkdctl.records.network import LinkState
from qkdctl.records.plan import LinkPlan


def check_plan(link: LinkState, facts: LinkFacts, wish: str | None, plan: LinkPlan, settings: ShieldSettings) -> None:
    """Assert every invariant that concerns one link and needs no history."""
    assert plan.link == link.link
    assert plan.action in BY_NAME
    assert plan.realign in (0, 1)
    _never_above_cap(link, facts, plan)
    _steps_go_the_way_they_say(link, plan)
    _raises_are_bounded_and_justified(link, facts, plan, settings)
    _what_does_not_run_does_not_change(link, plan)
    _switch_and_realign_are_possible(link, facts, plan)
    _decreases_are_carried_out(link, wish, plan)
    _interventions_tell_the_truth(link, wish, plan)


def brightest(mean_photon_number_e6: int, link: LinkState, facts: LinkFacts) -> float:
    """Photons (1e-6) that a command may really give: uncertainty, one attenuator step, and what is measured."""
    worst = mean_photon_number_e6 * (1 + facts.calibration_uncertainty_ppm / 1e6)
    if link.mean_photon_number_e6:
        excess = link.measured_mean_photon_number_e6 / link.mean_photon_number_e6
        if excess > 1 + facts.calibration_uncertainty_ppm / 1e6:
            worst *= excess
    return worst * 10 ** (facts.attenuator_step_mdb / 10_000)


def _never_above_cap(link: LinkState, facts: LinkFacts, plan: LinkPlan) -> None:
    protocol = facts.protocol(plan.protocol)
    cap = 0 if protocol is None else protocol.cap_mean_photon_number_e6
    assert brightest(plan.mean_photon_number_e6, link, facts) <= cap * (1 + 1e-12)


def _steps_go_the_way_they_say(link: LinkState, plan: LinkPlan) -> None:
    steps = BY_NAME[plan.action].steps
    assert not steps or (plan.mean_photon_number_e6 - link.mean_photon_number_e6) * steps > 0


def _raises_are_bounded_and_justified(
    link: LinkState, facts: LinkFacts, plan: LinkPlan, settings: ShieldSettings
) -> None:
    if plan.mean_photon_number_e6 <= link.mean_photon_number_e6:
        return
    assert plan.action in {"up-small", "up-large"}
    assert plan.mean_photon_number_e6 <= link.mean_photon_number_e6 * (1 + settings.max_raise_ppm / 1e6)
    bright = link.mean_photon_number_e6 * (1_000_000 + facts.calibration_uncertainty_ppm)
    assert link.measured_mean_photon_number_e6 * 1_000_000 <= bright
    assert link.valid
    assert link.age_ms <= settings.stale_after_ms
    protocol = facts.protocol(link.protocol)
    assert protocol is not None
    assert max(link.qber_z.level, link.qber_x.level) + settings.qber_margin_ppm <= protocol.qber_limit_ppm


def _what_does_not_run_does_not_change(link: LinkState, plan: LinkPlan) -> None:
    if link.mode != "running":
        assert (plan.action, plan.realign, plan.protocol) == ("hold", 0, link.protocol)
        assert plan.mean_photon_number_e6 <= link.mean_photon_number_e6


def _switch_and_realign_are_possible(link: LinkState, facts: LinkFacts, plan: LinkPlan) -> None:
    assert plan.realign == int(plan.action == "realign")
    if plan.realign:
        assert facts.can_realign
    if plan.protocol != link.protocol:
        assert plan.action == f"switch-{plan.protocol}"
        assert facts.protocol(plan.protocol) is not None
        assert link.epochs_since_protocol_change >= facts.dwell_epochs


def _decreases_are_carried_out(link: LinkState, wish: str | None, plan: LinkPlan) -> None:
    if link.mode == "running" and wish in {"down-small", "down-large"}:
        wanted = moved(link.mean_photon_number_e6, BY_NAME[wish].steps)
        assert plan.mean_photon_number_e6 <= wanted
        if wanted < link.mean_photon_number_e6:
            assert plan.action == wish


def _interventions_tell_the_truth(link: LinkState, wish: str | None, plan: LinkPlan) -> None:
    wanted = BY_NAME.get("hold" if wish is None else wish)
    carried_out = wanted is not None and (
        plan.action,
        plan.mean_photon_number_e6,
        plan.protocol,
    ) == (wanted.name, moved(link.mean_photon_number_e6, wanted.steps), wanted.protocol or link.protocol)
    assert carried_out == (not plan.interventions)
    for entry in plan.interventions:
        assert entry.text.endswith(".")

"""The shield: a policy proposes, the shield decides. A pure function of agreed values."""

from qkdctl.policy.actions import BY_NAME, HOLD, Action
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6, moved, step_below
from qkdctl.policy.proposal import Proposal
from qkdctl.policy.refusals import Case, cap_now_e6, why_not_raise, why_not_realign, why_not_switch
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Intervention, LinkPlan, Plan


def shield(
    state: NetworkState, proposal: Proposal, settings: ShieldSettings, facts: LinkTable, history: ShieldHistory
) -> Plan:
    """Turn a proposal into a plan that keeps every limit.

    Whatever the proposal says: no link is commanded brighter than the cap of its protocol allows after calibration
    uncertainty and one attenuator step, nor raised by more than the settings allow, nor raised on thin QBER margin, on
    invalid or stale telemetry or while measurably brighter than set; decreases and holding are always carried out on a
    running link; switches and re-alignments keep dwell, rest and budgets; a link that does not run only holds.

    Args:
        state: the agreed state.
        proposal: one action per link; a link without an entry holds, an unknown action is taken for hold.
        settings: the operator's limits.
        facts: what is fixed about the links.
        history: switches and re-alignments of the plans so far; store `history.after(plan)` with the plan.

    Returns:
        The plan of the state's epoch; each change against the proposal is an intervention with code and reason.

    Raises:
        KeyError: when the state has a link that the table lacks.
    """
    window = settings.window_epochs(facts.epoch_ms)
    cases = [
        Case(link, facts.of(link.link), history.of(link.link), settings, state.epoch, window) for link in state.links
    ]
    wishes = [_wish(case, proposal) for case in cases]
    switching = _may_switch(cases, [action for action, _ in wishes], settings)
    return Plan(
        epoch=state.epoch,
        policy=proposal.policy,
        links=tuple(
            _plan(case, action, changes, may_switch=case.link.link in switching)
            for case, (action, changes) in zip(cases, wishes, strict=True)
        ),
    )


def _wish(case: Case, proposal: Proposal) -> tuple[Action, tuple[Intervention, ...]]:
    entry = proposal.of(case.link.link)
    if entry is None:
        return HOLD, ()
    if entry.action == HOLD.name:
        return HOLD, entry.interventions
    action = BY_NAME.get(entry.action)
    if action is None:
        text = f"Hold: {entry.action[:60]!r} is no action; known are {', '.join(BY_NAME)}."
        return HOLD, (*entry.interventions, Intervention(code="unknown-action", text=text))
    if case.link.mode != "running":
        text = f"Hold: the link is in mode {case.link.mode}, not running, so {action.name} is not carried out."
        return HOLD, (*entry.interventions, Intervention(code="not-running", text=text))
    return action, entry.interventions


def _may_switch(cases: list[Case], actions: list[Action], settings: ShieldSettings) -> set[str]:
    """Links that may switch in this epoch: those whose own rules allow it, longest without a change first."""
    candidates = [
        case.link
        for case, action in zip(cases, actions, strict=True)
        if action.protocol and why_not_switch(case, action.protocol) is None
    ]
    candidates.sort(key=lambda link: (-link.epochs_since_protocol_change, link.link))
    return {link.link for link in candidates[: settings.switching_links(len(cases))]}


def _plan(case: Case, action: Action, changes: tuple[Intervention, ...], *, may_switch: bool) -> LinkPlan:
    refusal = _refusal(case, action, may_switch=may_switch)
    if refusal is not None:
        action, changes = HOLD, (*changes, refusal)
    now = case.link.mean_photon_number_e6
    target, limits = _power(case, moved(now, action.steps), action.protocol or case.link.protocol)
    if (target - now) * action.steps <= 0 and action.steps:
        action = HOLD
    return LinkPlan(
        link=case.link.link,
        action=action.name,
        mean_photon_number_e6=target,
        protocol=action.protocol or case.link.protocol,
        realign=int(action.realign),
        interventions=(*changes, *limits),
    )


def _refusal(case: Case, action: Action, *, may_switch: bool) -> Intervention | None:
    if action.realign:
        return why_not_realign(case)
    if action.protocol and not may_switch:
        allowed = case.settings.switch_share_ppm
        text = f"No switch: at most {allowed} ppm of the links switch in one epoch, others come first."
        return why_not_switch(case, action.protocol) or Intervention(code="switch-share", text=text)
    now = case.link.mean_photon_number_e6
    if action.steps and moved(now, action.steps) == now:
        return Intervention(
            code="no-change", text=f"Hold: {action.name} leaves {now}e-6 photons per pulse as they are."
        )
    return why_not_raise(case) if action.steps > 0 else None


def _power(case: Case, target: int, protocol: str) -> tuple[int, tuple[Intervention, ...]]:
    """The target within the bound on raises and the cap, and what was changed for them."""
    changes: list[Intervention] = []
    now = case.link.mean_photon_number_e6
    bound = now * (1_000_000 + case.settings.max_raise_ppm) // 1_000_000
    if target > bound:
        text = f"Raise from {now}e-6 to {target}e-6 cut to the {case.settings.max_raise_ppm} ppm allowed per epoch."
        changes.append(Intervention(code="raise-bound", text=text))
        target = max(now, _at_most(bound))
    cap = cap_now_e6(case.link, case.facts, protocol)
    if target > cap:
        code, why = ("over-cap", "is") if target <= now else ("cap", "would be")
        text = f"{target}e-6 photons per pulse {why} above the {cap}e-6 that {protocol} allows here; cut to that."
        changes.append(Intervention(code=code, text=text))
        target = max(now, _at_most(cap)) if now <= cap else _at_most(cap)
    return target, tuple(changes)


def _at_most(limit: int) -> int:
    """The highest table value within a limit, or the limit itself where the table does not reach so low."""
    step = step_below(limit)
    return MEAN_PHOTON_NUMBERS_E6[step] if step >= 0 else limit

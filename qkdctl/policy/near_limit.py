"""Links whose errors are near the operator's limit are re-aligned: a policy may not know of that limit.

Policies are trained with the limits of their training. Where an operator wants fewer errors, a policy that has learned
to live with more would leave a link without key for ever.
"""

from dataclasses import replace
from typing import Final

from qkdctl.policy.baselines import BASELINES, RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import Proposal
from qkdctl.policy.refusals import Case, why_not_realign
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.plan import Intervention, LinkPlan
from qkdctl.records.telling_bases import telling_series

NEAR_PERMILLE: Final = 875
"""An averaged error rate of this share of the limit is near it: key is lost from the limit on, and averages lag."""
NEAR_LIMIT: Final = "near-limit"
_RULE: Final = RuleBased()


def near_limit(link: LinkState, facts: LinkFacts) -> bool:
    """Whether the averaged error rate of a basis is near the limit of the active protocol, or beyond it."""
    protocol = facts.protocol(link.protocol)
    if protocol is None or link.mode != "running":
        return False
    worst = max(series.average for series in telling_series(link))
    return 1000 * worst >= NEAR_PERMILLE * protocol.qber_limit_ppm


def realigned_near_limits(
    proposal: Proposal, state: NetworkState, table: LinkTable, settings: ShieldSettings, history: ShieldHistory
) -> Proposal:
    """The proposal, with re-alignments of links near their limits where the rule wants one and nothing forbids it.

    Built-in policies stay as they are: the rule heeds limits itself, and who chooses to hold wants nothing touched.

    Args:
        proposal: of the policy in force.
        state: agreed.
        table: the links.
        settings: of the shield, which may forbid a re-alignment now.
        history: likewise.
    """
    if proposal.policy in BASELINES:
        return proposal
    window = settings.window_epochs(table.epoch_ms)
    near = {
        link.link
        for link in state.links
        if near_limit(link, table.of(link.link))
        and why_not_realign(Case(link, table.of(link.link), history.of(link.link), settings, state.epoch, window))
        is None
    }
    if not near:
        return proposal
    wanted = {entry.link: entry for entry in _RULE.propose(state, table).links if entry.action == "realign"}
    entries = {entry.link: entry for entry in proposal.links}
    for name in sorted(near & wanted.keys()):
        own = entries.get(name)
        action = "hold" if own is None else own.action
        if action != "realign":
            text = f"Re-alignment instead of {action[:60]}: the error rate is within an eighth of its limit, or beyond."
            entries[name] = replace(wanted[name], interventions=(Intervention(code=NEAR_LIMIT, text=text),))
    return Proposal(proposal.policy, tuple(entries.values()))


def forbidden(plan: LinkPlan) -> bool:
    """Whether the shield changed what the policy wished; a link near its limit is no fault of the policy."""
    return any(change.code != NEAR_LIMIT for change in plan.interventions)

"""Links whose errors are near the operator's limit are the baseline's to run: a policy may not know of that limit.

Policies are trained with the limits of their training. Where an operator wants fewer errors, a policy that has learned
to live with more would leave a link without key for ever.
"""

from dataclasses import replace

from qkdctl.policy.proposal import Policy, Proposal
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.plan import Intervention

NEAR_PERMILLE = 875
"""An averaged error rate of this share of the limit is near it: key is lost from the limit on, and averages lag."""


def near_limit(link: LinkState, facts: LinkFacts) -> bool:
    """Whether the averaged error rate of either basis is near the limit of the active protocol, or beyond it."""
    protocol = facts.protocol(link.protocol)
    if protocol is None or link.mode != "running":
        return False
    return 1000 * max(link.qber_z.average, link.qber_x.average) >= NEAR_PERMILLE * protocol.qber_limit_ppm


def realigned_near_limits(proposal: Proposal, baseline: Policy, state: NetworkState, table: LinkTable) -> Proposal:
    """The proposal, with re-alignments of links near their limits where the baseline wants one and the policy does not.

    Args:
        proposal: of the policy in force.
        baseline: judges links by their limits.
        state: agreed.
        table: the links.

    Raises:
        PolicyFailure: when the baseline fails.
    """
    near = {link.link for link in state.links if near_limit(link, table.of(link.link))}
    if not near or proposal.policy == baseline.identity:
        return proposal
    wanted = {entry.link: entry for entry in baseline.propose(state, table).links if entry.action == "realign"}
    entries = {entry.link: entry for entry in proposal.links}
    for name in sorted(near & wanted.keys()):
        own = entries.get(name)
        action = "hold" if own is None else own.action
        if action != "realign":
            text = f"Re-alignment instead of {action[:60]}: the error rate is within an eighth of the limit."
            change = Intervention(code="near-limit", text=text)
            entries[name] = replace(wanted[name], interventions=(change,))
    return Proposal(proposal.policy, tuple(entries.values()))

"""A policy beside the one in force: what it would have done with the same states, and what the shield says to that."""

from dataclasses import dataclass, replace

from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.near_limit import forbidden, realigned_near_limits
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import LinkPlan, Plan

FAILURES_IN_A_ROW = 3
"""After which a policy is no longer watched."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One epoch as a policy in shadow gets to see it.

    Attributes:
        state: agreed on.
        table: facts in force.
        settings, history: of the shield, before the plan.
        plan: that was decided.
    """

    state: NetworkState
    table: LinkTable
    settings: ShieldSettings
    history: ShieldHistory
    plan: Plan


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """Sums over the epochs in shadow since this process began.

    Attributes:
        epochs: that it was asked in.
        links: proposals that were compared.
        same: of them, that end as what was decided: action and mean photon number after the shield.
        touched: of them, that the shield changed.
        margin: how much more the chosen actions are worth than to hold, summed, in 1/4096 of the policy's value.
        failures: epochs without usable values; in_a_row: the last ones.
        failed_by: code of the last failure.
        latency_s: time for proposals, summed; slowest_s: the longest.
    """

    epochs: int = 0
    links: int = 0
    same: int = 0
    touched: int = 0
    margin: int = 0
    failures: int = 0
    in_a_row: int = 0
    failed_by: str = ""
    latency_s: float = 0.0
    slowest_s: float = 0.0

    def after(self, seen: "ShadowFigures") -> "ShadowFigures":
        """With one more epoch."""
        return ShadowFigures(
            epochs=self.epochs + seen.epochs,
            links=self.links + seen.links,
            same=self.same + seen.same,
            touched=self.touched + seen.touched,
            margin=self.margin + seen.margin,
            failures=self.failures + seen.failures,
            in_a_row=self.in_a_row + 1 if seen.failures else 0,
            failed_by=seen.failed_by or self.failed_by,
            latency_s=self.latency_s + seen.latency_s,
            slowest_s=max(self.slowest_s, seen.slowest_s),
        )

    def taking(self, seconds: float) -> "ShadowFigures":
        """One epoch with the time it took."""
        return replace(self, latency_s=seconds, slowest_s=seconds)


def seen(policy: Policy, scene: Scene) -> ShadowFigures:
    """What a policy would have done in one epoch; nothing comes of it."""
    try:
        proposal = policy.propose(scene.state, scene.table)
    except PolicyFailure as failure:
        return ShadowFigures(epochs=1, failures=1, failed_by=failure.code)
    wish = realigned_near_limits(proposal, scene.state, scene.table, scene.settings, scene.history)
    plan = shield(scene.state, wish, scene.settings, scene.table, scene.history)
    decided = {link.link: _settings(link) for link in scene.plan.links}
    return ShadowFigures(
        epochs=1,
        links=len(plan.links),
        same=sum(1 for link in plan.links if decided.get(link.link) == _settings(link)),
        touched=sum(map(forbidden, plan.links)),
        margin=sum(link.margin for link in proposal.links),
    )


def _settings(link: LinkPlan) -> tuple[str, int, str]:
    return link.action, link.mean_photon_number_e6, link.protocol

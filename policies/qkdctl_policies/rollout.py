"""One policy on one bench link through the whole decision path: report, state, policy, shield, plan."""

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qkdctl.abft.quorum import Electorate
from qkdctl.abft.snapshot import next_state
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.near_limit import realigned_near_limits
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.plan import LinkPlan
from qkdctl.records.report import EndReport, NodeReport
from qkdctl_policies.bench_link import EPOCH_MS, Bench, BenchLink


@dataclass(frozen=True)
class Rollout:
    """What happened.

    Attributes:
        key_bits: key made in all epochs.
        states: state of the link after each epoch.
        plans: plan made in each epoch.
    """

    key_bits: int
    states: tuple[LinkState, ...]
    plans: tuple[LinkPlan, ...]

    @property
    def actions(self) -> Counter[str]:
        """How often each action was carried out."""
        return Counter(plan.action for plan in self.plans)

    @property
    def interventions(self) -> Counter[str]:
        """How often the shield stepped in, by code."""
        return Counter(entry.code for plan in self.plans for entry in plan.interventions)


class RunsEpochs(Protocol):
    """A link with both ends at one node, `bench`."""

    def run_epoch(self, plan: LinkPlan | None) -> tuple[EndReport, EndReport]:
        """Carry out a plan, let an epoch pass, and report it from both ends."""


def roll_out(policy: Policy, bench: Bench, epochs: int, seed: int, settings: ShieldSettings | None = None) -> Rollout:
    """Let a policy run a bench link; the same seed gives the same drift and the same scatter as far as plans agree."""
    link = BenchLink(bench, np.random.default_rng(seed))
    return roll_out_on(policy, link, bench.facts(), epochs, EPOCH_MS, settings or ShieldSettings())


def roll_out_on(
    policy: Policy, link: RunsEpochs, facts: LinkFacts, epochs: int, epoch_ms: int, settings: ShieldSettings
) -> Rollout:
    """Let a policy run any link.

    Args:
        policy: proposes once per epoch.
        link: at its first epoch.
        facts: of this link; both ends are at the node `bench`.
        epochs: to run.
        epoch_ms: length of an epoch.
        settings: of the shield.
    """
    table = LinkTable(epoch_ms=epoch_ms, links=(facts,))
    electorate = Electorate.equal(("bench",), 0)
    state: NetworkState | None = None
    history = ShieldHistory()
    states: list[LinkState] = []
    plans: list[LinkPlan] = []
    for epoch in range(1, epochs + 1):
        report = NodeReport(
            node="bench",
            epoch=epoch,
            wall_ms=epoch * epoch_ms,
            policy=policy.identity,
            devices=(),
            ends=link.run_epoch(plans[-1] if plans else None),
            late=(),
            accusations=(),
        )
        state = next_state(state, [report], table, electorate)
        wish = realigned_near_limits(policy.propose(state, table), state, table, settings, history)
        plan = shield(state, wish, settings, table, history)
        history = history.after(plan, settings.window_epochs(epoch_ms))
        states.append(state.links[0])
        plans.append(plan.links[0])
    return Rollout(sum(entry.secret_key_bits for entry in states if entry.valid), tuple(states), tuple(plans))

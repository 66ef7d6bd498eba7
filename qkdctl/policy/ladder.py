"""What happens when a policy fails: the baseline for that epoch, and ejection when it keeps failing."""

from dataclasses import dataclass, replace

from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.proposal import Policy, Proposal
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState


@dataclass(frozen=True)
class Ladder:
    """Where the active policy stands.

    Attributes:
        ejection_after: failures in a row that eject it.
        failures: failures in a row so far.
        ejected: whether it is out, until another policy is activated.
    """

    ejection_after: int = 3
    failures: int = 0
    ejected: bool = False

    def after(self, *, failed: bool) -> "Ladder":
        """Where it stands one epoch later; who is out stays there."""
        if self.ejected:
            return self
        failures = self.failures + 1 if failed else 0
        return replace(self, failures=failures, ejected=failures >= self.ejection_after)


@dataclass(frozen=True)
class Outcome:
    """The proposal of one epoch and how it came about.

    Attributes:
        proposal: of the active policy or, when that failed or is ejected, of the baseline.
        ladder: for the next epoch.
        failure: why the active policy gave nothing in this epoch.
    """

    proposal: Proposal
    ladder: Ladder
    failure: PolicyFailure | None = None


def propose(active: Policy | None, baseline: Policy, ladder: Ladder, state: NetworkState, table: LinkTable) -> Outcome:
    """Ask the active policy; without one, or when it fails or is ejected, ask the baseline.

    Raises:
        PolicyFailure: when the baseline itself fails, which none of `baselines` can.
    """
    if active is None or ladder.ejected:
        return Outcome(baseline.propose(state, table), ladder)
    try:
        proposal = active.propose(state, table)
    except PolicyFailure as failure:
        return Outcome(baseline.propose(state, table), ladder.after(failed=True), failure)
    return Outcome(proposal, ladder.after(failed=False))

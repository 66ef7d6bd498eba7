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
        ejected: whether it is out; only an operator brings it back, by starting a new ladder.
    """

    ejection_after: int = 3
    failures: int = 0
    ejected: bool = False


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
        failures = ladder.failures + 1
        after = replace(ladder, failures=failures, ejected=failures >= ladder.ejection_after)
        return Outcome(baseline.propose(state, table), after, failure)
    return Outcome(proposal, replace(ladder, failures=0))

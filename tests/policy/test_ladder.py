"""What happens when the active policy fails."""

from dataclasses import dataclass

import pytest

from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.ladder import Ladder, propose
from qkdctl.policy.proposal import Proposal
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from tests.policy.states import state, table


@dataclass(frozen=True)
class Failing:
    identity: str = "failing"

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        raise PolicyFailure("not-finite", "1 of 10 values")


def test_without_a_policy_the_baseline_decides() -> None:
    outcome = propose(None, RuleBased(), Ladder(), state(), table())
    assert (outcome.proposal.policy, outcome.failure) == ("rule-based", None)


def test_good_policy_decides_and_clears_the_count() -> None:
    outcome = propose(Hold(), RuleBased(), Ladder(failures=2), state(), table())
    assert (outcome.proposal.policy, outcome.ladder.failures) == ("hold", 0)


def test_failure_runs_the_baseline_for_that_epoch_and_says_why() -> None:
    outcome = propose(Failing(), RuleBased(), Ladder(), state(), table())
    assert outcome.proposal.policy == "rule-based"
    assert outcome.failure is not None
    assert outcome.failure.code == "not-finite"
    assert outcome.ladder == Ladder(failures=1)


def test_failures_in_a_row_eject_and_an_ejected_policy_is_not_asked_again() -> None:
    ladder = Ladder(ejection_after=3)
    for _ in range(3):
        assert not ladder.ejected
        ladder = propose(Failing(), RuleBased(), ladder, state(), table()).ladder
    assert ladder.ejected
    outcome = propose(Failing(), RuleBased(), ladder, state(), table())
    assert (outcome.failure, outcome.proposal.policy) == (None, "rule-based")


def test_programming_errors_are_not_hidden() -> None:
    class Broken:
        identity = "broken"

        def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
            raise TypeError("bug")

    with pytest.raises(TypeError, match="bug"):
        propose(Broken(), Hold(), Ladder(), state(), table())

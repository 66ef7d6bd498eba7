"""What follows from reports, computed again; with the policy at hand, the plan too."""

from collections.abc import Mapping
from dataclasses import dataclass

from qkdctl.abft.value import Entry
from qkdctl.agreement.application import BASELINE, NodeApplication, Terms
from qkdctl.agreement.ledger_entries import NotADecisionError, entry_of
from qkdctl.agreement.state import AgreedState
from qkdctl.audit.recorded import Recorded
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.proposal import Policy, Proposal
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.store.chain import Break

_BY_POLICY = {"plan", "failed"}
_WORDS = {
    "state": "the state of links and nodes does",
    "book": "acts and members do",
    "policy": "the policy in force does",
    "routes": "the routes do",
    "audits": "the relayed keys that are to be opened do",
}
"""Member of a decision -> the beginning of a sentence."""


@dataclass(frozen=True)
class _Absent:
    """In place of a policy that is not at hand: its plans are not compared, only whom they are from."""

    identity: str

    def propose(self, _: NetworkState, __: LinkTable) -> Proposal:
        return Proposal(self.identity, ())


class Recomputation:
    """Follows decisions from the first one on, by the very functions that the nodes use.

    Args:
        terms: of the network, which its description gives.
        policies: by identity; plans of others are not computed.

    Attributes:
        state: after the last decision that was followed; None before the first.
        last: that decision, with its reports.
        followed: number of decisions that were.
        planned: number of plans that were computed too.
        stopped: why it goes no further; "" while it does.
        absent_policies: identities of policies that were not at hand.
    """

    def __init__(self, terms: Terms, policies: Mapping[str, Policy] | None = None) -> None:
        self.last: Entry | None = None
        self.followed = 0
        self.planned = 0
        self.stopped = ""
        self.absent_policies: set[str] = set()
        self._policies = {**BASELINES, **(policies or {})}
        self._application = NodeApplication(lambda: terms, self._policy, None)

    @property
    def state(self) -> AgreedState | None:
        """See the class."""
        return self._application.state

    def check(self, recorded: Recorded) -> Break | None:
        """None when a decision follows from its reports, or nothing can be said any more.

        Args:
            recorded: a decision that follows the one before, see `DecisionChecker`.
        """
        if self.stopped:
            return None
        try:
            entry = entry_of(recorded.entry.payload, recorded.reports)
        except NotADecisionError as error:
            self.stopped = str(error)
            return None
        problem = self._follow(entry)
        if problem:
            return Break(recorded.entry.sequence, f"epoch {entry.chain.epoch}: {problem}")
        self.followed += 1
        return None

    def _follow(self, entry: Entry) -> str:
        """Take a decision in, or say why it does not follow."""
        decided = Decision.model_validate(dict(entry.value.outcome.payload), strict=False)
        is_at_hand = decided.policy in self._policies
        if not is_at_hand:
            self.absent_policies.add(decided.policy)
        try:
            outcome = self._application.decide(entry.chain, entry.reports)
        except ValueError as error:
            return f"nothing follows from the reports: {error}"
        computed = Decision.model_validate(dict(outcome.payload), strict=False)
        problem = _unlike(decided, computed)
        if not problem:
            problem = _unlike_plan(decided, computed) if is_at_hand else _misattributed(decided, computed)
        if not problem and outcome.electorate != entry.value.outcome.electorate:
            problem = f"the electorate of epoch {entry.chain.epoch + 2} does not follow from scores and acts"
        if not problem:
            _, state = self._application.after(entry)
            self._application.advance(state)
            self.last = entry
            self.planned += is_at_hand
        return problem

    def _policy(self, identity: str) -> Policy:
        return self._policies.get(identity) or _Absent(identity)


def _misattributed(decided: Decision, computed: Decision) -> str:
    """Why a plan of a policy that is not at hand cannot be its own, nor that of the baseline that steps in."""
    expected = BASELINE.identity if decided.failed else computed.plan.policy
    if decided.plan.policy == expected:
        return ""
    return f"the plan is said to be that of {decided.plan.policy[:12]}, expected {expected[:12]}"


def _unlike(decided: Decision, computed: Decision) -> str:
    """In what a decision differs from what was computed, apart from what only the policy gives."""
    there, here = decided.to_plain(), computed.to_plain()
    for name in sorted(there.keys() - _BY_POLICY):
        if there[name] != here[name]:
            return f"{_WORDS.get(name, f'its {name} does')} not follow from the reports"
    return ""


def _unlike_plan(decided: Decision, computed: Decision) -> str:
    policy = decided.policy[:12]
    if computed.plan != decided.plan:
        pairs = zip(computed.plan.links, decided.plan.links, strict=False)
        wrong = [there.link for here, there in pairs if here != there]
        about = f" of {', '.join(wrong)}" if wrong else ""
        return f"the plan{about} is not what policy {policy} and the shield give"
    if computed.failed != decided.failed:
        return f"whether policy {policy} gave a plan is otherwise here"
    return ""

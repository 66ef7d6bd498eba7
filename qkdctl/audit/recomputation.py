"""What follows from reports, computed again: state, acts, electorate, routes and, with the policy at hand, the plan."""

from collections.abc import Mapping

from qkdctl.abft.act_book import electorate_of
from qkdctl.abft.value import Entry
from qkdctl.agreement.application import NodeApplication, Terms
from qkdctl.agreement.ledger_entries import NotADecisionError, entry_of
from qkdctl.agreement.state import AgreedState
from qkdctl.audit.recorded import Recorded
from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.proposal import Policy
from qkdctl.records.decision import Decision
from qkdctl.routing.agreed import plan_routes
from qkdctl.store.chain import Break

BASELINES: Mapping[str, Policy] = {policy.identity: policy for policy in (RuleBased(), Hold())}


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
        self._terms = terms
        self._policies = {**BASELINES, **(policies or {})}
        self._active: Policy = RuleBased()
        self._application = NodeApplication(lambda: terms, lambda: (self._active, RuleBased()), None)

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
        before = self._application.state
        try:
            decision, state = self._application.after(entry)
        except ValueError as error:
            return f"state and acts do not follow from the reports: {error}"
        scores = {standing.node: standing.score_ppm for standing in state.network.standings}
        if electorate_of(state.book, scores) != entry.value.outcome.electorate:
            return f"the electorate of epoch {entry.chain.epoch + 2} does not follow from scores and acts"
        routes = plan_routes(
            self._terms.demands, state.network, self._terms.table, () if before is None else before.routes
        )
        if routes != decision.routes:
            return "the routes do not follow from the state"
        problem = self._plan(entry, decision)
        if not problem:
            self._application.advance(state)
            self.last = entry
        return problem

    def _plan(self, entry: Entry, decision: Decision) -> str:
        policy = self._policies.get(decision.policy)
        if policy is None:
            self.absent_policies.add(decision.policy)
            return ""
        if self.last is not None and policy.identity != self.last.value.outcome.payload["policy"]:
            self._application.reset_ladder()
        self._active = policy
        computed = Decision.model_validate(
            dict(self._application.decide(entry.chain, entry.reports).payload), strict=False
        )
        self.planned += 1
        if computed.plan != decision.plan:
            wrong = [
                there.link
                for here, there in zip(computed.plan.links, decision.plan.links, strict=False)
                if here != there
            ]
            about = f" of {', '.join(wrong)}" if wrong else ""
            return f"the plan{about} is not what policy {decision.policy[:12]} and the shield give"
        if computed.failed != decision.failed:
            return f"policy {decision.policy[:12]} is said to have failed, or not, and here it is otherwise"
        return ""

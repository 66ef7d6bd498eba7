"""What operators must hear of decisions: policies that fail or are not here, and routes that nothing here serves."""

from collections.abc import Mapping, Sequence

from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.epoch import EpochOutcome
from qkdctl.policy.proposal import Policy
from qkdctl.policy.watch import CAUSES
from qkdctl.records.route import RoutePlan

NO_ROUTER = "no-key-router"
SKEW = "policy-skew"


class DecisionAlarms:
    """Raises them, and clears those that are over.

    Args:
        me: name of the node.
        policies: at hand, by identity.
        alarms: of the node.
        serves_routes: whether it has a key router.
    """

    def __init__(self, me: str, policies: Mapping[str, Policy], alarms: Alarms, *, serves_routes: bool) -> None:
        self._me = me
        self._policies = policies
        self._alarms = alarms
        self._serves_routes = serves_routes

    def take(self, outcome: EpochOutcome) -> None:
        """An epoch has been decided."""
        self._judge_policy(outcome)
        self.judge_presence(outcome.agreed.book.policy)
        self.judge_routes(outcome.decision.routes)

    def judge_presence(self, policy: str) -> None:
        """The policy in force is at hand, or not; that must be heard also while nothing is decided without it."""
        if policy in self._policies:
            self._alarms.clear(SKEW, self._me)
            return
        text = f"policy {policy} is in force, and this node has not got it: 'qkdctl policy stage FILE'"
        self._alarms.raise_(SKEW, self._me, text)

    def judge_routes(self, routes: Sequence[RoutePlan]) -> None:
        """Routes that end at this node or lead through it need a router."""
        if not self._serves_routes and any(self._me in path.nodes for plan in routes for path in plan.paths):
            text = "routes end here or lead through this node; name the router that serves them in [network] key_router"
            self._alarms.raise_(NO_ROUTER, self._me, text)
        else:
            self._alarms.clear(NO_ROUTER, self._me)

    def _judge_policy(self, outcome: EpochOutcome) -> None:
        if outcome.agreed.ejected:
            text = "it failed too often and was given up; the rule-based baseline decides"
            self._alarms.raise_("policy-ejected", "policy", text, Severity.CRITICAL)
        else:
            self._alarms.clear("policy-ejected", "policy")
        for fallback in outcome.agreed.watch.last:
            if fallback.epoch == outcome.epoch:
                # Over at once, and critical, so that it stays until somebody has seen it.
                text = f"the network fell back from {fallback.policy[:12]}: {CAUSES[fallback.cause]}"
                self._alarms.raise_("policy-rolled-back", "policy", text, Severity.CRITICAL)
                self._alarms.clear("policy-rolled-back", "policy")

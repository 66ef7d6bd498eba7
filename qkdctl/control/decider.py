"""From the agreed state to a plan: active policy, or the baseline when it fails, and always the shield."""

from qkdctl.control.alarms import Alarms, Severity
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.ladder import Ladder, propose
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.plan import Plan


class Decider:
    """Runs one policy behind the shield.

    Args:
        policy: the active one.
        baseline: steps in for an epoch when the policy fails, and for good when it keeps failing.
        settings: of the shield.
        alarms: of the node.
        history: what the shield remembers from before a restart.

    Attributes:
        fallbacks: epochs in which the baseline had to step in.
    """

    def __init__(
        self, policy: Policy, baseline: Policy, settings: ShieldSettings, alarms: Alarms, history: ShieldHistory
    ) -> None:
        self.policy = policy
        self.history = history
        self.fallbacks = 0
        self._baseline = baseline
        self._settings = settings
        self._alarms = alarms
        self._ladder = Ladder()

    @property
    def ejected(self) -> bool:
        """The policy was given up; the baseline decides until somebody starts another one."""
        return self._ladder.ejected

    def take_over(self, policy: Policy | None, settings: ShieldSettings) -> None:
        """Go on with other settings and, unless it is None, with another policy, which begins without failures."""
        self._settings = settings
        if policy is not None:
            self.policy = policy
            self._ladder = Ladder()
            self._alarms.clear("policy-ejected", "policy")

    def decide(self, state: NetworkState, table: LinkTable) -> Plan:
        """The plan for the next epoch; the history moves on with it."""
        outcome = propose(self.policy, self._baseline, self._ladder, state, table)
        if outcome.failure is not None or self.ejected:
            self.fallbacks += 1
        if outcome.ladder.ejected and not self.ejected:
            text = f"given up, last failure {outcome.failure}; {self._baseline.identity} decides"
            self._alarms.raise_("policy-ejected", "policy", text, Severity.CRITICAL)
        self._ladder = outcome.ladder
        plan = shield(state, outcome.proposal, self._settings, table, self.history)
        self.history = self.history.after(plan, self._settings.window_epochs(table.epoch_ms))
        return plan

"""Honest nodes are never accused, and never stop, while at most f lie."""

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.effects import Alarm, Collect, Halt


class Blame(Checker):
    """Alarms and accusations name liars only."""

    def asked(self, host: Host, effect: Collect) -> None:
        """Contradictions are found in liars only; who is late may be honest."""
        honest = sorted(set(effect.contradicting) - set(self.scenario.liars))
        if honest:
            raise ViolationError("nobody honest is accused of a contradiction", host.name, f"{effect.epoch}: {honest}")

    def alarmed(self, host: Host, effect: Alarm | Halt) -> None:
        """At most f lie, so no alarm is about anybody else and nobody stops."""
        if isinstance(effect, Halt):
            raise ViolationError("nobody stops while at most f lie", host.name, str(effect))
        named = set(effect.subject.split(", "))
        if not named <= set(self.scenario.liars):
            raise ViolationError("alarms name liars only", host.name, str(effect))

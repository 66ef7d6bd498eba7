"""Once the network has healed, every epoch is decided within a bounded number of rounds."""

from collections.abc import Iterable

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.effects import Event

PATIENT_FROM = 3
"""Patience doubles with each round: from this one on it covers the longest pause between repetitions."""


class Termination(Checker):
    """After healing, at most f leaders in a row are liars, and the next honest one gets its value decided.

    The epoch under way may have reached some round by then, and its patience may be partly used up; f liars' rounds may
    follow, and then one of an honest leader. Epochs that begin later start at round 0 and need patience, too: for
    measurements that take longer than reports may, and for what was lost to be said again.

    Attributes:
        highest: round that was entered undecided after healing, above what the epoch had reached before.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.highest = 0
        self._reached: dict[int, int] = {}
        self._is_settled = False

    def settle(self, hosts: Iterable[Host]) -> None:
        """The network has healed and what was under way has arrived."""
        self._is_settled = True
        for host in hosts:
            self._note(host)

    def stepped(self, host: Host, event: Event) -> None:
        """No round beyond the bound."""
        del event
        if not self._is_settled:
            self._note(host)
            return
        assert host.replica is not None
        instance = host.replica.instance
        if instance is None or instance.decided:
            return
        bound = self.bound(instance.chain.epoch)
        self.highest = max(self.highest, instance.round - self._reached.get(instance.chain.epoch, 0))
        if instance.round > bound:
            text = f"epoch {instance.chain.epoch} is in round {instance.round}, at most {bound} were expected"
            raise ViolationError("epochs end after healing", host.name, text)

    def bound(self, epoch: int) -> int:
        """The highest round that may be entered undecided."""
        return max(self._reached.get(epoch, 0), PATIENT_FROM) + self.scenario.faults + 1

    def _note(self, host: Host) -> None:
        instance = None if host.replica is None else host.replica.instance
        if instance is not None:
            epoch = instance.chain.epoch
            self._reached[epoch] = max(self._reached.get(epoch, 0), instance.round)

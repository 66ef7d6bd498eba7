"""One decision per epoch, and the same members and weights for everybody."""

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Event
from qkdctl.abft.quorum import heaviest
from qkdctl.abft.value import Entry


class Agreement(Checker):
    """No two honest nodes decide differently, already before they write it down; no node decides twice.

    Attributes:
        decided: epoch -> digest.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.decided: dict[int, str] = {}
        self._chains: dict[int, Chain] = {}

    def stepped(self, host: Host, event: Event) -> None:
        """Whatever the instance holds for decided must be the one decision."""
        del event
        assert host.replica is not None
        instance = host.replica.instance
        if instance is not None and instance.decided:
            self._note(host, instance.chain.epoch, instance.decided)

    def committed(self, host: Host, entry: Entry) -> None:
        """The ledger grows by one, and its end is the same everywhere."""
        chain = entry.chain
        last = host.disk.chain.epoch - 1
        if chain != host.disk.chain:
            raise ViolationError("a ledger grows at its end", host.name, f"epoch {chain.epoch} after {last}")
        self._note(host, chain.epoch, entry.value.digest)
        following = entry.next_chain
        known = self._chains.setdefault(following.epoch, following)
        if known is not following:
            if known != following or known.context != following.context:
                raise ViolationError("members and weights are equal", host.name, f"epoch {following.epoch}")
            return
        for electorate in (following.electorate, following.following):
            if 3 * heaviest(electorate.weights.values(), electorate.faults) >= sum(electorate.weights.values()):
                raise ViolationError("3B < W", host.name, f"epoch {following.epoch}: {dict(electorate.weights)}")

    def _note(self, host: Host, epoch: int, value: str) -> None:
        known = self.decided.setdefault(epoch, value)
        if known != value:
            raise ViolationError(
                "one decision per epoch", host.name, f"epoch {epoch}: {value[:12]}, elsewhere {known[:12]}"
            )

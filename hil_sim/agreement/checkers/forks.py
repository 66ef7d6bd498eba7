"""More than f liars may split the ledger; then both sides must know."""

from itertools import combinations

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.effects import Alarm, Halt
from qkdctl.abft.value import Entry


class Forks(Checker):
    """Judges at the end; that honest nodes decided differently is no failure by itself.

    Args:
        scenario: what is simulated, with more liars than f.

    Attributes:
        is_split: two honest nodes have decided differently.
        aware: nodes that raised an alarm, or stopped.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.is_split = False
        self.aware: set[str] = set()
        self._decided: dict[int, dict[str, str]] = {}

    @property
    def epochs(self) -> int:
        """Epochs that somebody decided."""
        return len(self._decided)

    def committed(self, host: Host, entry: Entry) -> None:
        """A node has decided."""
        decided = self._decided.setdefault(entry.chain.epoch, {})
        decided[host.name] = entry.value.digest
        if len(set(decided.values())) > 1:
            self.is_split = True
            if not may_split(self.scenario):
                raise ViolationError("so few liars cannot split the ledger", host.name, f"epoch {entry.chain.epoch}")

    def alarmed(self, host: Host, effect: Alarm | Halt) -> None:
        """A node knows that something is wrong."""
        del effect
        self.aware.add(host.name)

    def judge(self) -> None:
        """Whoever decided otherwise than somebody else has raised an alarm by now.

        Raises:
            ViolationError: somebody has not.
        """
        for epoch, decided in self._decided.items():
            unaware = sorted(decided.keys() - self.aware)
            if len(set(decided.values())) > 1 and unaware:
                raise ViolationError(
                    "no fork is silent", ", ".join(unaware), f"epoch {epoch}: {sorted(decided.items())}"
                )


def may_split(scenario: Scenario) -> bool:
    """Whether the liars make a strong quorum with some honest nodes, and another one with others."""
    electorate, liars = scenario.founders, set(scenario.liars)
    honest = sorted(set(electorate.names) - liars)
    sides = (set(side) for size in range(len(honest) + 1) for side in combinations(honest, size))
    return any(
        electorate.is_strong(liars | side) and electorate.is_strong(set(electorate.names) - side) for side in sides
    )

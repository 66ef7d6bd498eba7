"""What one seed means: who takes part and lies, what the network does, who crashes when."""

from collections.abc import Mapping
from dataclasses import dataclass

from hil_sim.agreement.application import Change, Scoring, SimulatedApplication
from hil_sim.agreement.clocks import LocalClock
from hil_sim.agreement.weather import STRAGGLING, Spell
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.timing import Timing

_MARGIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Crash:
    """One host goes down and comes up again.

    Attributes:
        at_s: from then on, in the next step that has effects.
        position: 0 before its first effect, 1 after its last.
        down_s: until it comes up.
        backup_of_s: it comes up with the disk as it was then; None for the disk as it is.
    """

    node: str
    at_s: float
    position: float
    down_s: float
    backup_of_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lies:
    """How one node lies.

    Attributes:
        behaviours: names in the library of behaviours.
        from_epoch: honest before.
    """

    behaviours: tuple[str, ...]
    from_epoch: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is drawn before a simulation begins.

    Attributes:
        seed, nodes, faults: what it was drawn from.
        epochs: to be decided, after healing.
        epoch_s: from one tick to the next.
        founders: the electorate at the beginning.
        spares: nodes that may join later.
        changes: of the members, by the epoch whose decision brings them.
        liars: at most `faults`, unless there are colluders beyond that.
        skewed: a node with another policy file; counts among the faulty.
        lacking: until when, in seconds, a node is without the policy in force and can judge nothing. There may be more
            than f of them, and then nothing is decided meanwhile.
        heal_s: from then on the network is good and nobody crashes.
    """

    seed: int
    nodes: int
    faults: int
    epochs: int
    epoch_s: float
    founders: Electorate
    spares: tuple[str, ...]
    changes: Mapping[int, Change]
    scoring: Scoring
    liars: Mapping[str, Lies]
    skewed: str
    lacking: Mapping[str, float]
    spells: tuple[Spell, ...]
    crashes: tuple[Crash, ...]
    clocks: Mapping[str, LocalClock]
    timings: Mapping[str, Timing]
    heal_s: float

    @property
    def names(self) -> tuple[str, ...]:
        """All nodes that there will ever be."""
        return (*self.founders.names, *self.spares)

    @property
    def settled_s(self) -> float:
        """From then on hosts that were down are up and judge, and what was sent before healing has arrived."""
        latest_s = [spell.delay_s[1] * STRAGGLING + max(spell.clogged.values(), default=0.0) for spell in self.spells]
        down_s = [crash.down_s for crash in self.crashes]
        # what was missing is noticed with the next tick
        tick_s = [self.epoch_s / self.clocks[name].rate for name in self.lacking]
        return self.heal_s + max([*latest_s, *down_s, *tick_s], default=0.0) + _MARGIN_S

    def application(self, node: str = "") -> SimulatedApplication:
        """That of a node; of all but one with another policy file it is the same."""
        skew = int(node != "" and node == self.skewed)
        return SimulatedApplication(self.changes, self.scoring, frozenset(self.liars), skew)

    @property
    def honest(self) -> tuple[str, ...]:
        """Nodes whose word must hold."""
        return tuple(name for name in self.names if name not in self.liars)

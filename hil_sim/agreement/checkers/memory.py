"""A replica's memory stays below a bound that depends on the number of nodes only, however much it is sent."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Event
from qkdctl.abft.quorum import Electorate

_STEPS_BETWEEN = 500
_SHARED = (Chain, Electorate)


class Memory(Checker):
    """Counts the numbers and texts that a replica holds, now and then.

    Attributes:
        most: entries found, in the largest replica.
    """

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.bound = bound(len(scenario.names))
        self.most = 0
        self._steps = 0

    def stepped(self, host: Host, event: Event) -> None:
        """Look at every so many steps."""
        del event
        self._steps += 1
        if self._steps % _STEPS_BETWEEN == 0:
            count = sum(1 for _ in leaves(host.replica, set()))
            self.most = max(self.most, count)
            if count > self.bound:
                raise ViolationError("memory is bounded", host.name, f"{count} entries, at most {self.bound} expected")


def bound(nodes: int) -> int:
    """The most entries of a replica of so many nodes.

    Votes, proofs, reports and early words are a constant for each node; echo lists and their tallies N for each; a liar
    can name up to N digests for each author. The constants are about twice of what was found under floods.
    """
    return 800 + 80 * nodes + 30 * nodes**2 + nodes**3


def leaves(thing: object, seen: set[int]) -> Iterator[object]:
    """Numbers, texts and so on within an object; what all share is left out."""
    if isinstance(thing, str | int | float | None):
        yield thing
        return
    if id(thing) in seen or isinstance(thing, _SHARED) or callable(thing):
        return
    seen.add(id(thing))
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from leaves(key, seen)
            yield from leaves(value, seen)
    elif isinstance(thing, list | tuple | AbstractSet):
        for item in thing:
            yield from leaves(item, seen)
    elif is_dataclass(thing):
        for entry in fields(thing):
            yield from leaves(getattr(thing, entry.name), seen)
    elif hasattr(thing, "__dict__"):
        yield from leaves(vars(thing), seen)

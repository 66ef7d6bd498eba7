"""More liars than can be borne: each has a twin on either side of a partition, and all of them keep the sides apart."""

from collections.abc import Callable, Mapping
from functools import partial

from hil_sim.agreement.host import Host
from hil_sim.agreement.scheduler import Scheduler
from qkdctl.abft.messages import Message

_WHISPER_S = 0.005


class Colluder:
    """A node with two replicas, one for each side; between colluders twins of one side hear each other.

    Args:
        name: of the node.
        sides: honest node -> 0 or 1.
        fellows: all colluders by name, this one too.
        scheduler: of the simulation.
        transmit: the network, (sender, to, message).

    Attributes:
        hosts: the twins.
    """

    def __init__(
        self,
        name: str,
        sides: Mapping[str, int],
        fellows: Mapping[str, "Colluder"],
        scheduler: Scheduler,
        transmit: Callable[[str, str, Message], None],
    ) -> None:
        self.name = name
        self.hosts: list[Host] = []
        self._sides = sides
        self._fellows = fellows
        self._scheduler = scheduler
        self._transmit = transmit

    def start(self) -> None:
        """Nothing is said unasked."""

    def receive(self, sender: str, message: Message) -> None:
        """An honest node speaks: to the twin on its side."""
        self.hosts[self._sides[sender]].receive(sender, message)

    def emit(self, number: int, to: str, message: Message) -> None:
        """A twin speaks: to its side."""
        if to in self._fellows:
            twin = self._fellows[to].hosts[number]
            self._scheduler.after(_WHISPER_S, partial(twin.receive, self.name, message))
        elif self._sides[to] == number:
            self._transmit(self.name, to, message)

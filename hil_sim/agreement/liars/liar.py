"""A node that lies: one replica, or two under one name, and behaviours between it and the others."""

import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from hil_sim.agreement.host import Host
from hil_sim.agreement.liars.behaviour import Behaviour
from hil_sim.agreement.liars.cabal import Cabal
from hil_sim.agreement.liars.wire import passes
from hil_sim.agreement.scheduler import Scheduler
from qkdctl.abft.messages import Message

_SIDES_FOR_S = 4.0


class BehavingLiar:
    """Stands between its replicas and the network.

    Args:
        name: of the node.
        behaviours: applied one after another to what it says.
        from_epoch: honest before.
        cabal: what all liars know.
        scheduler: of the simulation.
        source: of chance.
        transmit: the network, (sender, to, message).

    Attributes:
        hosts: its replica, or two of them.
    """

    def __init__(
        self,
        name: str,
        behaviours: Sequence[Behaviour],
        from_epoch: int,
        *,
        cabal: Cabal,
        scheduler: Scheduler,
        source: random.Random,
        transmit: Callable[[str, str, Message], None],
    ) -> None:
        self.name = name
        self.hosts: list[Host] = []
        self._behaviours = behaviours
        self._from_epoch = from_epoch
        self._cabal = cabal
        self._scheduler = scheduler
        self._source = source
        self._transmit = transmit
        self._sides: dict[str, int] = {}

    def start(self) -> None:
        """Begin to lie unasked."""
        self._choose_sides()
        self._scheduler.after(self._source.uniform(0.1, 1.0), self._idle)

    def receive(self, sender: str, message: Message) -> None:
        """A message arrives."""
        self._cabal.note(sender, message)
        for host in self.hosts:
            if self._hears(host, sender):
                host.receive(sender, message)
                if host.replica is not None:
                    self._cabal.stands_at(host.replica.chain)
        for behaviour in self._behaviours if message.epoch >= self._from_epoch else ():
            self._say_all(behaviour.hear(sender, message))

    def emit(self, number: int, to: str, message: Message) -> None:
        """One of its replicas wants to say something."""
        self._cabal.note(self.name, message)
        if not self._hears(self.hosts[number], to):
            return
        if message.epoch < self._from_epoch:
            self._transmit(self.name, to, message)
            return
        said = [message]
        for behaviour in self._behaviours:
            said = [changed for one in said for changed in behaviour.say(to, one)]
        delay_s = sum(behaviour.delay_s() for behaviour in self._behaviours)
        for one in said:
            read = one if one is message else passes(one)
            if read is not None and delay_s:
                self._scheduler.after(delay_s, partial(self._transmit, self.name, to, read))
            elif read is not None:
                self._transmit(self.name, to, read)

    def _hears(self, host: Host, peer: str) -> bool:
        """Twins share the others out, and some hear both."""
        side = self._sides.get(peer, 2)
        return len(self.hosts) == 1 or side in (2, self.hosts.index(host))

    def _choose_sides(self) -> None:
        self._sides = {name: self._source.choice((0, 0, 1, 1, 2)) for name in self._cabal.names}
        self._scheduler.after(self._source.uniform(0.5, 2.0) * _SIDES_FOR_S, self._choose_sides)

    def _idle(self) -> None:
        chain = self._cabal.chain
        if chain is not None and chain.epoch >= self._from_epoch:
            for behaviour in self._behaviours:
                self._say_all(behaviour.idle())
        self._scheduler.after(self._source.uniform(0.3, 1.0), self._idle)

    def _say_all(self, said: Iterable[tuple[str, Message]]) -> None:
        for to, message in said:
            read = passes(message)
            if read is not None:
                self._transmit(self.name, to, read)

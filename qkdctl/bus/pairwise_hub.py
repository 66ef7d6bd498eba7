"""Messages between nodes that live in one process."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import TypeAlias

from qkdctl.bus.pairwise import CAPACITY, Incoming, PathStatus
from qkdctl.bus.pairwise_figures import PathFigures, is_fit
from qkdctl.bus.pairwise_queues import FairQueues
from qkdctl.bus.waiting import within
from qkdctl.clock import Clock

VIA = "hub"

Fate: TypeAlias = Callable[[str, str, bytes], Sequence[float]]
"""What becomes of a message from one node to another: seconds until each copy arrives; none when it is lost."""


def unharmed(_sender: str, _to: str, _data: bytes) -> Sequence[float]:
    """The fate of a message in a good network: one copy, at once."""
    return (0.0,)


class PairHub:
    """Connects nodes; a message for one that has not joined is lost.

    Args:
        clock: delays go by it.
        fate: asked once per message, in the order of sending.
    """

    def __init__(self, clock: Clock, fate: Fate = unharmed) -> None:
        self._clock = clock
        self._fate = fate
        self._nodes: dict[str, HubTransport] = {}

    def join(self, me: str, peers: Collection[str]) -> "HubTransport":
        """The transport of a node; it takes the place of an earlier one of that name, as after a restart.

        Raises:
            ValueError: the node is among its peers.
        """
        if me in peers:
            raise ValueError(f"node {me!r} is no peer of its own")
        self._nodes[me] = HubTransport(self, me, peers, self._clock)
        return self._nodes[me]

    def leave(self, me: str) -> None:
        """Disconnect a node; does nothing when it is not there."""
        self._nodes.pop(me, None)

    def has(self, node: "HubTransport") -> bool:
        """Whether this very transport is connected."""
        return self._nodes.get(node.me) is node

    def carry(self, sender: str, to: str, data: bytes) -> bool:
        """Pass a message on as its fate wills; False when the receiver is not there."""
        receiver = self._nodes.get(to)
        if receiver is None:
            return False
        for delay_s in self._fate(sender, to, data):
            receiver.arrive(sender, data, delay_s)
        return True


class HubTransport:
    """One node's place at the hub.

    Attributes:
        me: name of the node.
    """

    def __init__(self, hub: PairHub, me: str, peers: Collection[str], clock: Clock) -> None:
        self.me = me
        self._hub = hub
        self._clock = clock
        self._figures = PathFigures.of(peers)
        self._inbox: FairQueues[str, Incoming] = FairQueues(sorted(peers), CAPACITY)
        self._late: list[tuple[float, int, str, bytes]] = []
        self._under_way = dict.fromkeys(peers, 0)
        self._tickets = 0
        self._sooner = asyncio.Event()

    def send(self, to: str, data: bytes) -> None:
        """See PairTransport."""
        peer = self._figures.peers.get(to)
        if peer is None:
            self._figures.unknown += 1
        elif is_fit(data) and self._hub.has(self) and self._hub.carry(self.me, to, data):
            peer.note_sent(data)
        else:
            peer.dropped += 1

    async def received(self) -> AsyncIterator[Incoming]:
        """See PairTransport."""
        while True:
            _, incoming = await self._inbox.get()
            yield incoming

    async def run(self) -> None:
        """See PairTransport; only messages that are late need it."""
        while True:
            self._sooner.clear()
            wait_s = self._late[0][0] - self._clock.monotonic() if self._late else None
            if wait_s is None:
                await self._sooner.wait()
            elif wait_s > 0.0:
                await self._wait(wait_s)
            else:
                _, _, sender, data = heapq.heappop(self._late)
                self._under_way[sender] -= 1
                self._take(sender, data)

    async def _wait(self, seconds: float) -> None:
        try:
            await within(self._clock, seconds, self._sooner.wait())
        except TimeoutError:
            return

    def status(self) -> tuple[PathStatus, ...]:
        """See PairTransport; the hub is the only path."""
        figures = self._figures
        peers = figures.statuses(lambda _: 0, self._clock.monotonic())
        return (PathStatus(VIA, self._hub.has(self), 1, 0.0, figures.unknown, peers),)

    def arrive(self, sender: str, data: bytes, delay_s: float) -> None:
        """Called by the hub: a copy of a message that is due after some seconds."""
        if sender not in self._figures.peers:
            self._figures.unknown += 1
        elif delay_s <= 0.0:
            self._take(sender, data)
        elif self._under_way[sender] >= CAPACITY:
            self._figures.peers[sender].overrun += 1
        else:
            self._tickets += 1
            self._under_way[sender] += 1
            heapq.heappush(self._late, (self._clock.monotonic() + delay_s, self._tickets, sender, data))
            self._sooner.set()

    def _take(self, sender: str, data: bytes) -> None:
        peer = self._figures.peers[sender]
        peer.note_received(data, self._clock.monotonic())
        peer.overrun += self._inbox.put(sender, Incoming(sender, data, VIA))

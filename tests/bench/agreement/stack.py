"""Whole nodes in one process: replica, host, packets, tags and keys, over a hub in memory or over a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Alarm, Collect, Halt, Recall
from qkdctl.abft.messages import Message
from qkdctl.abft.packet import Spoken
from qkdctl.abft.replica import Beginning, Replica
from qkdctl.abft.timing import Timing
from qkdctl.abft.value import Entry
from qkdctl.agreement.host import Host
from qkdctl.agreement.peer_side import PeerSettings, PeerSide
from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.figures import Figures
from qkdctl.auth.ledger import MemoryLedger
from qkdctl.auth.levels import Way
from qkdctl.bus.pairwise import PairTransport
from qkdctl.clock import RealClock
from qkdctl.keys.hub import HubSource, KeyHub
from tests.bench.agreement.core import PATIENT
from tests.bench.agreement.setting import NETWORK, Blank, Setting, report_text

_CLOCK = RealClock()
_GREETING_S = 0.05
_MEETING_S = 300.0


class Node:
    """One node; what must be durable is kept in memory, so that no disk is measured.

    Attributes:
        replica: its replica.
        side: its peers.
        committed_s: when it wrote the present decision down, on the clock of `time.perf_counter`; 0 before.
    """

    def __init__(
        self,
        setting: Setting,
        me: str,
        seals: Authenticator,
        keys: HubSource,
        carrier: PairTransport,
        timing: Timing,
    ) -> None:
        start = Beginning(Chain.beginning(setting.electorate), {})
        self.replica = Replica(me, start, timing, Blank(), _CLOCK.monotonic())
        peers = tuple(name for name in setting.names if name != me)
        self.host = Host(self.replica, self, _CLOCK, peers)
        self.committed_s = 0.0
        settings = PeerSettings(NETWORK, me, peers)
        self.side = PeerSide(
            settings, seals, keys, carrier, _CLOCK, self._deliver,
            lambda _: None, lambda: None, lambda _: None, lambda _: None,
        )  # fmt: skip
        self._me = me
        self._stored: dict[str, str | None] = {}

    def begin(self) -> None:
        """The next epoch."""
        self.committed_s = 0.0
        self.side.begin_epoch()
        self.host.tick()

    @property
    def is_done(self) -> bool:
        """The epoch is decided, and nobody needs this node for it any more."""
        return self.committed_s > 0.0 and self.replica.instance is None

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.side.run())
            tasks.create_task(self.host.run())

    async def persist(self, writes: Mapping[str, str | None]) -> None:
        """See Duties."""
        self._stored.update(writes)

    async def commit(self, entry: Entry) -> None:
        """See Duties."""
        del entry
        self.committed_s = time.perf_counter()

    async def collect(self, wish: Collect) -> str:
        """See Duties."""
        return report_text(self._me, wish.epoch)

    async def recall(self, wish: Recall) -> list[Message]:
        """See Duties; nobody is behind."""
        del wish
        return []

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """See Duties."""
        await self.side.send(messages)

    def alarm(self, alarm: Alarm) -> None:
        """See Duties; there is no reason for one."""
        raise AssertionError(alarm)

    def alarm_over(self, code: str, subject: str) -> None:
        """See Duties; there was none."""

    def halt(self, halt: Halt) -> None:
        """See Duties; there is no reason to."""
        raise AssertionError(halt)

    def _deliver(self, sender: str, message: Spoken) -> None:
        self.host.received(sender, message)  # type: ignore[arg-type]


class Nodes:
    """All nodes of a network, running and known to each other. Built by `running`."""

    def __init__(self, setting: Setting, nodes: Mapping[str, Node]) -> None:
        self._setting = setting
        self._nodes = nodes

    async def decide(self) -> list[float]:
        """Decide one epoch; seconds from its beginning, the same for all, until each node has written it down."""
        start_s = time.perf_counter()
        for node in self._nodes.values():
            node.begin()
        while not all(node.is_done for node in self._nodes.values()):
            await asyncio.sleep(0.001)
        return [node.committed_s - start_s for node in self._nodes.values()]

    async def stay(self, seconds: float) -> None:
        """Begin an epoch, and let time pass although it cannot be decided."""
        for node in self._nodes.values():
            node.begin()
        await asyncio.sleep(seconds)

    def figures(self) -> dict[tuple[str, str], Figures]:
        """What each node has counted about each peer."""
        seals = {me: node.side.authenticator for me, node in self._nodes.items()}
        return {(me, peer): mine.figures(peer) for me, mine in seals.items() for peer in mine.peers}

    @property
    def repeated(self) -> int:
        """Packets sent again as they were."""
        return sum(node.side.courier.repeated for node in self._nodes.values())

    async def meet(self) -> None:
        """Wait until every node knows the process of every other one."""
        while not all(len(node.side.in_step()) == self._setting.nodes - 1 for node in self._nodes.values()):
            for node in self._nodes.values():
                await node.side.hello()
            await asyncio.sleep(_GREETING_S)


@asynccontextmanager
async def running(
    setting: Setting, carriers: Mapping[str, PairTransport], timing: Timing = PATIENT
) -> AsyncIterator[Nodes]:
    """Nodes over these transports, until the end of the block."""
    hub = KeyHub()
    nodes: dict[str, Node] = {}
    for me in setting.names:
        source = hub.source(me)
        ways = {peer: Way() for peer in setting.names if peer != me}
        seals = await Authenticator.start(ways, source, MemoryLedger())
        nodes[me] = Node(setting, me, seals, source, carriers[me], timing)
    tasks = [asyncio.create_task(node.run()) for node in nodes.values()]
    try:
        found = Nodes(setting, nodes)
        async with asyncio.timeout(_MEETING_S):
            await found.meet()
        yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

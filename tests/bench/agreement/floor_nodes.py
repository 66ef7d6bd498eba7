"""The floor over the same transports: packets of the same form and size, without tags, storage or repetition."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

from qkdctl.bus.pairwise import PairTransport
from tests.bench.agreement.floor import KINDS, Floor, FloorMessage
from tests.bench.agreement.setting import NETWORK, Setting, report_text

_CONTEXT = "0" * 64
_BY_NAME = {kind.__name__: kind for kind in KINDS}


class FloorNode:
    """One node of the floor.

    Attributes:
        floor: its replica.
        decided_s: when it decided the present epoch, on the clock of `time.perf_counter`; 0 before.
    """

    def __init__(self, setting: Setting, me: str, carrier: PairTransport) -> None:
        self.floor = Floor(me, setting.names, setting.faults)
        self.decided_s = 0.0
        self._me = me
        self._others = tuple(name for name in setting.names if name != me)
        self._carrier = carrier

    def begin(self) -> None:
        """The next epoch."""
        self.decided_s = 0.0
        self._say(self.floor.begin(report_text(self._me, self.floor.epoch + 1)))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._carrier.run())
            tasks.create_task(self._listen())

    async def _listen(self) -> None:
        async for incoming in self._carrier.received():
            for message in unpacked(incoming.data):
                self._say(self.floor.take(incoming.sender, message))

    def _say(self, messages: list[FloorMessage]) -> None:
        if self.floor.decided and not self.decided_s:
            self.decided_s = time.perf_counter()
        if messages:
            body = ",".join(map(_text, messages))
            for to in self._others:
                self._carrier.send(to, packed(self._me, to, body))


class FloorNodes:
    """All nodes of the floor, running. Built by `running_floor`."""

    def __init__(self, nodes: Iterable[FloorNode]) -> None:
        self._nodes = list(nodes)

    async def decide(self) -> list[float]:
        """Decide one epoch; seconds from its beginning, the same for all, until each node has decided."""
        start_s = time.perf_counter()
        for node in self._nodes:
            node.begin()
        while not all(node.decided_s for node in self._nodes):
            await asyncio.sleep(0.001)
        return [node.decided_s - start_s for node in self._nodes]


@asynccontextmanager
async def running_floor(setting: Setting, carriers: Mapping[str, PairTransport]) -> AsyncIterator[FloorNodes]:
    """Nodes over these transports, until the end of the block."""
    nodes = [FloorNode(setting, me, carriers[me]) for me in setting.names]
    tasks = [asyncio.create_task(node.run()) for node in nodes]
    try:
        yield FloorNodes(nodes)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def packed(me: str, to: str, body: str) -> bytes:
    """A packet; what is said to all is encoded once."""
    return f'{{"network":"{NETWORK}","sender":"{me}","to":"{to}","messages":[{body}]}}'.encode()


def unpacked(data: bytes) -> list[FloorMessage]:
    """Messages of a packet."""
    messages: list[FloorMessage] = []
    for plain in json.loads(data)["messages"]:
        kind = _BY_NAME[plain.pop("kind")]
        del plain["context"]
        messages.append(kind(**plain))
    return messages


def _text(message: FloorMessage) -> str:
    plain = asdict(message) | {"context": _CONTEXT, "kind": type(message).__name__}
    return json.dumps(plain, separators=(",", ":"))

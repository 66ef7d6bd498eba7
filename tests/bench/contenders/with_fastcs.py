"""FastCS: one Controller per instrument, attributes with an AttributeIO over its own IPConnection, no transport served.

The slow attributes take turns in one more scan, because FastCS would otherwise ask all of them each time.
"""

import asyncio
from dataclasses import dataclass
from itertools import cycle

from fastcs.attributes import AttributeIO, AttributeIORef, AttrR
from fastcs.connections import IPConnection, IPConnectionSettings
from fastcs.control_system import FastCS
from fastcs.controllers import Controller
from fastcs.datatypes import Float
from fastcs.methods import Scan

from tests.bench.queries import FAST, POLLS_PER_CYCLE, SLOW, Queries
from tests.bench.worker import Order, Sample, Stopwatch, Window, serve


@dataclass
class QueryRef(AttributeIORef):
    """Which queries give the attribute; the first reply is its value."""

    queries: Queries


class QueryIO(AttributeIO[float, QueryRef]):
    """Asks one instrument."""

    def __init__(self, connection: IPConnection, watch: Stopwatch) -> None:
        super().__init__()
        self._connection = connection
        self._watch = watch
        self._begun = 0

    async def update(self, attr: AttrR[float, QueryRef]) -> None:
        """Query and store; the scan of a cycle begins with the first of its updates."""
        if self._begun % POLLS_PER_CYCLE == 0:
            self._watch.start()
        self._begun += 1
        replies = [await self._connection.send_query(f"{query}\n") for query in attr.io_ref.queries]
        await attr.update(attr.dtype(replies[0].strip()))
        self._watch.lap()


class Attenuator(Controller):
    """One instrument; `watch` times its polls."""

    def __init__(self, address: tuple[str, int], period_s: float) -> None:
        self.connection = IPConnection()
        self.watch = Stopwatch()
        super().__init__(ios=[QueryIO(self.connection, self.watch)])
        self._address = address
        for name, queries in FAST.items():
            self.add_attribute(name, AttrR(Float(), io_ref=QueryRef(queries, update_period=period_s)))
        for name, queries in SLOW.items():
            self.add_attribute(name, AttrR(Float(), io_ref=QueryRef(queries)))
        self._slow = cycle([self.attributes[name] for name in SLOW])
        self.add_scan("update_slow", Scan(self._update_slow, period_s))

    async def connect(self) -> None:
        """Open the connection."""
        await self.connection.connect(IPConnectionSettings(*self._address))
        await super().connect()

    async def disconnect(self) -> None:
        """Close the connection."""
        await self.connection.close()

    async def _update_slow(self) -> None:
        await next(self._slow).bind_update_callback()()


async def _measure(order: Order) -> Sample:
    controllers = []
    for number, address in enumerate(order.addresses):
        controller = Attenuator(address, order.period_s)
        controller.set_path([f"voa{number}"])
        controllers.append(controller)
    serving = asyncio.create_task(
        FastCS(controllers, [], loop=asyncio.get_running_loop()).serve(interactive=False), name="serve"
    )
    watches = [controller.watch for controller in controllers]
    async with asyncio.timeout(10.0):
        while not all(watch.cycles > 1 for watch in watches):
            await asyncio.sleep(0.01)
    await asyncio.sleep(order.settle_s)
    window = Window(watches, order)
    await asyncio.sleep(order.seconds)
    sample = window.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    return sample


if __name__ == "__main__":
    serve(lambda order: asyncio.run(_measure(order)), "fastcs")

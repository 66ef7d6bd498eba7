"""The floor: asyncio streams and a loop, no framework, no deadline on an exchange, nobody who would notice a fault."""

import asyncio
import time
from collections.abc import Iterator

from tests.bench.queries import Queries, cycles
from tests.bench.worker import Order, Sample, Stopwatch, Window, serve


class Poller:
    """Polls one instrument.

    Attributes:
        ready: set when the first cycle has ended.
        values: query -> last value.
    """

    def __init__(self, address: tuple[str, int], offset_s: float, period_s: float) -> None:
        self.ready = asyncio.Event()
        self.watch = Stopwatch()
        self.values: dict[str, float] = {}
        self.missed = 0
        self.lateness_ns: list[int] = []
        self._address = address
        self._offset_s = offset_s
        self._period_s = period_s

    async def run(self) -> None:
        """Connect and poll until cancelled."""
        reader, writer = await asyncio.open_connection(*self._address)
        turns = cycles()
        try:
            if self._period_s:
                await self._on_grid(reader, writer, turns)
            while True:
                await self._cycle(reader, writer, next(turns))
        finally:
            writer.transport.abort()

    async def _on_grid(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turns: Iterator[tuple[Queries, ...]]
    ) -> None:
        deadline = time.monotonic() + self._offset_s
        while True:
            await asyncio.sleep(max(0.0, deadline - time.monotonic()))
            self.lateness_ns.append(round((time.monotonic() - deadline) * 1e9))
            await self._cycle(reader, writer, next(turns))
            deadline += self._period_s
            while deadline <= time.monotonic():
                deadline += self._period_s
                self.missed += 1

    async def _cycle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, polls: tuple[Queries, ...]
    ) -> None:
        self.watch.start()
        for queries in polls:
            for query in queries:
                writer.write(query.encode() + b"\n")
                self.values[query] = float(await reader.readline())
            self.watch.lap()
        self.ready.set()


async def _measure(order: Order) -> Sample:
    pollers = [Poller(a, o, order.period_s) for a, o in zip(order.addresses, order.offsets_s, strict=True)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(poller.run()) for poller in pollers]
        async with asyncio.timeout(10.0):
            await asyncio.gather(*(poller.ready.wait() for poller in pollers))
        await asyncio.sleep(order.settle_s)
        missed = sum(poller.missed for poller in pollers)
        starts = [len(poller.lateness_ns) for poller in pollers]
        window = Window([poller.watch for poller in pollers], order)
        await asyncio.sleep(order.seconds)
        sample = window.close()
        if order.period_s:
            sample.missed = sum(poller.missed for poller in pollers) - missed
            sample.lateness_ns = [
                value for p, start in zip(pollers, starts, strict=True) for value in p.lateness_ns[start:]
            ]
        for task in tasks:
            task.cancel()
    return sample


if __name__ == "__main__":
    serve(lambda order: asyncio.run(_measure(order)))

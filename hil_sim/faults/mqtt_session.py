"""One client's session with its broker, as it passes through a proxy."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from hil_sim.faults.delay_line import DelayLine
from hil_sim.faults.fault_list import FaultList
from hil_sim.faults.mqtt_contents import Connect
from hil_sim.faults.mqtt_faults import Direction
from hil_sim.faults.mqtt_half import Half
from hil_sim.faults.mqtt_packets import Framer, MalformedError, Packet
from qkdctl.clock import Clock

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HalfMaker: TypeAlias = Callable[[Connect, Direction, DelayLine, DelayLine], Half]
"""Makes one direction of a session: what the client said, the direction, the lines onward and back."""

_READ_BYTES = 65_536


class _EndedError(Exception):
    """One side closed its connection, and the other got everything."""


class MqttSession:
    """Passes packets both ways.

    Args:
        near, far: connections with the client and with the broker.
        faults: what goes wrong.
        make_half: called for each direction, once the client has said who it is.
        clock: measures delays.

    Attributes:
        client_id: None before the client has said who it is.
    """

    def __init__(self, near: Streams, far: Streams, faults: FaultList, make_half: HalfMaker, clock: Clock) -> None:
        self.client_id: str | None = None
        self._near, self._far = near, far
        self._faults = faults
        self._make_half = make_half
        self._up = DelayLine(clock, lambda data: self._write(far[1], data))
        self._down = DelayLine(clock, lambda data: self._write(near[1], data))

    def cut(self) -> None:
        """Break both connections without farewell."""
        for _, writer in (self._near, self._far):
            writer.transport.abort()

    async def run(self) -> None:
        """Work until either side ends, a packet makes no sense, or the session is cut."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._up.run())
                tasks.create_task(self._down.run())
                await self._pass(tasks)
        except* (OSError, MalformedError, _EndedError):
            pass
        finally:
            writers = [self._near[1], self._far[1]]
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    async def _pass(self, tasks: asyncio.TaskGroup) -> None:
        framer = Framer()
        first, *others = await _read(self._near[0], framer)
        connect = Connect.of(first)
        self.client_id = connect.client_id
        if self._faults.cuts(self.client_id):
            self.cut()
            raise _EndedError
        up = self._make_half(connect, "up", self._up, self._down)
        down = self._make_half(connect, "down", self._down, self._up)
        for packet in (first, *others):
            up.take(packet)
        tasks.create_task(_pump(self._far[0], Framer(), down))
        await _pump(self._near[0], framer, up)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._faults.flowing(self.client_id or "")
        writer.write(data)
        await writer.drain()


async def _pump(reader: asyncio.StreamReader, framer: Framer, half: Half) -> None:
    try:
        while True:
            for packet in await _read(reader, framer):
                half.take(packet)
            await half.onward.room()
    except _EndedError:
        await half.onward.drained()
        raise


async def _read(reader: asyncio.StreamReader, framer: Framer) -> list[Packet]:
    """At least one packet.

    Raises:
        _EndedError: the stream ended.
        OSError: it broke.
    """
    while data := await reader.read(_READ_BYTES):
        packets = framer.feed(data)
        if packets:
            return packets
    raise _EndedError

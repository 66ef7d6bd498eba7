"""Both ends of a wire: conversations driven by hand, and real serial clients on pseudo-terminals."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import serial

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.endpoints.pty import PtyEndpoint
from qkdctl.clock import Clock, RealClock

CLIENT_TIMEOUT_S = 5.0


def say(conversation: Conversation, data: bytes) -> bytes:
    """What the instrument sends for these bytes, all replies joined."""
    return b"".join(reply.data for reply in conversation.received(data))


def last_delay_s(replies: Sequence[Reply]) -> float:
    """When the last reply is due."""
    return replies[-1].delay_s


def in_pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The data cut at these places."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


def assert_packets_do_not_matter(make: Callable[[], Conversation], data: bytes, cuts: Sequence[int]) -> None:
    """Input in any pieces is answered like input in one piece, and like input byte by byte."""
    merged = say(make(), data)
    for pieces in (in_pieces(data, cuts), [bytes((byte,)) for byte in data]):
        conversation = make()
        assert b"".join(say(conversation, piece) for piece in pieces) == merged


class SerialClient:
    """A pyserial port used from asynchronous tests."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port

    async def write(self, data: bytes) -> None:
        await asyncio.to_thread(self._port.write, data)

    async def read_until(self, end: bytes) -> bytes:
        """Bytes up to and with `end`; fails when they do not come in time."""
        data = await asyncio.to_thread(self._port.read_until, end)
        assert data.endswith(end), f"timed out after {data!r}, waiting for {end!r}"
        return data

    async def ask(self, data: bytes, end: bytes) -> bytes:
        await self.write(data)
        return await self.read_until(end)


@asynccontextmanager
async def serial_client(
    instrument: Instrument, folder: Path, *, baud: int = 9600, clock: Clock | None = None
) -> AsyncIterator[SerialClient]:
    """The instrument on a pseudo-terminal, opened with pyserial."""
    endpoint = PtyEndpoint("unit", instrument, clock or RealClock(), link=folder / "port", baud=baud)
    await endpoint.start()
    try:
        port = await asyncio.to_thread(serial.Serial, str(endpoint.link), baud, timeout=CLIENT_TIMEOUT_S)
        try:
            yield SerialClient(port)
        finally:
            port.close()
    finally:
        await endpoint.stop()

"""A TCP connection on the event loop, without a thread."""

import asyncio
import os
import socket

from qkdctl.devices.errors import ConnectionLostError, ExchangeTimeoutError
from qkdctl.devices.transports.base import ByteStream


class _Collector(asyncio.Protocol):
    """Keeps what arrives until somebody asks: fewer turns of the loop than a StreamReader."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.waiter: asyncio.Future[None] | None = None
        self.lost: str | None = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = str(exc) if exc is not None else "closed by the other side"
        self._wake()

    def expire(self) -> None:
        """Nothing has arrived in time."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class TcpStream(ByteStream):
    """Plain TCP.

    Args:
        host, port: of the instrument.
        timeout_s: for connecting.
    """

    reopen_drops_replies = True

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._transport: asyncio.Transport | None = None
        self._collector = _Collector()

    async def open(self) -> None:
        """Connect."""
        await self.close()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                transport, collector = await loop.create_connection(_Collector, self._host, self._port)
        except TimeoutError:
            raise ConnectionLostError(f"{self._where}: no connection within {self._timeout_s:g} s") from None
        except OSError as error:
            # asyncio puts the address, which is known, in place of the reason
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
            raise ConnectionLostError(f"{self._where}: {reason}") from error
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport, self._collector, self.is_open = transport, collector, True

    async def close(self) -> None:
        """Drop the connection at once; nothing is flushed."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
            await asyncio.sleep(0)

    async def send(self, data: bytes, timeout_s: float) -> None:  # noqa: ARG002 - commands fit the socket buffer
        """Queue the bytes; commands are far smaller than the socket's buffer."""
        if self._transport is None or self._collector.lost is not None:
            raise ConnectionLostError(f"{self._where}: {self._collector.lost or 'not open'}")
        self._transport.write(data)

    async def receive(self, timeout_s: float) -> bytes:
        """What has arrived, waiting for the first byte if need be."""
        collector = self._collector
        if not collector.buffer and collector.lost is None:
            loop = asyncio.get_running_loop()
            collector.waiter = loop.create_future()
            # A timer on the future costs a quarter of what asyncio.timeout does, which shows at thousands of polls/s.
            timer = loop.call_later(timeout_s, collector.expire)
            try:
                await collector.waiter
            except TimeoutError:
                raise ExchangeTimeoutError(f"{self._where}: no reply within {timeout_s:.3g} s") from None
            finally:
                timer.cancel()
                collector.waiter = None
        if not collector.buffer:
            raise ConnectionLostError(f"{self._where}: {collector.lost}")
        return self.take_buffered()

    def take_buffered(self) -> bytes:
        """What has arrived so far, without waiting; empty when nothing has."""
        data = bytes(self._collector.buffer)
        self._collector.buffer.clear()
        return data

    async def discard_input(self) -> int:
        """Drop what is buffered."""
        return len(self.take_buffered())

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

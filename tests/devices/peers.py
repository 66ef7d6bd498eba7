"""The other side of a wire, played by hand: what arrives is compared byte by byte, what is sent is sent as it is."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from qkdctl.listening import end_listening

T = TypeVar("T")
PATIENCE_S = 3.0
#: What the other side expects to receive, and what it then sends; in pieces when a tuple.
Exchange = tuple[bytes, bytes | tuple[bytes, ...]]


class Peer:
    """What arrived and was not yet expected, and a way to send."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._arrived = asyncio.Event()
        self.address = ""

    def feed(self, data: bytes) -> None:
        self.received += data
        self._arrived.set()

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    async def expect(self, data: bytes) -> None:
        """Wait until exactly these bytes have arrived next."""
        async with asyncio.timeout(PATIENCE_S):
            while not bytes(self.received).startswith(data):
                assert data.startswith(bytes(self.received)), f"received {bytes(self.received)!r}, expected {data!r}"
                self._arrived.clear()
                await self._arrived.wait()
        del self.received[: len(data)]

    async def play(self, exchanges: Iterable[Exchange]) -> None:
        for sent, reply in exchanges:
            await self.expect(sent)
            for piece in (reply,) if isinstance(reply, bytes) else reply:
                self.send(piece)
                await asyncio.sleep(0)

    async def during(self, work: Coroutine[Any, Any, T], exchanges: Iterable[Exchange]) -> T:
        """Do the work while playing; no byte more may have been sent, none may be missing."""
        task = asyncio.create_task(work)
        try:
            await self.play(exchanges)
        except BaseException:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        try:
            return await task
        finally:
            assert not self.received, f"nobody expected {bytes(self.received)!r}"


class _Connection(asyncio.Protocol):
    def __init__(self, peer: "TcpPeer") -> None:
        self._peer = peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._peer.transports.append(transport)

    def data_received(self, data: bytes) -> None:
        self._peer.feed(data)


class TcpPeer(Peer):
    """Listens on a TCP port; sends on the newest connection."""

    def __init__(self) -> None:
        super().__init__()
        self.transports: list[asyncio.Transport] = []
        self.port = 0

    def send(self, data: bytes) -> None:
        self.transports[-1].write(data)

    def hang_up(self) -> None:
        self.transports[-1].abort()


@asynccontextmanager
async def tcp_peer() -> AsyncIterator[TcpPeer]:
    peer = TcpPeer()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(peer), "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    peer.address = f"tcp://127.0.0.1:{peer.port}"
    try:
        yield peer
    finally:
        await end_listening(server)
        for transport in peer.transports:
            transport.abort()
        await asyncio.sleep(0)


class SerialPeer(Peer):
    """A pseudo-terminal behind a link, which outlives the device it points to."""

    def __init__(self, link: Path) -> None:
        super().__init__()
        self._link = link
        self.address = f"serial://{link}"
        self._master = self._slave = -1

    def plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        self._link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._link.unlink()
            self._master = -1

    @property
    def tty(self) -> str:
        return os.ttyname(self._slave)

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def _read(self) -> None:
        try:
            self.feed(os.read(self._master, 4096))
        except BlockingIOError:
            return


@asynccontextmanager
async def serial_peer(folder: Path) -> AsyncIterator[SerialPeer]:
    peer = SerialPeer(folder / "port")
    peer.plug()
    try:
        yield peer
    finally:
        peer.unplug()

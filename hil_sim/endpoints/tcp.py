"""A simulated instrument on a TCP port."""

import asyncio
import socket
from collections.abc import Callable

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.faults import FaultPlan
from hil_sim.endpoints.line import Line
from qkdctl.clock import Clock
from qkdctl.listening import end_listening

# A client that asks and never reads is cut off beyond this many unsent bytes.
_UNSENT_LIMIT = 4 * 1024 * 1024


class TcpEndpoint:
    """A TCP server in front of one instrument; every connection holds a conversation of its own.

    While unplugged the port stays reserved but closed: connecting is refused and nobody else can take the port.
    """

    def __init__(
        self,
        name: str,
        instrument: Instrument,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        address_form: str = "tcp://{host}:{port}",
        seed: int = 0,
    ) -> None:
        """Prepare a server for `instrument`.

        Args:
            name: name of the instrument in its scenario.
            instrument: what answers.
            clock: paces delays.
            host: address to bind.
            port: TCP port; 0 takes a free one at the first start and keeps it.
            address_form: how `address` is written, with `{host}` and `{port}`.
            seed: of the fault plan.
        """
        self._name = name
        self._instrument = instrument
        self._clock = clock
        self._host = host
        self._port = port
        self._address_form = address_form
        self._faults = FaultPlan(clock, seed)
        self._reserved: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def name(self) -> str:
        """Name of the instrument in its scenario."""
        return self._name

    @property
    def address(self) -> str:
        """Where clients find it."""
        return self._address_form.format(host=self._host, port=self._port)

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start when none was given."""
        return self._port

    @property
    def faults(self) -> FaultPlan:
        """Faults between the instrument and the wire."""
        return self._faults

    @property
    def clients(self) -> int:
        """Connections that are open now."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: when the port is taken.
        """
        if self._server is not None:
            return
        listener = self._reserved or self._bind()
        self._reserved = None
        self._port = listener.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=listener)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._hang_up()
        await self._faults.close()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def unplug(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server is not None:
            await self._hang_up()
            self._reserved = self._bind()

    async def replug(self) -> None:
        """Listen again on the same port."""
        await self.start()

    def _bind(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise
        return listener

    def _accept(self) -> "_Connection":
        return _Connection(self, self._connections)

    def open_line(self, write: Callable[[bytes], None]) -> Line | None:
        """A line to the instrument for a new connection; none when the cable was pulled while it was accepted."""
        if self._server is None:
            return None
        return Line(self._instrument.converse(), write, self._faults, self._clock)

    async def _hang_up(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        await end_listening(server)
        leaving = [connection.abort() for connection in tuple(self._connections)]
        await asyncio.gather(*leaving)


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, endpoint: TcpEndpoint, peers: set["_Connection"]) -> None:
        self._endpoint = endpoint
        self._peers = peers
        self._lost = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._line: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "stream servers make stream transports"
        self._transport = transport
        self._line = self._endpoint.open_line(self._write)
        if self._line is None:
            transport.abort()
        else:
            self._peers.add(self)
            self._line.open()

    def data_received(self, data: bytes) -> None:
        if self._line is not None:
            self._line.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- a lost client is no error here
        self._peers.discard(self)
        if self._line is not None:
            self._line.close()
        self._lost.set()

    async def abort(self) -> None:
        """Break the connection without farewell."""
        assert self._transport is not None, "only open connections are known to the endpoint"
        assert self._line is not None, "a connection has its line from the start"
        self._transport.abort()
        await asyncio.gather(*self._line.close(), return_exceptions=True)
        await self._lost.wait()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None, "the line opens with the connection"
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNSENT_LIMIT:
            self._transport.abort()

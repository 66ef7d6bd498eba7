"""A simulated instrument that answers HTTP requests."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.faults import FaultPlan
from hil_sim.endpoints.http_wire import HttpInstrument, HttpWire
from qkdctl.clock import Clock
from qkdctl.listening import end_listening

_TURNS_TO_HANG_UP = 5


class HttpEndpoint:
    """An HTTP server in front of one instrument.

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
        seed: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare a server for `instrument`.

        Args:
            name: name of the instrument in its scenario.
            instrument: what answers.
            clock: paces delays.
            host: address to bind.
            port: TCP port; 0 takes a free one at the first start and keeps it.
            seed: of the fault plan.
            tls: how to serve HTTPS; None serves HTTP. What a client presented then stands in the state of the request
                as `certificate`, in the form of `ssl.SSLSocket.getpeercert`.

        Raises:
            TypeError: for an instrument that does not speak HTTP.
        """
        if not isinstance(instrument, HttpInstrument):
            raise TypeError(f"endpoint '{name}': a {type(instrument).__name__} does not speak HTTP")
        self._name = name
        self._host = host
        self._port = port
        self._tls = tls
        self._faults = FaultPlan(clock, seed)
        self._wire = HttpWire(instrument, self._faults, clock)
        self._reserved: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._cable = _Cable()

    @property
    def name(self) -> str:
        """Name of the instrument in its scenario."""
        return self._name

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def faults(self) -> FaultPlan:
        """Faults between the instrument and the wire."""
        return self._faults

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
        tls, cable = self._tls, _Cable()
        config = uvicorn.Config(
            self._wire,
            http=lambda **parts: _ClosableProtocol(cable, **parts),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        # Only the listening half of `serve`: neither its signal handlers nor its main loop are wanted here.
        await server.startup(sockets=[listener])
        self._server, self._cable = server, cable

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
        # asyncio turns Nagle's algorithm off for sockets of this protocol only; with it a response takes 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise
        return listener

    async def _hang_up(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        self._cable.plugged = False
        await end_listening(*server.servers)
        for connection in tuple(server.server_state.connections):
            connection.transport.abort()
        # Connections learn of their end in the next turns of the loop; requests under way must find them closed.
        for _ in range(_TURNS_TO_HANG_UP):
            await asyncio.sleep(0)
        await self._wire.abandon_requests()
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)


@dataclass(slots=True)
class _Cable:
    """What connections of one plugging in share."""

    plugged: bool = True


class _ClosableProtocol(H11Protocol):
    """HTTP whose application knows its client's certificate and can end the connection in the middle of a response."""

    def __init__(self, cable: _Cable, **parts: Any) -> None:
        super().__init__(**parts)
        self._cable = cable

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._cable.plugged:  # pulled in the middle of the handshake
            transport.abort()
        certificate = transport.get_extra_info("peercert")
        self.app_state = {**self.app_state, "close": transport.close, "certificate": certificate}

"""A proxy between MQTT clients and their broker that understands packets and lets chosen ones come to harm."""

import asyncio
import socket
from collections import Counter
from types import TracebackType
from typing import Self

from hil_sim.faults.delay_line import DelayLine
from hil_sim.faults.fault_list import FaultList
from hil_sim.faults.mqtt_contents import Connect, PublishReader
from hil_sim.faults.mqtt_faults import Dice, Direction, MqttFault, MqttFaultKind
from hil_sim.faults.mqtt_half import Half
from hil_sim.faults.mqtt_session import MqttSession, Streams
from hil_sim.faults.mqtt_swallowing import Swallower
from qkdctl.clock import Clock
from qkdctl.listening import end_listening

_HOST = "127.0.0.1"


class MqttProxy:
    """Listens on 127.0.0.1, in the clear; the broker may be anywhere. An asynchronous context manager.

    Without faults every byte passes, at most re-packed. A client whose broker cannot be reached is disconnected.

    Args:
        broker_host, broker_port: where the broker is.
        clock: measures delays and how long faults last.
        seed: fixes what happens to the n-th message of the m-th connection of a client id.
        port: to listen on; 0 takes a free one.

    Attributes:
        port: where clients connect.
        counts: messages by client id; see `Half`.
    """

    def __init__(self, broker_host: str, broker_port: int, clock: Clock, seed: int = 0, port: int = 0) -> None:
        self.port = port
        self.counts: dict[str, Counter[str]] = {}
        self._broker = (broker_host, broker_port)
        self._clock = clock
        self._seed = seed
        self._faults = FaultList(clock)
        self._connections: Counter[tuple[str, Direction]] = Counter()
        self._server: asyncio.Server | None = None
        self._sessions: set[MqttSession] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "only what was entered is left"
        await end_listening(self._server)
        self._cut(self._sessions)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def faults(self) -> list[MqttFault]:
        """Those that last now."""
        return self._faults.now()

    @property
    def clients(self) -> list[str]:
        """Client ids that are connected, sorted."""
        return sorted(session.client_id for session in self._sessions if session.client_id is not None)

    def fault(self, fault: MqttFault) -> None:
        """Let something go wrong from now on."""
        if fault.kind is MqttFaultKind.CUT:
            self._cut({session for session in self._sessions if fault.strikes_client(session.client_id or "")})
        if fault.kind is not MqttFaultKind.CUT or fault.seconds is not None:
            self._faults.add(fault)

    def clear(self, kind: MqttFaultKind | None = None) -> None:
        """End the faults of one kind, or all; packets that wait already stay late."""
        self._faults.clear(kind)

    def _cut(self, sessions: set[MqttSession]) -> None:
        for session in sessions:
            session.cut()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve((reader, writer)))
        self._tasks.add(task)

        def leave(task: asyncio.Task[None]) -> None:
            writer.transport.abort()
            self._tasks.discard(task)

        task.add_done_callback(leave)

    async def _serve(self, near: Streams) -> None:
        try:
            far = await asyncio.open_connection(*self._broker)
        except OSError:
            return
        for _, writer in (near, far):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = MqttSession(near, far, self._faults, self._half, self._clock)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def _half(self, connect: Connect, direction: Direction, onward: DelayLine, back: DelayLine) -> Half:
        client = connect.client_id
        self._connections[client, direction] += 1
        return Half(
            client=client,
            direction=direction,
            onward=onward,
            back=back,
            faults=self._faults,
            dice=Dice(self._seed, client, direction, self._connections[client, direction]),
            messages=PublishReader(connect.version),
            swallower=Swallower(),
            counts=self.counts.setdefault(client, Counter()),
        )

"""A simulated instrument on a ZeroMQ socket."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import zmq
import zmq.asyncio

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.faults import FaultKind, FaultPlan
from qkdctl.clock import Clock


class ZmqEndpoint:
    """A ROUTER socket in front of one instrument, for clients with REQ or DEALER sockets.

    Each message is a conversation of its own, answered by one message. A client that vanishes costs nothing: its answer
    goes nowhere. A message travels whole, so splitting and merging leave it alone.
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
    ) -> None:
        """Prepare a socket for `instrument`.

        Args:
            name: name of the instrument in its scenario.
            instrument: what answers.
            clock: paces delays.
            host: address to bind.
            port: TCP port; 0 takes a free one at the first start and keeps it.
            seed: of the fault plan.
        """
        self._name = name
        self._instrument = instrument
        self._clock = clock
        self._host = host
        self._port = port
        self._faults = FaultPlan(clock, seed)
        self._reserved: socket.socket | None = None
        self._context: zmq.asyncio.Context | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """Name of the instrument in its scenario."""
        return self._name

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"zmq+tcp://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        """The TCP port; 0 before the first start when none was given."""
        return self._port

    @property
    def faults(self) -> FaultPlan:
        """Faults between the instrument and the wire."""
        return self._faults

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: when the port is taken.
        """
        if self._context is not None:
            return
        self._release_port()
        context = zmq.asyncio.Context()
        router = context.socket(zmq.ROUTER)
        router.linger = 0
        try:
            router.bind(f"tcp://{self._host}:{self._port or '*'}")
        except zmq.ZMQError as error:
            context.destroy(linger=0)
            raise OSError(error.errno, f"cannot listen on {self._host}:{self._port}: {error}") from error
        bound = router.getsockopt_string(zmq.LAST_ENDPOINT)
        self._port = int(bound.rpartition(":")[2])
        self._context = context
        self._spawn(self._serve(router))

    async def stop(self) -> None:
        """Close the socket."""
        await self._hang_up()
        await self._faults.close()
        self._release_port()

    async def unplug(self) -> None:
        """Break every connection and refuse new ones."""
        if self._context is not None:
            await self._hang_up()
            self._reserve_port()

    async def replug(self) -> None:
        """Listen again on the same port."""
        await self.start()

    async def _serve(self, router: zmq.asyncio.Socket) -> None:
        while True:
            *envelope, message = await router.recv_multipart()
            await self._faults.flowing()
            replies = self._instrument.converse().received(message)
            delay_s = max((reply.delay_s for reply in replies), default=0.0)
            self._spawn(self._reply(router, envelope, b"".join(reply.data for reply in replies), delay_s))

    async def _reply(self, router: zmq.asyncio.Socket, envelope: list[bytes], data: bytes, delay_s: float) -> None:
        fault = self._faults.take()
        if fault is not None and fault.kind is FaultKind.DROP:
            return
        if fault is not None and fault.kind is FaultKind.GARBAGE:
            data = self._faults.noise(data)
        if fault is not None and fault.kind is FaultKind.LATE:
            delay_s += fault.delay_s
        if delay_s > 0:
            await self._clock.sleep(delay_s)
        await self._faults.flowing()
        await router.send_multipart([*envelope, data])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hang_up(self) -> None:
        if self._context is None:
            return
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        context, self._context = self._context, None
        context.destroy(linger=0)

    def _reserve_port(self) -> None:
        """Hold the port without listening, so that connecting is refused and nobody else takes it."""
        self._reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((self._host, self._port))

    def _release_port(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

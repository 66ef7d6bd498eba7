"""Faults between an HTTP server and the application behind it."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from hil_sim.endpoints.base import Conversation, Instrument
from hil_sim.endpoints.faults import FaultKind, FaultPlan
from qkdctl.clock import Clock

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response.

    Attributes:
        status: of the response.
        headers: without the length of the body.
        body: all of it.
        cut_at: bytes of the body after which the connection closes; None sends all.
    """

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    cut_at: int | None = None


class HttpInstrument(Instrument):
    """An instrument whose wire interface is an ASGI application."""

    @abstractmethod
    def application(self) -> Application:
        """What answers requests."""

    def deform(self, response: HttpResponse) -> HttpResponse:
        """What leaves the instrument in place of a response; a healthy one changes nothing."""
        return response

    def converse(self) -> Conversation:
        """Refuse: requests have no conversation."""
        raise TypeError(f"a {type(self).__name__} is reached by HTTP requests, not by a stream of bytes")


@dataclass(slots=True)
class _Recorder:
    """Takes the messages of an application for a client."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(k, v) for k, v in message.get("headers", ()) if k.lower() != b"content-length"]
        else:
            self.body += message.get("body", b"")

    def response(self) -> HttpResponse:
        return HttpResponse(self.status, tuple(self.headers), bytes(self.body))


class HttpWire:
    """An ASGI application that lets another answer and then does to the response what the fault plan says.

    A response is one reply of the plan. One that is dropped is never sent, and the client waits. Pieces and merging are
    matters of TCP: a split response goes out in pieces, merging leaves it alone.
    """

    def __init__(self, instrument: HttpInstrument, faults: FaultPlan, clock: Clock) -> None:
        """Stand before `instrument`."""
        self._instrument = instrument
        self._application = instrument.application()
        self._faults = faults
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless the cable is pulled meanwhile."""
        assert scope["type"] == "http", "the server serves neither websockets nor lifespan events"
        answering = asyncio.get_running_loop().create_task(self._answer(scope, receive, send))
        self._under_way.add(answering)
        try:
            await asyncio.wait({answering})
        finally:
            self._under_way.discard(answering)
        if not answering.cancelled():
            answering.result()

    async def abandon_requests(self) -> None:
        """Give up what is under way; the connections must be closed before."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._faults.flowing()
        recorder = _Recorder()
        await self._application(scope, receive, recorder.send)
        response = self._instrument.deform(recorder.response())
        fault = self._faults.take()
        pieces: tuple[bytes, ...] = (response.body,)
        gap_s = 0.0
        if fault is not None and fault.kind is FaultKind.DROP:
            await _until_disconnected(receive)
            return
        if fault is not None and fault.kind is FaultKind.LATE:
            await self._clock.sleep(fault.delay_s)
        if fault is not None and fault.kind is FaultKind.GARBAGE:
            pieces = (self._faults.noise(response.body),)
        if fault is not None and fault.kind is FaultKind.SPLIT:
            starts = range(0, len(response.body), fault.size)
            pieces = tuple(response.body[start : start + fault.size] for start in starts)
            gap_s = fault.delay_s
        await self._faults.flowing()
        if response.cut_at is not None:
            pieces = (response.body[: response.cut_at],)
        await self._transmit(response, pieces, gap_s, send)
        if response.cut_at is not None:
            scope["state"]["close"]()
            await _until_disconnected(receive)

    async def _transmit(self, response: HttpResponse, pieces: tuple[bytes, ...], gap_s: float, send: Send) -> None:
        headers = [*response.headers, (b"content-length", str(len(response.body)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if gap_s:
                await self._clock.sleep(gap_s)
        if response.cut_at is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

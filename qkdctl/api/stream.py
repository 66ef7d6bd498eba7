"""The HTTP side of live events."""

import asyncio
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qkdctl.api.hub import EventHub
from qkdctl.clock import Clock

_log = structlog.get_logger("qkdctl.api")
#: A reader that takes nothing for this long is dropped; what it missed waits under its Last-Event-ID.
STALL_S = 20.0


class EventStream(Response):
    """Sends a stream until it ends, the reader goes, or the reader takes nothing for `STALL_S`."""

    media_type = "text/event-stream"

    def __init__(self, hub: EventHub, clock: Clock, last_event_id: str | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._clock = clock
        self._last_event_id = last_event_id
        self._sending_since: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the response."""
        pump = asyncio.create_task(self._pump(send))
        stalled = asyncio.create_task(self._stalled())
        gone = asyncio.create_task(_disconnected(receive))
        tasks = (pump, stalled, gone)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if stalled.done():
                self._hub.counts.stalled += 1
                _log.info("an event stream is dropped, its reader takes nothing", peer=str(scope["state"]["peer"]))
                scope["state"]["abort"]()
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _pump(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._hub.stream(self._last_event_id)) as messages:
            async for message in messages:
                self._sending_since = self._clock.monotonic()
                await send({"type": "http.response.body", "body": message, "more_body": True})
                self._sending_since = None
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stalled(self) -> None:
        while self._sending_since is None or self._clock.monotonic() - self._sending_since < STALL_S:
            await self._clock.sleep(STALL_S / 4)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

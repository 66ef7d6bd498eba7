"""A served node in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from qkdctl.api.server import ApiServer
from qkdctl.api.settings import ApiSettings
from qkdctl.clock import RealClock
from tests.api.memory import MemoryFacade


@dataclass
class Served:
    facade: MemoryFacade
    loop: asyncio.AbstractEventLoop
    settings: ApiSettings

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the thread of the server."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (function(), done.set()))
        assert done.wait(5)


@contextmanager
def served(facade: MemoryFacade, settings: ApiSettings) -> Iterator[Served]:
    """Serve until the block ends."""
    started = threading.Event()
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        server = ApiServer(facade, settings, RealClock())
        await server.start()
        loops.append(asyncio.get_running_loop())
        started.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10), "the server did not start"
        yield Served(facade, loops[0], settings)
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)

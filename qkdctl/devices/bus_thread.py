"""One thread per physical bus for blocking calls; a call that never returns costs that thread and nothing else."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from qkdctl.devices.errors import BusStuckError

T = TypeVar("T")
_QUEUE_LIMIT = 64
_IDLE_S = 10.0
Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class BusThread:
    """Runs blocking calls one after another on a thread of its own.

    The thread is a daemon thread and is not joined when stuck: nothing can interrupt a C call, and neither other buses
    nor the end of the process may wait for it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._jobs: queue.Queue[Job | None] = queue.Queue(_QUEUE_LIMIT)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.abandoned = 0

    async def call(self, function: Callable[[], T], timeout_s: float) -> T:
        """Run a blocking function on the thread of the bus.

        Args:
            function: must have its own time-out below `timeout_s`.
            timeout_s: after this the thread is given up and a later call starts a new one.

        Raises:
            BusStuckError: the function did not return, or too many calls already wait.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit((function, future, loop))
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(future)
        except TimeoutError:
            future.cancel()
            self._abandon()
            raise BusStuckError(
                f"bus {self.name}: a call did not return within {timeout_s:.3g} s; its thread was abandoned"
            ) from None

    def stop(self) -> None:
        """Let the thread end after the calls already queued."""
        with self._lock:
            if self._thread is not None:
                self._jobs.put(None)
                self._thread = None
                self._jobs = queue.Queue(_QUEUE_LIMIT)

    def _submit(self, job: Job) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=_work, args=(self._jobs,), name=f"bus {self.name}", daemon=True)
                self._thread.start()
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                raise BusStuckError(f"bus {self.name}: {_QUEUE_LIMIT} calls wait already") from None

    def _abandon(self) -> None:
        with self._lock:
            self.abandoned += 1
            self._jobs.put(None)
            self._thread = None
            self._jobs = queue.Queue(_QUEUE_LIMIT)


def _work(jobs: "queue.Queue[Job | None]") -> None:
    while (job := jobs.get()) is not None:
        function, future, loop = job
        if future.cancelled():
            continue
        try:
            result, error = function(), None
        except BaseException as caught:  # noqa: BLE001 - carried to the caller
            result, error = None, caught
        try:
            loop.call_soon_threadsafe(_deliver, future, result, error)
        except RuntimeError:
            return


def _deliver(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


class Buses:
    """The bus threads of one node, by physical bus."""

    def __init__(self) -> None:
        self._threads: dict[str, BusThread] = {}

    def thread(self, key: str) -> BusThread:
        """The one thread of this bus."""
        return self._threads.setdefault(key, BusThread(key))

    def stop(self) -> None:
        """Let all idle threads end."""
        for thread in self._threads.values():
            thread.stop()

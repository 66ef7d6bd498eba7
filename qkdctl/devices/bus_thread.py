"""One thread per physical bus for blocking calls; a call that never returns costs that thread and nothing else."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from qkdctl.devices.errors import BusStuckError

T = TypeVar("T")
_CALLS_LIMIT = 64
_IDLE_S = 10.0
Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class BusThread:
    """Runs blocking calls one after another on a thread of its own.

    The thread is a daemon thread and is not joined when stuck: nothing can interrupt a C call, and neither other buses
    nor the end of the process may wait for it. It starts with the first call and ends when idle.

    Attributes:
        abandoned: how many threads were given up because a call did not return.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.abandoned = 0
        self._worker: _Worker | None = None

    async def call(self, function: Callable[[], T], timeout_s: float) -> T:
        """Run a blocking function on the thread of the bus, after the calls that already wait for it.

        Args:
            function: must have its own time-out below `timeout_s`.
            timeout_s: for this call alone; the calls before it are given their own on top.

        Raises:
            BusStuckError: a call did not return, this one or one before it; the next call starts a new thread. Or too
                many calls already wait.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_retrieve)
        worker, allowance_s = self._submit((function, future, loop), timeout_s)
        done, _ = await asyncio.wait({future}, timeout=allowance_s)
        if not done:
            self._abandon(worker, f"bus {self.name}: a call did not return within {allowance_s:.3g} s")
        return future.result()

    def _submit(self, job: Job, timeout_s: float) -> tuple["_Worker", float]:
        while self._worker is None or (allowance_s := self._worker.take(job, timeout_s)) is None:
            self._worker = _Worker(self.name)
        return self._worker, allowance_s

    def _abandon(self, worker: "_Worker", reason: str) -> None:
        """Give up a thread, and every call that waits for it."""
        if self._worker is worker:
            self._worker = None
            self.abandoned += 1
        worker.fail_all(reason)


class _Worker:
    """A thread and the calls that wait for it."""

    def __init__(self, bus: str) -> None:
        self._bus = bus
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting: dict[asyncio.Future[Any], float] = {}
        self._lock = threading.Lock()
        self._ended = False
        threading.Thread(target=self._work, name=f"bus {bus}", daemon=True).start()

    def take(self, job: Job, timeout_s: float) -> float | None:
        """Queue a call; returns the seconds that it and those before it may take, or None when the thread has ended."""
        with self._lock:
            if self._ended:
                return None
            if len(self._waiting) >= _CALLS_LIMIT:
                raise BusStuckError(f"bus {self._bus}: {_CALLS_LIMIT} calls wait already")
            allowance_s = timeout_s + sum(self._waiting.values())
            future = job[1]
            self._waiting[future] = timeout_s
            future.add_done_callback(self._waiting.pop)
            self._jobs.put(job)
            return allowance_s

    def fail_all(self, reason: str) -> None:
        """End every call with this error, and the thread as soon as it comes back."""
        self._jobs.put(None)
        for future in list(self._waiting):
            if not future.done():
                future.set_exception(BusStuckError(reason))

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)
            del job  # while idle, keep neither results nor errors alive

    def _do(self, job: Job) -> None:
        function, future, loop = job
        if future.done():
            return
        result, error = None, None
        try:
            result = function()
        except BaseException as caught:  # noqa: BLE001 - carried to the caller
            error = caught
        try:
            loop.call_soon_threadsafe(_deliver, future, result, error)
        except RuntimeError:  # the loop of the caller is closed
            self._waiting.pop(future, None)

    def _next(self) -> Job | None:
        try:
            return self._jobs.get(timeout=_IDLE_S)
        except queue.Empty:
            pass
        with self._lock:
            self._ended = self._jobs.empty()
            return None if self._ended else self._jobs.get()


def _deliver(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _retrieve(future: "asyncio.Future[Any]") -> None:
    """Whoever called may have been cancelled; an error that nobody waits for is no news."""
    if not future.cancelled():
        future.exception()


class Buses:
    """The bus threads of one process, by physical bus."""

    def __init__(self) -> None:
        self._threads: dict[str, BusThread] = {}

    def thread(self, key: str) -> BusThread:
        """The one thread of this bus."""
        return self._threads.setdefault(key, BusThread(key))

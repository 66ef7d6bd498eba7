"""Processes that work for this one, and end with it however it ends."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

_LEFT_ALONE: Final = 1


def cores() -> int:
    """How many cores this process may use; all of the machine where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """For the main thread of a command: meanwhile SIGTERM does what Ctrl-C does."""
    # not by raising SIGINT, which a shell has what it runs in the background ignore
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def workers(count: int, *, finish: bool) -> Iterator[ProcessPoolExecutor]:
    """An executor of so many processes. For the main thread of a command: meanwhile SIGTERM does what Ctrl-C does.

    Args:
        count: of processes.
        finish: whether tasks under way come to their end after an interruption; otherwise they are cut short.
    """
    # a fork would take over threads of this process half way
    context = get_context("spawn")
    executor = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(finish,))
    with interrupted_by_sigterm():
        try:
            try:
                yield executor
            except Exception:
                executor.shutdown(cancel_futures=True)  # what runs comes to its end, unless that is interrupted, too
                raise
        except KeyboardInterrupt:
            for process in () if finish else active_children():
                process.terminate()
            raise
        finally:
            executor.shutdown(cancel_futures=True)


def _begin(finish: bool) -> None:
    if finish:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes at once
    Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End this process, whatever it does, once its parent has ended; waits for that, so run it in a thread.

    A parent that was killed cannot tell, and a worker would wait for ever for its next task.
    """
    parent = parent_process()
    assert parent is not None, "workers have a parent"
    wait([parent.sentinel])
    os._exit(_LEFT_ALONE)

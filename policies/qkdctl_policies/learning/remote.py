"""Objects that live in processes of their own and do what they are told while others work."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Thread, current_thread, main_thread
from traceback import format_exc
from types import TracebackType
from typing import Any, Final, Self

from qkdctl_policies.learning.config import TrainingError
from qkdctl_policies.workers import end_with_parent

_LAST_WORDS_S: Final = 5.0


class Remote:
    """One object per process. What they answer is a function of what they are told, whichever is faster.

    Args:
        build: a function or class of a module, which makes the object of a process.
        arguments: of it, one entry per process.
        hint: what helps when a process ends, for want of memory perhaps.

    Raises:
        TrainingError: in a process that may start none.
    """

    def __init__(self, build: Callable[..., object], arguments: Sequence[tuple[Any, ...]], hint: str) -> None:
        if arguments and current_process().daemon:
            raise TrainingError(
                "this training starts processes, which this one may not, as it is a daemonic one itself; under Dask "
                "set distributed.worker.daemon to false"
            )
        self._hint = hint
        self._connections: list[Connection] = []
        self._processes: list[SpawnProcess] = []
        self._due = False
        try:
            for own in arguments:
                self._start(build, own)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The processes run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self.close()

    def close(self) -> None:
        """End the processes; they hold nothing that lasts."""
        for process in self._processes:
            process.kill()
        for connection, process in zip(self._connections, self._processes, strict=True):
            process.join()
            connection.close()

    def tell(self, method: Callable[..., object], calls: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> None:
        """Have each call a method of its object; they do it while others work.

        Args:
            method: of the class, not of an object.
            calls: arguments by position and by name, one entry per process.

        Raises:
            TrainingError: when one of the processes has died.
        """
        assert not self._due, "nobody asks again before the answers are there, or after a call that was interrupted"
        self._due = True
        for number, (connection, (given, named)) in enumerate(zip(self._connections, calls, strict=True)):
            try:
                connection.send((method, given, named))
            except OSError:
                raise self._death_of(number) from None

    def answers(self) -> list[Any]:
        """What the last calls came to, process by process; waits for the slowest.

        Raises:
            TrainingError: when one of the processes has died, or failed.
        """
        found = []
        for number, connection in enumerate(self._connections):
            try:
                failure, answer = connection.recv()
            except (EOFError, OSError):
                raise self._death_of(number) from None
            if failure:
                raise TrainingError(f"playing networks failed in process {number + 1} beside this one:\n{failure}")
            found.append(answer)
        self._due = False
        return found

    def _start(self, build: Callable[..., object], own: tuple[Any, ...]) -> None:
        # a fork would take over threads of this process half way
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, build, own), daemon=True)
        with _interruptions_ignored():
            process.start()
        theirs.close()
        self._connections.append(ours)
        self._processes.append(process)

    def _death_of(self, number: int) -> TrainingError:
        process = self._processes[number]
        process.join(_LAST_WORDS_S)
        return TrainingError(
            f"process {number + 1} of {len(self._connections)} beside this one, which play networks, has ended (exit "
            f"status {process.exitcode}): killed, or short of memory? The training goes on from its checkpoint with "
            f"--resume; {self._hint}"
        )


@contextmanager
def _interruptions_ignored() -> Iterator[None]:
    """A terminal sends SIGINT to all processes at once; those started meanwhile ignore it from their first moment."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(connection: Connection, build: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """What a process does until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=end_with_parent, daemon=True).start()
    served: object = None
    try:
        while True:
            method, given, named = connection.recv()
            try:
                served = build(*arguments) if served is None else served
                answer = "", method(served, *given, **named)
            except Exception:  # noqa: BLE001 - told to the process that learns, which ends the training
                answer = format_exc(), None
            connection.send(answer)
    except (EOFError, OSError):
        return

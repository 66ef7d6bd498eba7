"""Processes in which groups of networks play, so that a policy learns from more of them than one core can run."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from threading import Thread, current_thread, main_thread
from traceback import format_exc
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from qkdctl_policies.learning.acting import Acted, Acting
from qkdctl_policies.learning.config import TrainingConfig, TrainingError
from qkdctl_policies.learning.q_network import QNetwork
from qkdctl_policies.workers import end_with_parent

_LAST_WORDS_S: Final = 5.0
_EXPLORING: Final = 0xAC7
"""Sets the streams of exploration apart from those of weather and of the replay."""
Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Round:
    """What all groups are to do next: some epochs of one episode.

    Attributes:
        batch, visit: which episode; its first round begins it.
        first: whether this is its first round.
        progress: share of the training that is over.
        weights: of the policy.
    """

    batch: int
    visit: int
    first: bool
    progress: float
    weights: Weights


class Actors:
    """One process per group. What they do is a function of the rounds they are given, whichever is faster.

    Args:
        config, seed: of the training.

    Raises:
        TrainingError: in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        # a fork would take over threads of this process half way
        if current_process().daemon:
            raise TrainingError(
                "[actors] starts processes, which this one may not, as it is a daemonic one itself; under Dask set "
                "distributed.worker.daemon to false"
            )
        context = get_context("spawn")
        self._connections: list[Connection] = []
        self._processes = []
        for group in range(config.actors.processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, config, seed, group), daemon=True)
            with _interruptions_ignored():
                process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        """The processes run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them; they hold nothing that lasts."""
        for connection, process in zip(self._connections, self._processes, strict=True):
            connection.close()
            process.terminate()
            process.join()

    def begin(self, order: Round) -> None:
        """Tell all groups what to do; they do it while others work.

        Raises:
            TrainingError: when one of the processes has died.
        """
        for group, connection in enumerate(self._connections):
            try:
                connection.send(order)
            except OSError:
                raise self._death_of(group) from None

    def results(self) -> list[Acted]:
        """What came of the last round, by group and epoch; waits for the slowest.

        Raises:
            TrainingError: when one of the processes has died, or failed.
        """
        found: list[Acted] = []
        for group, connection in enumerate(self._connections):
            try:
                result = connection.recv()
            except (EOFError, OSError):
                raise self._death_of(group) from None
            if isinstance(result, str):
                raise TrainingError(f"playing networks failed in process {group + 1}:\n{result}")
            found += result
        return found

    def _death_of(self, group: int) -> TrainingError:
        process = self._processes[group]
        process.join(_LAST_WORDS_S)
        return TrainingError(
            f"process {group + 1} of the {len(self._connections)} that play networks has ended (exit status "
            f"{process.exitcode}): killed, or short of memory? The training goes on from its checkpoint with --resume; "
            "fewer [environment] networks need less memory, but make another training"
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


def _serve(connection: Connection, config: TrainingConfig, seed: int, group: int) -> None:
    """What a process does until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    troupe = _Group(config, seed, group)
    try:
        while True:
            order: Round = connection.recv()
            try:
                answer: object = troupe.play(order)
            except Exception:  # noqa: BLE001 - told to the process that learns, which ends the training
                answer = format_exc()
            connection.send(answer)
    except (EOFError, OSError):
        return


class _Group:
    """One group of networks; those of the next batch replace it."""

    def __init__(self, config: TrainingConfig, seed: int, group: int) -> None:
        self._config, self._seed, self._group = config, seed, group
        self._network = QNetwork(config.learner.hidden)
        self._batch = -1
        self._rng = np.random.default_rng(0)

    def play(self, order: Round) -> list[Acted]:
        """Some epochs of all its networks."""
        if order.batch != self._batch:
            self._acting = Acting(self._config, self._seed, order.batch, self._group)
            self._batch = order.batch
        if order.first:
            self._acting.begin(order.visit)
            self._rng = np.random.default_rng((_EXPLORING, self._seed, order.batch, order.visit, self._group))
        self._network.load_state_dict({name: torch.from_numpy(part) for name, part in order.weights.items()})
        return [self._thinned(self._act(order.progress)) for _ in range(self._config.actors.epochs)]

    def _act(self, progress: float) -> Acted:
        return self._acting.act(self._network.values, progress, self._rng)

    def _thinned(self, acted: Acted) -> Acted:
        """With that share of the transitions that is kept."""
        whole = acted.transitions
        if whole is None:
            return acted
        kept = np.flatnonzero(self._rng.random(whole.action.size) < self._config.actors.kept)
        return Acted(whole.rows(kept), acted.reward, acted.links)

"""The networks of a training dealt out to processes: the more there are the sooner it is over, with the same result."""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.jury import Jury, Scores
from qkdctl_policies.learning.lessons import Lessons
from qkdctl_policies.learning.remote import Remote
from qkdctl_policies.learning.stage import Scene, Stage


class Share:
    """What one process has of the networks, to rehearse on and to choose by; built when they are needed first.

    Args:
        config, seed: of the training.
        number, count: which of so many shares.
    """

    def __init__(self, config: TrainingConfig, seed: int, number: int, count: int) -> None:
        self._config, self._number, self._count = config, number, count
        self._stage = Stage(config, seed, number, count)

    def begin(self, batch: int, visit: int, guided: bool) -> Scene:
        """See Stage."""
        return self._stage.begin(batch, visit, guided=guided)

    def step(self, chosen: NDArray[np.int64]) -> Scene:
        """See Stage."""
        return self._stage.step(chosen)

    def lessons(self) -> Lessons:
        """See Stage."""
        return self._stage.lessons()

    def scores_of(self, data: bytes) -> Scores:
        """See Jury."""
        return self._jury.of_file(data)

    def scores_of_references(self) -> dict[str, Scores]:
        """See Jury."""
        return self._jury.of_references()

    @cached_property
    def _jury(self) -> Jury:
        return Jury(self._config, self._number, self._count)


class Shares:
    """All shares: the first one here, each of the others in a process of its own.

    Args:
        config, seed: of the training.
        processes: this one included; no more than there are networks are used.

    Raises:
        TrainingError: for more than one in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, seed: int, processes: int) -> None:
        fixed = len(config.environment.scenarios) * config.selection.networks
        count = max(min(processes, config.environment.networks, fixed), 1)
        self._here = Share(config, seed, 0, count)
        self._remote = Remote(Share, [(config, seed, number, count) for number in range(1, count)])
        self.count = count

    def __enter__(self) -> Self:
        """The processes run."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the others."""
        self._remote.__exit__(kind, error, trace)

    def all(self, method: str, *arguments: Any) -> list[Any]:
        """What a method of every share gives, called alike.

        Raises:
            TrainingError: when another process has died, or failed.
        """
        return self.each(method, [arguments] * self.count)

    def each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What a method of every share gives, each called with arguments of its own.

        Raises:
            TrainingError: when another process has died, or failed.
        """
        self._remote.tell(method, arguments[1:])
        return [getattr(self._here, method)(*arguments[0]), *self._remote.answers()]

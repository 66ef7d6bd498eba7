"""Which state of the learner is the best: its exported files go to a jury, which plays while the learner goes on."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, TypeVar, TypeVarTuple

from qkdctl_policies.learning.config import TrainingConfig, TrainingError
from qkdctl_policies.learning.jury import Jury
from qkdctl_policies.learning.remote import Remote

_PATIENCE: Final = 5
"""By how much a jury that gives way is nicer: where cores are short it has a third of what each other process has."""
Given = TypeVarTuple("Given")
Answer = TypeVar("Answer")


class Selection:
    """A jury, asked for one thing after the other.

    What it says does not depend on where it plays. When a process of its own dies, or fails, that is a TrainingError
    for whoever wants to know what it would have said, then and later on.

    Args:
        config: of the training.
        beside: whether it has a process of its own; otherwise it plays here, while whoever asks waits.

    Raises:
        TrainingError: in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, *, beside: bool) -> None:
        self._config = config
        self._beside = Remote(Jury, [(config,)], "with fewer --jobs it needs less memory") if beside else None
        self._line = ThreadPoolExecutor(1, "selection")
        self._references: Future[dict[str, float]] | None = None
        self._failure: TrainingError | None = None

    def __enter__(self) -> Self:
        """The jury is there."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, whatever it was asked."""
        self._line.shutdown(wait=False, cancel_futures=True)
        if self._beside is not None:
            self._beside.close()
        self._line.shutdown()

    def score(self, data: bytes) -> Future[float]:
        """Reward per epoch of a policy file, see `Jury`."""
        return self._ask(Jury.score, data)

    def references(self) -> Future[dict[str, float]]:
        """The same of those who have not learned, who play once."""
        if self._references is None:
            self._references = self._ask(Jury.references)
        return self._references

    def give_way(self) -> None:
        """From now on a jury in a process of its own has what others leave it of the cores."""
        if self._beside is not None:
            self._ask(_give_way)

    def _ask(self, method: Callable[[Jury, *Given], Answer], *given: *Given) -> Future[Answer]:
        beside = self._beside
        if beside is not None:
            return self._line.submit(lambda: self._answer(beside, method, given))
        done: Future[Answer] = Future()
        done.set_result(method(self._here, *given))
        return done

    def _answer(self, beside: Remote, method: Callable[..., Answer], given: tuple[Any, ...]) -> Answer:
        """For the thread that waits for the process, which has one order at a time."""
        if self._failure is not None:
            raise self._failure
        try:
            beside.tell(method, [(given, {})])
            (answer,) = beside.answers()
        except TrainingError as error:
            self._failure = error
            raise
        return answer

    @cached_property
    def _here(self) -> Jury:
        return Jury(self._config)


def _give_way(_: Jury) -> None:
    """For the process of a jury."""
    os.nice(_PATIENCE)

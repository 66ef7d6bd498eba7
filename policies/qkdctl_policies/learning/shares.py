"""The networks of a training dealt out to processes: the more there are the sooner it is over, with the same result."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.jury import Jury, Scores
from qkdctl_policies.learning.remote import Remote
from qkdctl_policies.learning.stage import Stage

Given = ParamSpec("Given")
One = TypeVar("One")
Answer = TypeVar("Answer")


class Share(Stage):
    """What one process has of the networks: a stage to rehearse on, and some of those to choose by.

    Args:
        config, seed: of the training.
        share, shares: which of so many, counted from 0.
    """

    def __init__(self, config: TrainingConfig, seed: int, share: int, shares: int) -> None:
        super().__init__(config, seed, share, shares)
        self._share, self._juries = share, min(shares, len(config.environment.scenarios) * config.selection.networks)

    def scores_of(self, data: bytes) -> Scores | None:
        """See `Jury.of_file`; None where there are fewer networks to choose by than shares, and none is left."""
        return None if self._jury is None else self._jury.of_file(data)

    def scores_of_references(self) -> dict[str, Scores] | None:
        """See `Jury.of_references`; None likewise."""
        return None if self._jury is None else self._jury.of_references()

    @cached_property
    def _jury(self) -> Jury | None:
        return Jury(self._config, self._share, self._juries) if self._share < self._juries else None


class Shares(Remote):
    """All shares: the first one here, each of the others in a process of its own.

    Args:
        config, seed: of the training.
        processes: this one included; no more than there are networks are used.

    Raises:
        TrainingError: for more than one in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, seed: int, processes: int) -> None:
        self.count = max(min(processes, config.environment.networks), 1)
        self._here = Share(config, seed, 0, self.count)
        beside = [(config, seed, number, self.count) for number in range(1, self.count)]
        super().__init__(Share, beside, "with fewer --jobs it needs less memory")

    def all(
        self, method: Callable[Concatenate[Share, Given], Answer], *given: Given.args, **named: Given.kwargs
    ) -> list[Answer]:
        """What a method of every share gives, called alike.

        Raises:
            TrainingError: when another process has died, or failed.
        """
        return self._each(method, [(given, named)] * self.count)

    def each(self, method: Callable[[Share, One], Answer], given: Sequence[One]) -> list[Answer]:
        """What a method of every share gives, each called with its own of these.

        Raises:
            TrainingError: when another process has died, or failed.
        """
        return self._each(method, [((own,), {}) for own in given])

    def _each(
        self, method: Callable[..., Answer], calls: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]
    ) -> list[Answer]:
        self.tell(method, calls[1:])
        given, named = calls[0]
        return [method(self._here, *given, **named), *self.answers()]

"""The networks of rehearsals dealt out to processes: the more there are the sooner it is over, with the same result."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from qkdctl_policies.learning.config import TrainingConfig
from qkdctl_policies.learning.remote import Remote
from qkdctl_policies.learning.stage import Stage

Given = ParamSpec("Given")
One = TypeVar("One")
Answer = TypeVar("Answer")


class Shares(Remote):
    """All shares: the first one here, each of the others in a process of its own.

    Args:
        config, seed: of the training.
        processes: this one included; no more than there are networks are used, and one where nobody rehearses.

    Raises:
        TrainingError: for more than one in a process that may start none.
    """

    def __init__(self, config: TrainingConfig, seed: int, processes: int) -> None:
        most = config.environment.networks if config.foresight.horizon else 1
        self.count = max(min(processes, most), 1)
        self._here = Stage(config, seed, 0, self.count)
        beside = [(config, seed, number, self.count) for number in range(1, self.count)]
        super().__init__(Stage, beside, "with fewer --jobs it needs less memory")

    def all(
        self, method: Callable[Concatenate[Stage, Given], Answer], *given: Given.args, **named: Given.kwargs
    ) -> list[Answer]:
        """What a method of every share gives, called alike.

        Raises:
            TrainingError: when another process has died, or failed.
        """
        return self._each(method, [(given, named)] * self.count)

    def each(self, method: Callable[[Stage, One], Answer], given: Sequence[One]) -> list[Answer]:
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

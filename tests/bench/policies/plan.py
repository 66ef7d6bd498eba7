"""How much is measured."""

from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Attributes:
        links: batch sizes.
        calls: timed calls of each contender, batch size and round.
        rounds: in which the contenders take turns.
        swaps: policies vetted, loaded and warmed, one after the other, per round.
    """

    links: tuple[int, ...]
    calls: int
    rounds: int
    swaps: int

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


QUICK: Final = Plan(links=(1, 64, 1000), calls=300, rounds=3, swaps=5)
FULL: Final = Plan(links=(1, 64, 1000), calls=3000, rounds=9, swaps=20)

"""How much is measured."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.bench.policies.learning_order import Order


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Attributes:
        links: batch sizes.
        calls: timed calls of each contender, batch size and round.
        rounds: in which the contenders take turns.
        order: what every learner does, once per lesson.
        lessons: rounds of learning.
        swaps: policies vetted, loaded and warmed, one after the other, per round.
    """

    links: tuple[int, ...]
    calls: int
    rounds: int
    swaps: int
    order: Order
    lessons: int

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


QUICK: Final = Plan(links=(1, 64, 1000), calls=300, rounds=3, swaps=5, order=Order(16, 50, 4, 512, 2_000, 1), lessons=1)
FULL: Final = Plan(
    links=(1, 64, 1000), calls=3000, rounds=9, swaps=20, order=Order(64, 200, 4, 512, 20_000, 1), lessons=3
)

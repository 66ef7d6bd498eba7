"""Which seeds a campaign runs."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lot:
    """Seeds 0 to `seeds` - 1 of one size.

    Attributes:
        colluders: with one liar too many.
    """

    nodes: int
    faults: int
    seeds: int
    colluders: bool = False

    @property
    def name(self) -> str:
        """N, f, and whether somebody lies too many."""
        return f"N = {self.nodes}, f = {self.faults}" + (", f + 1 liars" if self.colluders else "")


LOTS = (
    Lot(4, 1, 10_000),
    Lot(7, 2, 3_000),
    Lot(10, 3, 1_000),
    Lot(5, 1, 1_000),
    Lot(1, 0, 100),
    Lot(4, 1, 500, colluders=True),
    Lot(5, 1, 300, colluders=True),
    Lot(7, 2, 200, colluders=True),
)


def in_turn() -> Iterator[tuple[Lot, int]]:
    """All seeds, so that all lots come to their end together."""
    marked = [((seed + 0.5) / lot.seeds, number, seed) for number, lot in enumerate(LOTS) for seed in range(lot.seeds)]
    for _, number, seed in sorted(marked):
        yield LOTS[number], seed

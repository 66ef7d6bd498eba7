"""Between the flat tables of a stack of networks and one padded table per network."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.network import Stack

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Padding:
    """Where rows of flat tables lie in padded ones.

    Attributes:
        shape: of the padded tables before the axis of columns.
        places: flat place of each row there, shape (rows,).
    """

    shape: tuple[int, ...]
    places: Indices

    @classmethod
    def of_links(cls, stack: Stack) -> Self:
        """Padded to (networks, most links)."""
        return cls._of(stack.network_of_link, _starts(stack.links_of), len(stack.networks))

    @classmethod
    def of_demands(cls, stack: Stack) -> Self:
        """Padded to (networks, most demands)."""
        return cls._of(stack.network_of_demand, _starts(stack.demands_of), len(stack.networks))

    @classmethod
    def of_routes(cls, stack: Stack) -> Self:
        """Padded to (networks, most demands, most candidates)."""
        choices = stack.routes.choices()
        demands = cls.of_demands(stack)
        most = int(choices.max(initial=1))
        demand = np.repeat(np.arange(choices.size), choices)
        rank = np.arange(demand.size) - stack.routes.demand_offsets[:-1][demand]
        return cls((*demands.shape, most), demands.places[demand] * most + rank)

    @classmethod
    def _of(cls, owner: Indices, starts: Indices, networks: int) -> Self:
        most = int(np.bincount(owner, minlength=networks).max(initial=1))
        return cls((networks, most), owner * most + np.arange(owner.size) - starts[owner])

    def spread(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The padded table, zeros where there are no rows."""
        table = np.zeros((int(np.prod(self.shape)), *rows.shape[1:]), dtype=rows.dtype)
        table[self.places] = rows
        return table.reshape(*self.shape, *rows.shape[1:])

    def gather(self, table: NDArray[Any]) -> NDArray[Any]:
        """The rows of a padded table."""
        return np.asarray(table.reshape(-1, *table.shape[len(self.shape) :])[self.places])

    def mask(self) -> NDArray[np.int8]:
        """1 where there is a row, shape as padded."""
        return self.spread(np.ones(self.places.size, dtype=np.int8))


def _starts(slices: tuple[slice, ...]) -> Indices:
    return np.array([part.start for part in slices], dtype=np.int64)

"""A way through the network."""

from dataclasses import dataclass
from typing import Self

from qkdctl.routing.topology import Topology


@dataclass(frozen=True, slots=True)
class Path:
    """A loop-free path.

    Attributes:
        nodes: from source to target.
        links: one between each node and the next.
        cost: sum of the links' costs.
    """

    nodes: tuple[str, ...]
    links: tuple[str, ...]
    cost: int

    @classmethod
    def along(cls, topology: Topology, source: int, links: list[int]) -> Self:
        """The path from a node over links, given by their positions."""
        nodes = [topology.nodes[source].name]
        for link in links:
            one, two = topology.links[link].ends
            nodes.append(two if nodes[-1] == one else one)
        chosen = [topology.links[link] for link in links]
        return cls(tuple(nodes), tuple(link.name for link in chosen), sum(link.cost for link in chosen))

    @property
    def relays(self) -> tuple[str, ...]:
        """Nodes between the ends: those who could read or change what is sent along."""
        return self.nodes[1:-1]

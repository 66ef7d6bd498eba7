"""The key network as a graph: who is linked to whom, at what cost, and who may pass keys on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

MAX_COST = 2**31 - 1


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A node.

    Attributes:
        name: unique among the nodes.
        relays: whether keys of others may pass through it; if not, it can only be an end.
    """

    name: str
    relays: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A link that makes key between two nodes, for either direction.

    Attributes:
        name: unique among the links.
        ends: the two nodes.
        cost: what a path pays for it, 0 to 2^31 - 1.

    Raises:
        ValueError: for a loop, or a cost out of range.
    """

    name: str
    ends: tuple[str, str]
    cost: int = 1

    def __post_init__(self) -> None:
        if self.ends[0] == self.ends[1]:
            raise ValueError(f"link {self.name} must join two nodes, got {self.ends[0]} twice")
        if not 0 <= self.cost <= MAX_COST:
            raise ValueError(f"the cost of link {self.name} must be 0 to {MAX_COST}, got {self.cost}")


@dataclass(frozen=True)
class Topology:
    """Nodes and links, each sorted by name; parallel links are allowed. See `of` to build one from any order.

    Raises:
        ValueError: for names that are not sorted and unique, or a link to an unknown node.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    def __post_init__(self) -> None:
        _check_names([node.name for node in self.nodes], "nodes")
        _check_names([link.name for link in self.links], "links")
        for link in self.links:
            for end in link.ends:
                if end not in self.node_index:
                    raise ValueError(f"link {link.name} ends at {end}, which is no node")

    @classmethod
    def of(cls, nodes: Iterable[Node], links: Iterable[Link]) -> Self:
        """A topology from nodes and links in any order."""
        return cls(tuple(sorted(nodes)), tuple(sorted(links)))

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Position of each node."""
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def link_index(self) -> dict[str, int]:
        """Position of each link."""
        return {link.name: i for i, link in enumerate(self.links)}

    def without(self, *, nodes: Collection[str] = (), links: Collection[str] = ()) -> Self:
        """What is left when some nodes (distrusted, with all their links) and links (dead, without key) are not used.

        Raises:
            ValueError: for an unknown name.
        """
        if unknown := sorted({*nodes} - self.node_index.keys()) + sorted({*links} - self.link_index.keys()):
            raise ValueError(f"cannot leave out what is not there: {', '.join(unknown)}")
        return type(self)(
            tuple(node for node in self.nodes if node.name not in nodes),
            tuple(link for link in self.links if link.name not in links and not {*link.ends}.intersection(nodes)),
        )

    def ends(self, source: str, target: str) -> tuple[int, int]:
        """Positions of the two ends of a demand.

        Raises:
            ValueError: if one is unknown, or both are the same.
        """
        if unknown := [end for end in (source, target) if end not in self.node_index]:
            raise ValueError(f"a path needs two known ends, got {', '.join(unknown)}")
        if source == target:
            raise ValueError(f"a path needs two different ends, got {source} twice")
        return self.node_index[source], self.node_index[target]


def _check_names(names: list[str], kind: str) -> None:
    for one, two in pairwise(names):
        if one >= two:
            raise ValueError(f"{kind} must be sorted by unique names, got {one!r} before {two!r}")

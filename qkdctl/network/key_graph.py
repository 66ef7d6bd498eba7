"""Which nodes share key over a link, and how key reaches the others."""

from collections.abc import Collection, Iterable, Mapping

from qkdctl.auth.claims import vertex_connectivity, ways_from
from qkdctl.auth.levels import Way
from qkdctl.routing.topology import Link, Node, Topology


def key_graph(members: Iterable[str], ends: Mapping[str, tuple[str, str]]) -> Topology:
    """All members, and the links between two of them.

    Args:
        members: names.
        ends: nodes of Alice and Bob by link; links with both at one node carry no key between nodes.
    """
    links = (Link(name, pair) for name, pair in ends.items() if pair[0] != pair[1])
    return Topology.of(map(Node, members), links)


def connectivity(topology: Topology) -> int | None:
    """Vertex connectivity kappa of the key graph; None for a node alone."""
    return vertex_connectivity(topology) if len(topology.nodes) > 1 else None


def ways(topology: Topology, me: str, hybrid: Collection[str] = ()) -> dict[str, Way]:
    """How key reaches each other member: over a link, else over relays; hybrid where the operator says so.

    Raises:
        ValueError: an unknown node.
    """
    members = [node.name for node in topology.nodes]
    if members == [me]:
        return {}
    found = ways_from(topology, me, members)
    return {peer: Way("hybrid") if peer in hybrid else way for peer, way in found.items()}

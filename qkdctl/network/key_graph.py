"""Which nodes share key over a link."""

from collections.abc import Iterable, Mapping

from qkdctl.routing.topology import Link, Node, Topology


def key_graph(members: Iterable[str], ends: Mapping[str, tuple[str, str]]) -> Topology:
    """All members, and the links between two of them; others relay nothing.

    Args:
        members: names.
        ends: nodes of Alice and Bob by link; links with both at one node carry no key between nodes.
    """
    members = set(members)
    links = (Link(name, pair) for name, pair in ends.items() if pair[0] != pair[1] and members.issuperset(pair))
    return Topology.of(map(Node, members), links)

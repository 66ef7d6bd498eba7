"""Other ways to compute what routing computes, for small networks: slow, and plain."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
from scipy.optimize import linprog

from qkdctl.routing.path import Path
from qkdctl.routing.topology import Topology


def max_flow(topology: Topology, capacities: Sequence[int], source: str, target: str) -> int:
    """Most that one demand can get if it has the network to itself."""
    graph = nx.DiGraph()
    graph.add_nodes_from((source, target))
    through = {source, target, *(node.name for node in topology.nodes if node.relays)}
    for link, bits in zip(topology.links, capacities, strict=True):
        for one, two in (link.ends, link.ends[::-1]):
            if {one, two} <= through:
                before = graph.get_edge_data(one, two, {"capacity": 0})["capacity"]
                graph.add_edge(one, two, capacity=before + bits)
    return int(nx.maximum_flow_value(graph, source, target))


def bound_over_paths(
    topology: Topology, paths: Sequence[Sequence[Path]], capacities: Sequence[float], wanted: Sequence[float]
) -> float:
    """Most that demands can get together over these paths, a list for each demand."""
    every = [(number, path) for number, own in enumerate(paths) for path in own]
    if not every:
        return 0.0
    uses = np.array([[link.name in path.links for _, path in every] for link in topology.links])
    serves = np.array([[number == of for of, _ in every] for number in range(len(paths))])
    found = linprog(-np.ones(len(every)), np.concatenate([uses, serves]), [*capacities, *wanted], method="highs")
    return float(-found.fun)

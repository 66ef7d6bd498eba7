"""Networks that hold together by design: with as few spans as any in which so many nodes must fail to part the others.

Harary, Proc. Natl. Acad. Sci. 48, 1142 (1962): nodes on a ring, each joined to the nearest on both sides and, where the
connectivity is odd, to the one opposite. Unlike meshes of cables in a city these may cross.
"""

import numpy as np

from hil_sim.network.made_up import (
    ATTENUATION_DB_PER_KM,
    CENTRE_DEG,
    ENDS_LOSS_DB,
    MOST_NODES,
    ROUTE_FACTOR,
    check_ranges,
    numbered,
    sites_at,
)
from hil_sim.network.plant import Span
from hil_sim.network.topology import Topology


def harary_ring(nodes: int, connectivity: int, *, diameter_km: float = 40.0) -> Topology:
    """A ring of trusted nodes in which `connectivity` of them must fail to part any of the others.

    Args:
        nodes: 3 to 1000, evenly around a circle.
        connectivity: 1, a chain, to 10, less than `nodes`.
        diameter_km: of the circle, 1 to 200.

    Raises:
        ValueError: for arguments out of range.
    """
    import networkx as nx  # noqa: PLC0415 - slow to import

    check_ranges(
        nodes=(nodes, 3, MOST_NODES),
        connectivity=(connectivity, 1, min(10, nodes - 1)),
        diameter_km=(diameter_km, 1.0, 200.0),
    )
    edges = sorted(tuple(sorted(edge)) for edge in nx.hkn_harary_graph(connectivity, nodes).edges)
    turns = 2 * np.pi * np.arange(nodes) / nodes
    places = diameter_km / 2 * np.column_stack((np.sin(turns), np.cos(turns)))
    names = numbered("n", nodes)
    spans = []
    for a, b in edges:
        length = float(np.linalg.norm(places[a] - places[b])) * ROUTE_FACTOR
        spans.append(
            Span(
                name=f"{names[a]}-{names[b]}",
                a=names[a],
                b=names[b],
                length_km=round(length, 3),
                loss_db=round(length * ATTENUATION_DB_PER_KM + ENDS_LOSS_DB, 3),
            )
        )
    return Topology(
        name=f"ring-{nodes}-{connectivity}",
        title=f"Made-up ring of {nodes} nodes, of which {connectivity} must fail to part the others",
        sites=tuple(sites_at(names, places, CENTRE_DEG, may_relay=True)),
        spans=tuple(spans),
        notes=("Made up: a Harary graph, no network in particular.",),
    )

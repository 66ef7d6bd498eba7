"""Metropolitan networks of any size, made up but plausible."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
from hil_sim.network.planar_mesh import planar_mesh
from hil_sim.network.plant import Medium, Span
from hil_sim.network.topology import Topology

_SPACING: Final = 0.6
"""Least distance of sites over that of a square grid; random placing jams at 0.83 (Feder, J. Theor. Biol. 87, 237
(1980))."""
_ROUTE_SPREAD: Final = 0.1
"""Half of the range of route factors around their mean: some cables follow straight roads, some do not."""


def metro_mesh(
    nodes: int,
    seed: int,
    *,
    mean_degree: float = 3.0,
    side_km: float = 40.0,
    route_factor: float = ROUTE_FACTOR,
    attenuation_db_per_km: float = ATTENUATION_DB_PER_KM,
    ends_loss_db: float = ENDS_LOSS_DB,
    two_edge_connected: bool = False,
    relay_share: float = 0.0,
    aerial_share: float = 0.0,
    centre_deg: tuple[float, float] = CENTRE_DEG,
) -> Topology:
    """A connected network of trusted nodes in a square; the same for the same arguments.

    Sites are random with a least distance. Spans are the shortest spanning tree and as many edges of the Gabriel graph,
    short ones preferred, as the mean degree asks for; they do not cross.

    Args:
        nodes: 2 to 1000.
        seed: of everything random.
        mean_degree: spans per node that are aimed for, 1 to 6; more if connectedness needs them, fewer if the sites
            allow no more without crossings.
        side_km: of the square, 1 to 200.
        route_factor: mean of fibre length over straight distance, 1.2 to 5; factors spread evenly 0.1 to both sides.
        attenuation_db_per_km: of the fibre, 0.14 to 0.5.
        ends_loss_db: of the connectors at both ends of a span together, 0 to 2.
        two_edge_connected: whether the network stays connected after the loss of any one span; needs 3 nodes.
        relay_share: share of the spans, longest first, that get a measuring relay in the middle, 0 to 1; these sites
            come besides the nodes.
        aerial_share: share of the spans, chosen at random, that hang on poles, 0 to 1.
        centre_deg: latitude, within 60, and longitude, within 170 degrees, of the middle of the square.

    Raises:
        ValueError: for arguments out of range.
    """
    check_ranges(
        nodes=(nodes, 3 if two_edge_connected else 2, MOST_NODES),
        mean_degree=(mean_degree, 1.0, 6.0),
        side_km=(side_km, 1.0, 200.0),
        route_factor=(route_factor, 1.2, 5.0),
        attenuation_db_per_km=(attenuation_db_per_km, 0.14, 0.5),
        ends_loss_db=(ends_loss_db, 0.0, 2.0),
        relay_share=(relay_share, 0.0, 1.0),
        aerial_share=(aerial_share, 0.0, 1.0),
        latitude_deg=(centre_deg[0], -60.0, 60.0),
        longitude_deg=(centre_deg[1], -170.0, 170.0),
    )
    random = np.random.default_rng(seed)
    places = _scattered(nodes, side_km, random)
    edges = planar_mesh(places, round(mean_degree * nodes / 2), random, two_edge_connected=two_edge_connected)
    straight = np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1)
    lengths = straight * random.uniform(route_factor - _ROUTE_SPREAD, route_factor + _ROUTE_SPREAD, len(edges))
    aerial = np.isin(np.arange(len(edges)), random.permutation(len(edges))[: round(aerial_share * len(edges))])
    relayed = np.sort(np.argsort(-straight, kind="stable")[: round(relay_share * len(edges))])
    names = numbered("n", nodes)
    relays = dict(zip(relayed.tolist(), numbered("relay-", len(relayed)), strict=True))
    spans = [
        Span(
            name=f"{names[a]}-{names[b]}",
            a=names[a],
            b=names[b],
            length_km=round(float(length), 3),
            loss_db=round(float(length) * attenuation_db_per_km + ends_loss_db, 3),
            medium=_medium(bool(on_poles)),
            relay=relays.get(index, ""),
        )
        for index, ((a, b), length, on_poles) in enumerate(zip(edges.tolist(), lengths, aerial, strict=True))
    ]
    middles = places[edges[relayed]].mean(axis=1) if len(relayed) else np.empty((0, 2))
    return Topology(
        name=f"metro-{nodes}-{seed}",
        title=f"Made-up metropolitan network of {nodes} nodes, seed {seed}",
        sites=(
            *sites_at(names, places, centre_deg, may_relay=True),
            *sites_at(list(relays.values()), middles, centre_deg, may_relay=False),
        ),
        spans=tuple(spans),
        notes=("Made up: random sites, a planar mesh between them, no network in particular.",),
    )


def _scattered(nodes: int, side_km: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Random places in the square around 0, none too near another; shape (nodes, 2)."""
    spacing = _SPACING * side_km / np.sqrt(nodes)
    places = np.empty((nodes, 2))
    placed = 0
    while placed < nodes:
        place = random.uniform(-side_km / 2, side_km / 2, 2)
        if np.all(np.linalg.norm(places[:placed] - place, axis=1) >= spacing):
            places[placed] = place
            placed += 1
    return places


def _medium(on_poles: bool) -> Medium:
    return "aerial" if on_poles else "fibre"

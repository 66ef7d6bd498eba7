"""Topologies and adversaries of the campaign."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hil_sim.network.network import Network
from hil_sim.network.scenario_file import network_of

TOPOLOGIES: Final[dict[str, dict[str, Any]]] = {
    "secoqc-vienna": {"topology": "secoqc-vienna"},
    "nsfnet": {"topology": "nsfnet"},
    "mesh-13": {"mesh": {"nodes": 13, "mean_degree": 4.0, "two_edge_connected": True, "seed": 3}},
}
"""6, 14 and 13 nodes that can bear f = 1, 2 and 2 here."""
FAULTS: Final = {"secoqc-vienna": 1, "nsfnet": 2, "mesh-13": 2}
FORGING: Final = ("understate-errors", "overstate-detected", "slander", "hide-decoys", "freeze", "replay")
MISBEHAVIOUR: Final = (*FORGING, "withhold-report")


def network(topology: str, seed: int, adversaries: Sequence[dict[str, Any]] = ()) -> Network:
    """One of the topologies with nanowire detectors and buried fibre."""
    scenario: dict[str, Any] = {
        "network": TOPOLOGIES[topology],
        "seed": seed,
        "demands": [{"random": 2}],
        "adversaries": list(adversaries),
    }
    return network_of(scenario).network


def neighbours(of: Network) -> dict[str, set[str]]:
    """Whom each node shares links with."""
    across: dict[str, set[str]] = {name: set() for name in of.node_names}
    for one, other in of.ends.T.tolist():
        across[of.node_names[one]].add(of.node_names[other])
        across[of.node_names[other]].add(of.node_names[one])
    return across


def liars(topology: str, seed: int) -> list[str]:
    """f nodes of two neighbours or more, drawn at random."""
    many = sorted(name for name, others in neighbours(network(topology, seed)).items() if len(others) >= 2)
    return [str(name) for name in np.random.default_rng(seed).choice(many, FAULTS[topology], replace=False)]

"""The network of a cell: who is Byzantine, who wants key, and the world in which it all happens."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from hil_sim.network.demands import DemandArrays
from hil_sim.network.network import Network
from hil_sim.network.routes import Routes
from hil_sim.network.scenario_file import network_of
from hil_sim.network.world import NetworkWorld
from hil_sim.world.streams import random_stream
from qkdctl.records.facts import LinkTable
from qkdctl.records.route import RouteDemand
from qkdctl.routing.topology import Link, Node, Topology
from qkdctl_policies.environment.facts import link_table
from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.cell import Cell

_START_BITS: Final = {"least_bits": 0, "ready_bits": 1, "start_bits": 0}
"""Links begin without key and keep none back: what is delivered was made in the same story."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything about a cell that no arm changes.

    Attributes:
        cell: which.
        network: with its adversaries; demands are not part of it, see `KeyRelaying`.
        members: nodes at the end of a link, sorted; they report, decide, relay and want key.
        byzantine: those of them that are Byzantine, sorted.
        demands: who wants key, sorted by name.
        table: what is agreed about the links.
    """

    cell: Cell
    network: Network
    members: tuple[str, ...]
    byzantine: tuple[str, ...]
    demands: tuple[RouteDemand, ...]
    table: LinkTable

    @classmethod
    def of(cls, cell: Cell, colluding: int = 0, failing: int = 0) -> "Stage":
        """Build it; equal for all arms but for how many paths a demand asks for.

        Raises:
            ScenarioError: for a network that cannot be built.
        """
        peaceful = network_of(_scenario(cell))
        members = _members(peaceful.network)
        byzantine = byzantine_nodes(members, cell.byzantine, cell.seed)
        network = network_of(_scenario(cell) | _adversaries(cell, byzantine)).network if byzantine else peaceful.network
        bits = round(cell.load_bps * cell.epoch_s)
        demands = tuple(
            RouteDemand(demand=f"d{number:03d}", source=a, target=b, bits=bits, colluding=colluding, failing=failing)
            for number, (a, b) in enumerate(peaceful.demand_names)
        )
        bare = replace(network, demands=DemandArrays.of([]), routes=Routes.of([]))
        return cls(cell, bare, members, byzantine, demands, link_table(bare, cell.epoch_s))

    @property
    def faults(self) -> int:
        """f: as many liars as the members can bear."""
        return (len(self.members) - 1) // 3

    def world(self) -> NetworkWorld:
        """The world at its start; the same weather for all arms of a seed."""
        return NetworkWorld([self.network], [self.cell.seed], epoch_s=self.cell.epoch_s)

    def honest(self, demand: RouteDemand) -> bool:
        """Whether both ends are honest."""
        return not {demand.source, demand.target} & {*self.byzantine}

    def graph(self, *, honest_relays: bool = False) -> Topology:
        """The key network; on request only honest nodes pass keys on."""
        network, bad = self.network, {*self.byzantine} if honest_relays else set()
        nodes = [Node(name, relays=name in self.members and name not in bad) for name in network.node_names]
        ends = network.ends.T.tolist()
        links = [
            Link(name, (network.node_names[a], network.node_names[b]))
            for name, (a, b) in zip(network.link_names, ends, strict=True)
        ]
        return Topology.of(nodes, links)


def byzantine_nodes(members: tuple[str, ...], share: float, seed: int) -> tuple[str, ...]:
    """A share of the members, rounded, sorted; a larger share only adds to a smaller one."""
    order = random_stream(seed, "experiment", "byzantine").permutation(len(members))
    return tuple(sorted(members[place] for place in order[: round(share * len(members))]))


def _members(network: Network) -> tuple[str, ...]:
    return tuple(sorted(network.node_names[place] for place in np.unique(network.ends).tolist()))


def _scenario(cell: Cell) -> dict[str, Any]:
    return {
        "network": dict(cell.table),
        "seed": cell.seed,
        "epoch_s": cell.epoch_s,
        "buffers": _START_BITS,
        "demands": [{"random": cell.demands, "rate_bps": cell.load_bps}],
    }


def _adversaries(cell: Cell, byzantine: tuple[str, ...]) -> dict[str, Any]:
    """How reports are forged; what happens to relayed keys is not the world's business here."""
    attack = ATTACKS[cell.attack]
    if not attack.kinds:
        return {}
    entry = {"nodes": byzantine, "kinds": attack.kinds, "strength": attack.strength}
    return {"adversaries": [entry | {"start_epoch": cell.warm_up_epochs}]}

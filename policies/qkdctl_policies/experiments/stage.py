"""The network of a cell: who is Byzantine, who wants key, and the world in which it all happens."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.key_relay.transfer import KEY_BITS
from hil_sim.network.demands import DemandArrays
from hil_sim.network.network import Network
from hil_sim.network.routes import Routes
from hil_sim.network.scenario_file import network_of
from hil_sim.network.world import NetworkWorld
from hil_sim.world.streams import random_stream
from qkdctl.records.facts import LinkTable
from qkdctl.records.route import RouteDemand
from qkdctl.routing.bounds import most_for_each
from qkdctl.routing.topology import Link, Node, Topology
from qkdctl_policies.environment.facts import link_table
from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.capacity import most_key_bits
from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.node_reports import Lies

_START_BITS: Final = {"least_bits": 0, "ready_bits": 1, "start_bits": 0}
"""Links begin without key and keep none back: what is delivered was made in the same story."""


@dataclass(frozen=True, slots=True)
class Peace:
    """A network before anybody in it is Byzantine.

    Attributes:
        network: without demands, which are not its business here; see `KeyRelaying`.
        members: nodes at the end of a link, sorted; they report, decide, relay and want key.
        pairs: source and target of each demand.
        capacity_bits: key that each link makes at most in the warm-up, and while it counts, shape (2, links).
        fair_bps: key that every demand can get at most when all of them get equally much.
        connectivity: members that must fail to part some of the others; one less than all where each has links to all.
    """

    network: Network
    members: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    capacity_bits: NDArray[np.float64]
    fair_bps: float
    connectivity: int

    @classmethod
    def of(cls, cell: Cell) -> "Peace":
        """Build it, or take what was built for another cell of the same network and seed.

        Raises:
            ScenarioError: for a network that cannot be built.
        """
        epochs = (cell.warm_up_epochs, cell.epochs)
        return _peace(json.dumps([cell.table, cell.hardware]), cell.seed, cell.epoch_s, epochs, cell.demands)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything about a cell that no arm changes.

    Attributes:
        cell: which.
        network: with its adversaries, without demands.
        members: nodes at the end of a link, sorted.
        byzantine: those of them that are Byzantine, sorted.
        demands: who wants key, sorted by name.
        table: what is agreed about the links.
        capacity_bits: see `Peace`.
        connectivity: likewise.
    """

    cell: Cell
    network: Network
    members: tuple[str, ...]
    byzantine: tuple[str, ...]
    demands: tuple[RouteDemand, ...]
    table: LinkTable
    capacity_bits: NDArray[np.float64]
    connectivity: int

    @classmethod
    def of(cls, cell: Cell, colluding: int = 0, failing: int = 0) -> "Stage":
        """Build it; equal for all arms but for how many paths a demand asks for.

        Raises:
            ScenarioError: for a network that cannot be built.
        """
        peace = Peace.of(cell)
        attack = ATTACKS[cell.attack]
        byzantine = () if attack.fibres else drawn(peace.members, cell.byzantine, cell.seed, "byzantine")
        tapped = drawn(peace.network.link_names, cell.byzantine, cell.seed, "fibres") if attack.fibres else ()
        network = peace.network
        if attack.kinds and (byzantine or tapped):
            section = attack.section(byzantine=byzantine, tapped=tapped, start_epoch=cell.warm_up_epochs)
            scenario = _scenario(cell.table, cell.hardware, cell.seed, cell.epoch_s)
            network = _bare(network_of(scenario | {"adversaries": [section]}).network)
        bits = round(cell.load * peace.fair_bps * cell.epoch_s)
        demands = tuple(
            RouteDemand(demand=f"d{number:03d}", source=a, target=b, bits=bits, colluding=colluding, failing=failing)
            for number, (a, b) in enumerate(peace.pairs)
        )
        table = link_table(network, cell.epoch_s)
        return cls(cell, network, peace.members, byzantine, demands, table, peace.capacity_bits, peace.connectivity)

    def in_pieces(self, count: int) -> "Stage":
        """The same with each demand as so many, one behind the other, of equally many whole keys or one more."""
        if count == 1:
            return self
        pieces = [
            demand.model_copy(
                update={
                    "demand": f"{demand.demand}-{place}",
                    "bits": (demand.bits // KEY_BITS + place) // count * KEY_BITS,
                }
            )
            for demand in self.demands
            for place in range(count)
        ]
        return replace(self, demands=tuple(pieces))

    @property
    def faults(self) -> int:
        """f: as many liars as the members can bear."""
        return (len(self.members) - 1) // 3

    @property
    def graph_digest(self) -> str:
        """Of who is joined to whom; networks that differ in nothing of this have the same liars in each seed."""
        ends = sorted(sorted(self.network.node_names[node] for node in pair) for pair in self.network.ends.T)
        return hashlib.sha256(json.dumps(ends).encode()).hexdigest()[:16]

    @property
    def lies(self) -> Lies:
        """What Byzantine nodes say besides forged counts."""
        attack = ATTACKS[self.cell.attack]
        return Lies(attack.key_permille, attack.accuses, self.cell.warm_up_epochs)

    def world(self) -> NetworkWorld:
        """The world at its start; the same weather for all arms of a seed."""
        return NetworkWorld([self.network], [self.cell.seed], epoch_s=self.cell.epoch_s)

    def honest(self, demand: RouteDemand) -> bool:
        """Whether both ends are honest."""
        return not {demand.source, demand.target} & {*self.byzantine}

    def graph(self, *, honest_relays: bool = False) -> Topology:
        """The key network; on request only honest nodes pass keys on."""
        return _graph(self.network, self.members, {*self.byzantine} if honest_relays else set())


def build_network(cell: Cell) -> Network:
    """The network of a cell as its suite describes it, without adversaries.

    Raises:
        ScenarioError: for mistakes in its table.
        OSError: when a file that it names cannot be read.
    """
    scenario = _scenario(cell.table, cell.hardware, cell.seed, cell.epoch_s)
    return network_of(scenario | _wanted(cell.demands), source=f"network '{cell.network}'").network


def drawn(names: Sequence[str], share: float, seed: int, what: str) -> tuple[str, ...]:
    """A share of some names, rounded, sorted; a larger share only adds to a smaller one."""
    order = random_stream(seed, "experiment", what).permutation(len(names))
    return tuple(sorted(names[place] for place in order[: round(share * len(names))]))


@lru_cache(maxsize=64)
def _peace(tables: str, seed: int, epoch_s: float, epochs: tuple[int, int], demands: int) -> Peace:
    table, hardware = json.loads(tables)
    built = network_of(_scenario(table, hardware, seed, epoch_s) | _wanted(demands))
    network, pairs = _bare(built.network), tuple(built.demand_names)
    members = tuple(sorted(network.node_names[place] for place in np.unique(network.ends).tolist()))
    made = most_key_bits(network, seed, epoch_s=epoch_s, epochs=sum(epochs))
    capacity = np.stack([made[: epochs[0]].sum(axis=0), made[epochs[0] :].sum(axis=0)])
    graph = _graph(network, members, set())
    of_link = dict(zip(network.link_names, (capacity.sum(axis=0) / (sum(epochs) * epoch_s)).tolist(), strict=True))
    fair = most_for_each(graph, pairs, [of_link[link.name] for link in graph.links])
    return Peace(network, members, pairs, capacity, fair, _connectivity(network))


def _connectivity(network: Network) -> int:
    import networkx as nx  # noqa: PLC0415 - slow to import

    graph = nx.Graph((network.node_names[a], network.node_names[b]) for a, b in network.ends.T.tolist())
    return int(nx.node_connectivity(graph))


def _bare(network: Network) -> Network:
    return replace(network, demands=DemandArrays.of([]), routes=Routes.of([]))


def _graph(network: Network, members: Collection[str], barred: Collection[str]) -> Topology:
    """Nodes and links, of which only members that are not barred pass keys on."""
    nodes = [Node(name, relays=name in members and name not in barred) for name in network.node_names]
    ends = network.ends.T.tolist()
    links = [
        Link(name, (network.node_names[a], network.node_names[b]))
        for name, (a, b) in zip(network.link_names, ends, strict=True)
    ]
    return Topology.of(nodes, links)


def _scenario(table: Mapping[str, Any], hardware: Mapping[str, Any], seed: int, epoch_s: float) -> dict[str, Any]:
    return {
        "network": dict(table),
        "hardware": dict(hardware),
        "seed": seed,
        "epoch_s": epoch_s,
        "buffers": _START_BITS,
    }


def _wanted(demands: int) -> dict[str, Any]:
    """Pairs that want key, drawn; how much they want is said by others."""
    return {"demands": [{"random": demands, "rate_bps": 1.0}]}

"""One simulated network, and several of them as one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.adversary import Adversary
from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.network.demands import DemandArrays
from hil_sim.network.detection import CELLS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_buffers import LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.routes import Routes, joined

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Network:
    """What does not change about a network; numbers of nodes, links and demands are places in these tables.

    Attributes:
        name: for people.
        node_names, link_names: unique names.
        ends: nodes at the ends of each link, shape (2, links); the receiver, or `b` of a link midway, is the second.
        links: hardware.
        channel: random processes of the links.
        buffers: sizes of the key buffers.
        authentication_bps: key that each link uses to authenticate its own messages, shape (links,).
        demands: who wants key.
        routes: candidate routes of each demand.
        relays: node that measures midway for the two ends of a link, -1 where there is none, shape (links,).
        adversaries: who misbehaves.
    """

    name: str
    node_names: tuple[str, ...]
    link_names: tuple[str, ...]
    ends: Indices
    links: LinkArrays
    channel: ChannelProcesses
    buffers: LimitArrays
    authentication_bps: NDArray[np.float64]
    demands: DemandArrays
    routes: Routes
    relays: Indices
    adversaries: tuple[Adversary, ...] = ()

    def __post_init__(self) -> None:
        """Refuse tables that do not fit each other.

        Raises:
            ValueError: naming the table.
        """
        links, nodes, demands = len(self.link_names), len(self.node_names), self.demands.rate_bps.size
        for what, got, expected in (
            ("links", self.links.count, links),
            ("ends", self.ends.shape[1], links),
            ("buffers", self.buffers.least.size, links),
            ("authentication_bps", self.authentication_bps.size, links),
            ("routes", self.routes.demands, demands),
            ("relays", self.relays.size, links),
            ("channel", self.channel.shape[0] if self.channel.shape else 0, links),
        ):
            if got != expected:
                raise ValueError(f"{self.name}: {what} has {got} columns, expected {expected}")
        for what, numbers, limit in (
            ("ends", self.ends, nodes),
            ("demands", self.demands.ends, nodes),
            ("routes", self.routes.links, links),
            ("relays of routes", self.routes.relays, nodes),
            ("relays", self.relays[self.relays >= 0], nodes),
        ):
            if numbers.size and not (numbers.min() >= 0 and numbers.max() < limit):
                raise ValueError(f"{self.name}: {what} must be numbers below {limit}")

    def cells(self) -> int:
        """Most cells of any protocol that a link of this network can run."""
        able = np.asarray(self.links.supported.any(axis=1))
        return max(CELLS[name] for number, name in enumerate(PROTOCOLS) if able[number])


@dataclass(frozen=True, slots=True)
class Stack:
    """Several networks as one, their nodes, links and demands behind each other.

    Attributes:
        networks: the parts.
        links_of, nodes_of, demands_of: where each network lies, as slices.
        network_of_link, network_of_demand: the other way round.
        ends, links, buffers, authentication_bps, demands, routes: see `Network`, joined.
        cells: most cells of any protocol.
        node_count: nodes of all networks.
    """

    networks: tuple[Network, ...]
    links_of: tuple[slice, ...]
    nodes_of: tuple[slice, ...]
    demands_of: tuple[slice, ...]
    network_of_link: Indices
    network_of_demand: Indices
    ends: Indices
    links: LinkArrays
    buffers: LimitArrays
    authentication_bps: NDArray[np.float64]
    demands: DemandArrays
    routes: Routes
    cells: int
    node_count: int

    @classmethod
    def of(cls, networks: Sequence[Network]) -> Self:
        """Stack them in this order.

        Raises:
            ValueError: without a network.
        """
        if not networks:
            raise ValueError("a stack needs at least one network")
        links = [len(network.link_names) for network in networks]
        nodes = [len(network.node_names) for network in networks]
        demands = [network.demands.rate_bps.size for network in networks]
        links_of, nodes_of, demands_of = _slices(links), _slices(nodes), _slices(demands)
        first_links, first_nodes = [part.start for part in links_of], [part.start for part in nodes_of]
        buffers = [network.buffers for network in networks]
        return cls(
            networks=tuple(networks),
            links_of=links_of,
            nodes_of=nodes_of,
            demands_of=demands_of,
            network_of_link=np.repeat(np.arange(len(networks)), links),
            network_of_demand=np.repeat(np.arange(len(networks)), demands),
            ends=np.concatenate([n.ends + first for n, first in zip(networks, first_nodes, strict=True)], axis=1),
            links=LinkArrays.joined([network.links for network in networks]),
            buffers=LimitArrays(
                *(np.concatenate([getattr(part, name) for part in buffers]) for name in LimitArrays.__slots__)
            ),
            authentication_bps=np.concatenate([network.authentication_bps for network in networks]),
            demands=DemandArrays.joined([network.demands for network in networks], first_nodes),
            routes=joined(
                [
                    network.routes.shifted(link, node)
                    for network, link, node in zip(networks, first_links, first_nodes, strict=True)
                ]
            ),
            cells=max(network.cells() for network in networks),
            node_count=sum(nodes),
        )


def _slices(sizes: Sequence[int]) -> tuple[slice, ...]:
    ends = np.cumsum(sizes).tolist()
    return tuple(slice(end - size, end) for size, end in zip(sizes, ends, strict=True))

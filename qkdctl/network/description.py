"""A network as its nodes have agreed on it, in the terms of the agreement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from qkdctl.abft.chain import Chain
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.timing import Timing
from qkdctl.auth.claims import vertex_connectivity, ways_from
from qkdctl.auth.levels import Way
from qkdctl.config.link_facts import link_facts
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin, Problem
from qkdctl.network.key_graph import key_graph
from qkdctl.network.sections import NetworkFile
from qkdctl.records.act import ActBook
from qkdctl.records.encoding import Canonical, digest
from qkdctl.records.facts import LinkTable
from qkdctl.records.route import RouteDemand
from qkdctl.routing.topology import Topology

if TYPE_CHECKING:
    from qkdctl.agreement.application import Terms


@dataclass(frozen=True)
class NetworkDescription:
    """What `network.toml` says.

    Attributes:
        file: its values, defaults included.
        source: path of the file, for messages.
        text: the very text, for a copy that is the same byte by byte.
        origins: where each value stands.
        warnings: what is worth knowing and no error.
    """

    file: NetworkFile
    source: str
    text: str
    origins: Mapping[KeyPath, Origin] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """Of the network."""
        return self.file.network.name

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Nodes, sorted, those that join later included."""
        return tuple(sorted(self.file.members))

    @cached_property
    def founders(self) -> tuple[str, ...]:
        """Members from the beginning, sorted."""
        return tuple(name for name in self.members if not self.file.members[name].joins)

    @cached_property
    def electorate(self) -> Electorate:
        """Who decides in the first two epochs: all founders with full scores."""
        return Electorate.equal(self.founders, self.file.network.faults)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all values, defaults included, so that it also tells software with other defaults apart."""
        return digest(_canonical(self.file.model_dump(mode="json")))

    def chain(self) -> Chain:
        """Before the first decision. Nodes with another description speak in another context and do not count."""
        return Chain.beginning(self.electorate, self.began_as)

    @property
    def began_as(self) -> str:
        """Digest of the description with which the network began."""
        return self.file.network.began_as or self.digest

    def timing(self) -> Timing:
        """Patience of every replica."""
        return Timing(**self.file.timing.model_dump())

    def terms(self) -> "Terms":
        """What decisions are made by."""
        from qkdctl.agreement.application import Terms  # noqa: PLC0415 - brings policies, which a check goes without

        shield = self.file.shield.settings(self.file.network.epoch_s)
        return Terms(table=self.table, shield=shield, demands=self.demands, book=self.book)

    @cached_property
    def table(self) -> LinkTable:
        """Facts of all links."""
        dwell_epochs = self.file.shield.minimum_dwell_epochs
        return LinkTable(
            epoch_ms=round(1000 * self.file.network.epoch_s),
            links=tuple(link_facts(name, link, dwell_epochs) for name, link in sorted(self.file.links.items())),
            rules=self.file.trust,
        )

    @property
    def demands(self) -> tuple[RouteDemand, ...]:
        """Keys that nodes want, sorted by name."""
        return tuple(
            RouteDemand(demand=name, **demand.model_dump()) for name, demand in sorted(self.file.demands.items())
        )

    @property
    def book(self) -> ActBook:
        """Members, f and threshold before the first decision."""
        return ActBook(
            members=self.founders,
            faults=self.file.network.faults,
            threshold_wish=self.file.acts.threshold,
            lifetime_epochs=self.file.acts.lifetime_epochs,
            policy=self.file.network.policy,
        )

    @cached_property
    def topology(self) -> Topology:
        """Which members share key that nobody relayed, those that join later included."""
        return self._among(self.members)

    @cached_property
    def connectivity(self) -> int | None:
        """Vertex connectivity kappa of the key graph among founders; None for a node alone."""
        return vertex_connectivity(self._among(self.founders)) if len(self.founders) > 1 else None

    def ways(
        self, me: str, hybrid: Collection[str] = (), *, admitted: Collection[str] | None = None, managed: bool = False
    ) -> dict[str, Way]:
        """How key reaches each other member: over a link, else over relays; hybrid where the operator says so.

        Only admitted members relay. The way to another one is that which there is once it is admitted, with the others
        as they are.

        Args:
            me: the node; it counts as admitted.
            hybrid: peers whose key rests on a computational assumption.
            admitted: members that count now; founders by default.
            managed: key comes from a key manager, which does not tell whether others have passed it on; so even that of
                neighbours counts as relayed.
        """
        counted = {me, *(self.founders if admitted is None else admitted)}.intersection(self.members)
        found: dict[str, Way] = {}
        of_admitted = self._ways_among(me, counted, managed=managed)
        for peer in self.members:
            if peer in hybrid and peer != me:
                found[peer] = Way("hybrid")
            elif peer != me:
                ways = of_admitted if peer in counted else self._ways_among(me, {*counted, peer}, managed=managed)
                found[peer] = ways[peer]
        return found

    def _ways_among(self, me: str, nodes: Collection[str], *, managed: bool) -> dict[str, Way]:
        if len(nodes) < 2:
            return {}
        topology = self._among(nodes)
        connectivity = vertex_connectivity(topology)
        found = ways_from(topology, me, nodes, connectivity)
        return dict.fromkeys(found, Way("relayed", connectivity)) if managed else found

    def _among(self, nodes: Collection[str]) -> Topology:
        return key_graph(nodes, {name: (link.alice, link.bob) for name, link in self.file.links.items()})


def _canonical(value: object) -> Canonical:
    """Plain values with numbers of any kind, truth and absence in one spelling each."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return repr(value)
    assert isinstance(value, int | str), "models hold nothing else"
    return value

"""Network scenarios: which network, what it is built of, who wants key, and who misbehaves."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hil_sim.adversary.section import AdversarySection
from hil_sim.network.hardware import LinkHardware
from hil_sim.network.key_buffers import BufferLimits
from hil_sim.world.parameters import Fraction, NonNegative, Parameters, Positive

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class MeshSection(Parameters):
    """`[network.mesh]`: a generated metropolitan network.

    Attributes:
        nodes: number of sites.
        seed: of the places; the scenario's by default.
        mean_degree: spans per site, on average.
        side_km: of the square that the sites lie in.
        two_edge_connected: whether no single span may cut the network in two.
        relay_share: share of the spans, the longest first, with a measuring relay in the middle.
        aerial_share: share of the spans on poles.
    """

    nodes: Annotated[int, Field(ge=2, le=1000)]
    seed: Annotated[int, Field(ge=0)] | None = None
    mean_degree: Annotated[float, Field(ge=1, le=6)] = 3.0
    side_km: Positive = 40.0
    two_edge_connected: bool = False
    relay_share: Fraction = 0.0
    aerial_share: Fraction = 0.0


class RingSection(Parameters):
    """`[network.ring]`: a generated network of a given connectivity.

    Attributes:
        nodes: number of sites, evenly around a circle.
        connectivity: sites that must fail to part any of the others.
        diameter_km: of the circle.
    """

    nodes: Annotated[int, Field(ge=3, le=1000)]
    connectivity: Annotated[int, Field(ge=1, le=10)]
    diameter_km: Positive = 40.0


class NetworkSection(Parameters):
    """`[network]`: its topology, and what all links have in common.

    Attributes:
        topology: a shipped one by name, or a file ending in .toml, beside the scenario unless its path is absolute.
        mesh, ring: a generated one instead.
        hardware: of all links that do not say otherwise; a preset or one of `[hardware.*]`. Spans with a measuring
            relay in the middle take `relay_hardware`.
        relay_hardware: likewise.
        channel: preset of the random processes of fibres that do not say otherwise. Aerial spans and those through
            the air take the presets of these names.
        authentication_bps: key that each link needs for its own messages.
    """

    topology: str | None = None
    mesh: MeshSection | None = None
    ring: RingSection | None = None
    hardware: str = "snspd"
    relay_hardware: str = "relay"
    channel: str = "buried-metro"
    authentication_bps: NonNegative = 10.0

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(one is not None for one in (self.topology, self.mesh, self.ring)) != 1:
            raise ValueError("give one of topology, mesh and ring")
        return self


class LinkSection(Parameters):
    """`[links.<span>]`: what is special about one span.

    Attributes:
        hardware, channel: as in `[network]`.
        impairment: something wrong with it, by name.
        loss_db: instead of that of the topology.
    """

    hardware: str | None = None
    channel: str | None = None
    impairment: str | None = None
    loss_db: NonNegative | None = None


class DemandSection(Parameters):
    """`[[demands]]`: who wants key.

    Attributes:
        pairs: pairs of sites.
        random: instead, so many pairs drawn at random; no pair twice while there are others.
        rate_bps, request_bits, patience_s: see `Demand`, for each pair.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    random: Annotated[int, Field(ge=1, le=100_000)] | None = None
    rate_bps: Positive = 1000.0
    request_bits: Annotated[int, Field(ge=1, le=2**32)] = 4096
    patience_s: Positive = 60.0

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.pairs) == (self.random is not None):
            raise ValueError("give either pairs or random")
        return self


class RoutingSection(Parameters):
    """`[routing]`: candidate routes of every demand.

    Attributes:
        candidates: so many shortest paths.
        colluding: relays that may pool what they see; above 0 the key is shared over disjoint paths, k of n.
        failing: paths of those that may fail at once.
        failure: how they may fail, see `KOfNPlan`.
    """

    candidates: Annotated[int, Field(ge=1, le=50)] = 3
    colluding: Annotated[int, Field(ge=0, le=20)] = 0
    failing: Annotated[int, Field(ge=0, le=20)] = 0
    failure: Literal["silent", "lying"] = "silent"


class NetworkScenario(Parameters):
    """A whole scenario.

    Attributes:
        seed: of everything random.
        epoch_s, epochs: length and number of the epochs.
        network, links, demands, routing: see their sections.
        hardware: sets of one's own; each table is a `preset` and parameters that differ from it.
        buffers: of all links.
        adversaries: who misbehaves.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    epoch_s: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    epochs: Annotated[int, Field(ge=1, le=10_000_000)] = 360
    network: NetworkSection
    links: dict[Name, LinkSection] = Field(default_factory=dict)
    hardware: dict[Name, LinkHardware] = Field(default_factory=dict)
    buffers: BufferLimits = BufferLimits()
    demands: tuple[DemandSection, ...] = ()
    routing: RoutingSection = RoutingSection()
    adversaries: tuple[AdversarySection, ...] = ()

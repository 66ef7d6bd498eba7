"""From a scenario and a topology to the arrays of a network."""

from dataclasses import dataclass

import numpy as np

from hil_sim.adversary.cast import cast_of
from hil_sim.adversary.entries import Network as Parties
from hil_sim.adversary.section import adversaries_of
from hil_sim.channels.impairments import IMPAIRMENTS
from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.channels.presets import PRESETS as CHANNELS
from hil_sim.network.candidate_routes import Router
from hil_sim.network.demands import Demand, DemandArrays
from hil_sim.network.hardware import LinkHardware
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.key_buffers import LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from hil_sim.network.routes import RoutePlan, Routes
from hil_sim.network.scenario import LinkSection, NetworkScenario
from hil_sim.network.topology import Span, Topology
from hil_sim.scenario_problems import Place, Problem, ScenarioError
from hil_sim.world.streams import random_stream
from qkdctl.routing.plan import NoPlanError

_OF_MEDIUM = {"aerial": "aerial", "free-space": "free-space"}
_NOTHING_SPECIAL = LinkSection()
_MEASURED_MIDWAY = ("mdi", "tf")


@dataclass(frozen=True, slots=True)
class BuiltNetwork:
    """A network with what it was made from.

    Attributes:
        scenario: as read.
        topology: sites and spans; their places are the numbers of nodes and links.
        network: the arrays.
        demand_names: the two sites of each demand.
    """

    scenario: NetworkScenario
    topology: Topology
    network: Network
    demand_names: tuple[tuple[str, str], ...]


def build(scenario: NetworkScenario, topology: Topology) -> BuiltNetwork:
    """Make the arrays.

    Raises:
        ScenarioError: for a demand that no route can serve or epochs of this length cannot hold, and adversaries that
            contradict each other or have nothing to attack.
    """
    specials = [scenario.links.get(span.name, _NOTHING_SPECIAL) for span in topology.spans]
    index = topology.site_indices()
    _check_sizes(scenario)
    demands, places = _demands(scenario, topology)
    routes = _routes(scenario, topology, demands, places)
    sites = tuple(index)
    spans = tuple(span.name for span in topology.spans)
    links = len(spans)
    ends = topology.ends().T.astype(np.int64)
    relays = np.array([index[span.relay] if span.relay else -1 for span in topology.spans], dtype=np.int64)
    try:
        adversaries = adversaries_of(scenario.adversaries, sites, spans, scenario.seed)
        cast_of(Parties(len(sites), ends, relays), adversaries, scenario.seed)
    except ValueError as error:
        raise ScenarioError("scenario", [Problem(("adversaries",), str(error))]) from None
    network = Network(
        name=topology.name,
        node_names=sites,
        link_names=spans,
        ends=ends,
        links=LinkArrays.of(
            [_hardware(scenario, span, own) for span, own in zip(topology.spans, specials, strict=True)],
            [
                span.loss_db if own.loss_db is None else own.loss_db
                for span, own in zip(topology.spans, specials, strict=True)
            ],
        ),
        channel=ChannelProcesses.of(
            [_channel(scenario, span, own) for span, own in zip(topology.spans, specials, strict=True)]
        ),
        buffers=LimitArrays(
            *(
                np.full(links, bits, dtype=np.int64)
                for bits in (
                    scenario.buffers.least_bits,
                    scenario.buffers.ready_bits,
                    scenario.buffers.start_bits,
                    scenario.buffers.most_bits,
                )
            )
        ),
        authentication_bps=np.full(links, scenario.network.authentication_bps),
        demands=DemandArrays.of(demands),
        routes=Routes.of(routes),
        relays=relays,
        adversaries=adversaries,
    )
    names = tuple((sites[demand.source], sites[demand.target]) for demand in demands)
    return BuiltNetwork(scenario, topology, network, names)


def _hardware(scenario: NetworkScenario, span: Span, own: LinkSection) -> LinkHardware:
    common = scenario.network.relay_hardware if span.relay else scenario.network.hardware
    name = own.hardware or common
    hardware = scenario.hardware[name] if name in scenario.hardware else HARDWARE[name]
    if span.relay:
        return hardware
    able = tuple(protocol for protocol in hardware.protocols if protocol not in _MEASURED_MIDWAY)
    if not able:
        place: Place = ("network", "hardware") if own.hardware is None else ("links", span.name, "hardware")
        problem = f"'{name}' runs {' and '.join(hardware.protocols)} only, and span '{span.name}' has no relay midway"
        raise ScenarioError("scenario", [Problem(place, problem, "give the span a relay, or other hardware")])
    return hardware.model_copy(update={"protocols": able})


def _channel(scenario: NetworkScenario, span: Span, own: LinkSection) -> ChannelProcesses:
    channel = CHANNELS[own.channel or _OF_MEDIUM.get(span.medium, scenario.network.channel)]
    return channel if own.impairment is None else channel.with_impairment(IMPAIRMENTS[own.impairment])


def _demands(scenario: NetworkScenario, topology: Topology) -> tuple[list[Demand], list[Place]]:
    """Every demand, and the section that it comes from."""
    index = topology.site_indices()
    passive = topology.passive_sites()
    users = [number for name, number in index.items() if name not in passive]
    demands: list[Demand] = []
    places: list[Place] = []
    for number, section in enumerate(scenario.demands):
        if section.random is None:
            pairs = [(index[a], index[b]) for a, b in section.pairs]
        else:
            pairs = _random_pairs(users, section.random, random_stream(scenario.seed, "network", "demands", number))
        demands += [Demand(a, b, section.rate_bps, section.request_bits, section.patience_s) for a, b in pairs]
        places += [("demands", number)] * len(pairs)
    return demands, places


def _check_sizes(scenario: NetworkScenario) -> None:
    problems = []
    for number, section in enumerate(scenario.demands):
        demand = Demand(0, 1, section.rate_bps, section.request_bits, section.patience_s)
        try:
            DemandArrays.of([demand]).check(scenario.epoch_s)
        except ValueError as error:
            problems.append(Problem(("demands", number), str(error).partition(": ")[2]))
    if problems:
        raise ScenarioError("scenario", problems)


def _random_pairs(users: list[int], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """So many pairs of users in random order, all pairs once before any comes again."""
    first, second = np.triu_indices(len(users), 1)
    rounds = -(-count // first.size)
    order = np.concatenate([rng.permutation(first.size) for _ in range(rounds)])[:count]
    return [(users[first[place]], users[second[place]]) for place in order]


def _routes(
    scenario: NetworkScenario, topology: Topology, demands: list[Demand], places: list[Place]
) -> list[tuple[RoutePlan, ...]]:
    router = Router(topology, scenario.routing)
    routes, problems = [], []
    for demand, place in zip(demands, places, strict=True):
        try:
            routes.append(router.candidates(demand.source, demand.target))
        except NoPlanError as error:
            problems.append(Problem(place, str(error), "ask for fewer colluding or failing relays in [routing]"))
        except LookupError as error:
            problems.append(Problem(place, str(error)))
    if problems:
        raise ScenarioError("scenario", problems)
    return routes

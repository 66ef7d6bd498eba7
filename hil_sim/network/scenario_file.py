"""Reading network scenarios, with file, line and a hint for every mistake."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hil_sim.channels.impairments import IMPAIRMENTS
from hil_sim.channels.presets import PRESETS as CHANNELS
from hil_sim.network.adversary_problems import adversary_problems
from hil_sim.network.built import BuiltNetwork, build
from hil_sim.network.harary_ring import harary_ring
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.metro_mesh import metro_mesh
from hil_sim.network.scenario import NetworkScenario
from hil_sim.network.topology import Topology, load_topology
from hil_sim.network.validation_problems import validation_problems
from hil_sim.preset_tables import over_preset
from hil_sim.scenario_problems import LineIndex, Place, Problem, ScenarioError, did_you_mean


def load_network(path: Path, *, seed: int | None = None) -> BuiltNetwork:
    """Read and build the network of a scenario file, with another seed if one is given.

    Raises:
        ScenarioError: with file, line, key and hint of every mistake.
        OSError: when the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), [Problem((), f"not UTF-8 text: {error.reason} at byte {error.start}")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(str(path), [Problem((), f"not valid TOML: {error}")]) from None
    except RecursionError:
        raise ScenarioError(str(path), [Problem((), "values are nested too deeply")]) from None
    if seed is not None:
        tables["seed"] = seed
    return network_of(tables, source=str(path), lines=LineIndex(text), beside=path.parent)


def network_of(
    tables: Mapping[str, Any],
    *,
    source: str = "scenario",
    lines: LineIndex | None = None,
    beside: Path = Path(),
) -> BuiltNetwork:
    """The network that nested dictionaries describe; files of topologies are looked for beside the scenario.

    Raises:
        ScenarioError: with every mistake.
    """
    problems: list[Problem] = []
    tables = dict(tables)
    if isinstance(tables.get("hardware"), Mapping):
        tables["hardware"] = {
            name: over_preset(("hardware", name), own, HARDWARE, problems) for name, own in tables["hardware"].items()
        }
    try:
        scenario = NetworkScenario.model_validate(tables)
    except ValidationError as error:
        raise ScenarioError(source, [*problems, *validation_problems(error)], lines) from None
    topology = _topology(scenario, beside, problems)
    if topology is not None:
        problems += _unknown_names(scenario, topology) or adversary_problems(scenario, topology)
    if problems or topology is None:
        raise ScenarioError(source, problems, lines)
    try:
        return build(scenario, topology)
    except ScenarioError as error:
        raise ScenarioError(source, error.problems, lines) from None


def _topology(scenario: NetworkScenario, beside: Path, problems: list[Problem]) -> Topology | None:
    """The topology; a mistake in its own file is told with that file."""
    name = scenario.network.topology
    if name is None:
        return _generated(scenario, problems)
    try:
        return load_topology(beside / name if name.endswith(".toml") else name)
    except OSError as error:
        problems.append(Problem(("network", "topology"), f"cannot read '{name}': {error.strerror}"))
    except ScenarioError as error:
        if name.endswith(".toml"):
            raise
        problems += [Problem(("network", "topology"), problem.text, problem.hint) for problem in error.problems]
    return None


def _generated(scenario: NetworkScenario, problems: list[Problem]) -> Topology | None:
    mesh, ring = scenario.network.mesh, scenario.network.ring
    try:
        if ring is not None:
            return harary_ring(ring.nodes, ring.connectivity, diameter_km=ring.diameter_km)
        assert mesh is not None, "a scenario has a topology, a mesh or a ring"
        return metro_mesh(
            mesh.nodes,
            scenario.seed if mesh.seed is None else mesh.seed,
            mean_degree=mesh.mean_degree,
            side_km=mesh.side_km,
            two_edge_connected=mesh.two_edge_connected,
            relay_share=mesh.relay_share,
            aerial_share=mesh.aerial_share,
        )
    except ValueError as error:
        problems.append(Problem(("network", "mesh" if ring is None else "ring"), str(error)))
        return None


def _unknown_names(scenario: NetworkScenario, topology: Topology) -> list[Problem]:
    """Names that mean nothing, each with the nearest one that does."""
    hardware = {*HARDWARE, *scenario.hardware}
    sites, spans = {site.name for site in topology.sites}, {span.name for span in topology.spans}
    network = scenario.network
    wanted: list[tuple[Place, str, str | None, Collection[str]]] = [
        (("network", "hardware"), "hardware", network.hardware, hardware),
        (("network", "relay_hardware"), "hardware", network.relay_hardware, hardware),
        (("network", "channel"), "channel", network.channel, CHANNELS),
    ]
    for name, link in scenario.links.items():
        wanted += [
            (("links", name), "span", name, spans),
            (("links", name, "hardware"), "hardware", link.hardware, hardware),
            (("links", name, "channel"), "channel", link.channel, CHANNELS),
            (("links", name, "impairment"), "impairment", link.impairment, IMPAIRMENTS),
        ]
    with_key = sites - topology.passive_sites()
    for number, demand in enumerate(scenario.demands):
        for pair in demand.pairs:
            wanted += [(("demands", number, "pairs"), "site with key", site, with_key) for site in pair]
    for number, adversary in enumerate(scenario.adversaries):
        for key, names, kind, known in (
            ("nodes", adversary.nodes, "site", sites),
            ("keep_honest", adversary.keep_honest, "site", sites),
            ("links", adversary.links or (), "span", spans),
        ):
            wanted += [(("adversaries", number, key), kind, name, known) for name in names]
    return [
        Problem(place, f"no {kind} '{name}'", did_you_mean(name, known))
        for place, kind, name, known in wanted
        if name is not None and name not in known
    ] + _demands_of_oneself(scenario)


def _demands_of_oneself(scenario: NetworkScenario) -> list[Problem]:
    return [
        Problem(("demands", number, "pairs"), f"'{a}' needs no key with itself", "name two sites")
        for number, demand in enumerate(scenario.demands)
        for a, b in demand.pairs
        if a == b
    ]

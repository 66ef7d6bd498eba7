"""The description of the demo's network: what the shipped one says of nodes, and the links of a scenario."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hil_sim.node_tables import node_tables
from hil_sim.scenario import LinkSection
from hil_sim.simulation import Simulation

Json = dict[str, Any]

#: What every node knows of a link, of the figures that its maker would write down.
_SHARED = (
    "alice",
    "bob",
    "wavelength_nm",
    "pulse_rate_hz",
    "fibre_length_km",
    "receiver_loss_db",
    "detector_efficiency",
    "background_yield",
    "expected_qber_ppm",
    "alignment_pulses",
)
_LEAST_LOSS_SHARE = 0.7
_DEAD_TIME_SHARE = 0.8
_INITIAL_MEAN_PHOTON_NUMBER = 0.3
_LEAST_ALIGNMENT_PULSES = 10_000_000
_REALIGN_DEAD_S = 4.0
"""A search takes some forty measurements; on a computer that runs eight nodes each takes a tenth of a second."""


def describe(shipped: Path, simulation: Simulation, policy: str) -> Json:
    """The description as nested tables.

    Args:
        shipped: description without links; members and demands elsewhere than in the simulation are left out.
        simulation: running; its links name their nodes.
        policy: identity of the policy to begin with.
    """
    tables: Json = tomllib.loads(shipped.read_text(encoding="utf-8"))
    links = _links(simulation)
    nodes = {link[end] for link in links.values() for end in ("alice", "bob")}
    tables["network"] |= {"faults": (len(nodes) - 1) // 3, "policy": policy}
    known = tables.get("members", {})
    tables["members"] = {node: known.get(node, {}) for node in sorted(nodes)}
    tables["demands"] = {
        name: demand
        for name, demand in tables.get("demands", {}).items()
        if {demand["source"], demand["target"]} <= nodes
    }
    tables["links"] = links
    return tables


def to_toml(tables: Mapping[str, Any]) -> str:
    """Nested tables of numbers and texts in TOML."""
    return "\n".join(_section((name,), table) for name, table in tables.items())


def _links(simulation: Simulation) -> dict[str, Json]:
    """What nodes must know of each link; the margins are those of a cautious operator."""
    texts = node_tables(simulation)
    described = tomllib.loads(next(iter(texts.values())))["links"]
    links = {}
    for name, section in simulation.scenario.links.items():
        links[name] = {key: described[name][key] for key in _SHARED} | _margins(section)
        links[name]["realign_dead_s"] = _REALIGN_DEAD_S
        links[name]["alignment_pulses"] = max(_LEAST_ALIGNMENT_PULSES, described[name]["alignment_pulses"])
    return links


def _margins(link: LinkSection) -> Json:
    return {
        "initial_mean_photon_number": _INITIAL_MEAN_PHOTON_NUMBER,
        "least_loss_db": round(_LEAST_LOSS_SHARE * link.fibre_length_km * link.fibre_loss_db_per_km, 3),
        "detectors": len(link.detectors),
        "detector_dead_time_ns": round(_DEAD_TIME_SHARE * 1e9 * min(d.dead_time_s for d in link.detectors), 3),
    }


def _section(path: tuple[str, ...], table: Mapping[str, Any]) -> str:
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines: Iterable[str] = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    head = "" if inner and not values else f"[{'.'.join(path)}]\n"
    return "\n".join([head + "".join(lines), *(_section((*path, key), value) for key, value in inner.items())])

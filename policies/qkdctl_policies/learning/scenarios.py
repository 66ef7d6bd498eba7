"""Named networks to learn from and to be judged by.

Those to learn from are random meshes; those held out are the topologies of networks that were built, other channels and
liars, none of which a learner meets. A scenario and a seed give one network.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hil_sim.network.network import Network
from hil_sim.network.scenario_file import load_network, network_of

_SOME: Final = [{"random": 4, "rate_bps": 5e4}]
_FEW: Final = [{"random": 4, "rate_bps": 2e3}]


def _mesh(hardware: str, channel: str, demands: list[dict[str, Any]] = _SOME, **shares: float) -> dict[str, Any]:
    network = {"mesh": {"nodes": 6, **shares}, "hardware": hardware, "channel": channel}
    return {"network": network, "demands": demands}


def _built(topology: str, hardware: str = "snspd", channel: str = "buried-metro") -> dict[str, Any]:
    return {"network": {"topology": topology, "hardware": hardware, "channel": channel}, "demands": _SOME}


TO_LEARN_FROM: Final[Mapping[str, dict[str, Any]]] = {
    "duct": _mesh("snspd", "buried-metro"),
    "duct-diodes": _mesh("ingaas", "buried-metro"),
    "duct-slow": _mesh("ingaas-slow", "buried-metro", _FEW),
    "poles": _mesh("snspd", "aerial"),
    "poles-diodes": _mesh("ingaas", "aerial"),
    "duct-and-poles": _mesh("ingaas", "buried-metro", aerial_share=0.5),
    "storm": _mesh("snspd", "demonstration"),
    "storm-diodes": _mesh("ingaas", "demonstration"),
    "far": _mesh("snspd", "buried-metro", side_km=150),
    "far-diodes": _mesh("ingaas", "buried-metro", side_km=100),
    "beside-traffic": _mesh("snspd", "coexistence"),
    "many-protocols": _mesh("snspd-multi", "buried-metro", relay_share=0.3),
}
"""Meshes of six sites."""

HELD_OUT: Final[Mapping[str, dict[str, Any]]] = {
    "cambridge": _built("cambridge"),
    "tokyo-diodes": _built("tokyo", "ingaas"),
    "madqci": _built("madqci"),
    "swissquantum-slow": _built("swissquantum", "ingaas-slow") | {"demands": _FEW},
    "open-air": _mesh("free-space", "free-space", _FEW),
    "large-mesh": {
        "network": {"mesh": {"nodes": 20, "aerial_share": 0.2}, "hardware": "ingaas"},
        "demands": [{"random": 12, "rate_bps": 3e4}],
    },
    "liars": _mesh("snspd", "buried-metro")
    | {"adversaries": [{"share": 0.3, "kinds": ["replay", "intercept-resend", "withhold-report"]}]},
}
"""Nothing of these is in `TO_LEARN_FROM`."""

SCENARIOS: Final[Mapping[str, dict[str, Any]]] = {**TO_LEARN_FROM, **HELD_OUT}


def network(scenario: str, seed: int) -> Network:
    """The network of a named scenario, or of a file ending in .toml, and a seed.

    Raises:
        ValueError: for a name that is unknown.
        ScenarioError: for a file with mistakes.
        OSError: for one that cannot be read.
    """
    if scenario.endswith(".toml"):
        return load_network(Path(scenario), seed=seed).network
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; known are {', '.join(SCENARIOS)}, and files ending in .toml")
    return network_of(SCENARIOS[scenario] | {"seed": seed}).network

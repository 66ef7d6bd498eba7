"""Named networks to learn from and to be judged by.

Those to learn from are random meshes; those held out are the topologies of networks that were built, other channels and
liars, none of which a learner meets by these names; of the free space of `open-air`, `wild-air` has other networks. The
same again for fibres that drift within minutes, as those of the demo do. A scenario and a seed give one network.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hil_sim.network.network import Network
from hil_sim.network.scenario_file import load_network, network_of
from hil_sim.world.streams import random_stream

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

MILD: Final = ("duct", "duct-diodes", "far", "far-diodes", "beside-traffic", "cambridge", "tokyo-diodes", "madqci")
"""Buried fibre and one protocol: what an alignment gains lasts, and who knows the link does well."""

SCENARIOS: Final[Mapping[str, dict[str, Any]]] = {**TO_LEARN_FROM, **HELD_OUT}

HARD: Final = tuple(name for name in SCENARIOS if name not in MILD)
"""Polarisation that wanders, bursts, slow blocks, a choice of protocols, networks that relay, liars."""
"""Networks at the pace of deployed fibre, for epochs of some seconds and more."""

_ENGINE: Final = {"credit": "running", "security": "asymptotic", "sifted_bits": 1_000_000_000, "longest_s": 60.0}
_OPERATOR: Final = {
    "cap_mean_photon_number": 0.6,
    "qber_limit": 0.06,
    "calibration_uncertainty": 0.1,
    "attenuator_step_db": 0.01,
    "realign_residual_rad": 0.06,
    "blocks": _ENGINE,
}
_FAST_HARDWARE: Final[Mapping[str, dict[str, Any]]] = {
    "fast": {"preset": "snspd", "realign_s": 4.0, **_OPERATOR},
    "fast-slow-clock": {"preset": "snspd", "pulse_rate_hz": 100e6, "realign_s": 4.0, **_OPERATOR},
    "fast-diodes": {"preset": "ingaas", "realign_s": 6.0, **_OPERATOR},
    "bench": {
        "preset": "snspd",
        "pulse_rate_hz": 100e6,
        "start_mean_photon_number": 0.25,
        "calibration_uncertainty": 0.02,
        "realign_s": 1.0,
        "realign_residual_rad": 0.03,
        "blocks": _ENGINE,
    },
}
"""As key engines and their operators are on a bench: key is credited as it comes, and an alignment takes seconds."""


def _fast(hardware: str, channel: str = "accelerated", **shares: float) -> dict[str, Any]:
    return _mesh(hardware, channel, _FEW, **shares) | {"hardware": _FAST_HARDWARE}


FAST: Final[Mapping[str, dict[str, Any]]] = {
    "fast": _fast("fast"),
    "fast-far": _fast("fast", side_km=80),
    "fast-slow-clock": _fast("fast-slow-clock"),
    "fast-diodes": _fast("fast-diodes"),
    "fast-storm": _fast("fast", "demonstration"),
    "bench": _fast("bench"),
    "bench-storm": _fast("bench", "demonstration"),
}
"""Meshes of six sites on fibres that drift within minutes, to learn from at epochs of a second or two."""

FAST_HELD_OUT: Final[Mapping[str, dict[str, Any]]] = {
    "fast-madqci": _built("madqci", "fast", "accelerated") | {"hardware": _FAST_HARDWARE},
    "fast-cambridge": _built("cambridge", "fast-slow-clock", "accelerated") | {"hardware": _FAST_HARDWARE},
    "fast-large-mesh": {
        "network": {"mesh": {"nodes": 20}, "hardware": "bench", "channel": "accelerated"},
        "hardware": _FAST_HARDWARE,
        "demands": [{"random": 12, "rate_bps": 2e3}],
    },
}
"""Nothing of these is in `FAST`."""

_FIXED: Final[Mapping[str, dict[str, Any]]] = {**SCENARIOS, **FAST, **FAST_HELD_OUT}

WILD: Final[Mapping[str, tuple[str, str, float]]] = {
    "wild": ("snspd", "buried-metro", 150.0),
    "wild-diodes": ("ingaas", "buried-metro", 100.0),
    "wild-slow": ("ingaas-slow", "buried-metro", 50.0),
    "wild-air": ("free-space", "free-space", 60.0),
}
"""Presets of hardware from which every network strays in its own way, the channel, and the widest mesh in km; for
policies that shall know the unknown."""

NAMED: Final = (*_FIXED, *WILD)
"""All of them."""


def network(scenario: str, seed: int, sites: int | None = None) -> Network:
    """The network of a named scenario, or of a file ending in .toml, and a seed.

    Args:
        scenario: which.
        seed: which of its networks, 0 or more.
        sites: of a named mesh, instead of its own number; what was built, and files, stay as they are.

    Raises:
        ValueError: for a name that is unknown.
        ScenarioError: for a file with mistakes.
        OSError: for one that cannot be read.
    """
    if scenario.endswith(".toml"):
        return load_network(Path(scenario), seed=seed).network
    if scenario not in NAMED:
        raise ValueError(f"no scenario {scenario!r}; known are {', '.join(NAMED)}, and files ending in .toml")
    tables = _wild(*WILD[scenario], seed) if scenario in WILD else _FIXED[scenario]
    if sites is not None and "mesh" in tables["network"]:
        mesh = tables["network"]["mesh"] | {"nodes": sites}
        tables = tables | {"network": tables["network"] | {"mesh": mesh}}
    return network_of(tables | {"seed": seed}).network


def _wild(preset: str, channel: str, widest_km: float, seed: int) -> dict[str, Any]:
    """A mesh of any size up to this, in part on poles, of hardware that is good or bad and fast or slow to align."""
    rng = random_stream(seed, "scenarios", "wild")
    hardware = {
        "preset": preset,
        "intrinsic_error": rng.uniform(0.003, 0.02),
        "realign_s": rng.uniform(4.0, 40.0),
        "realign_residual_rad": rng.uniform(0.01, 0.08),
        "start_mean_photon_number": rng.uniform(0.15, 0.5),
    }
    aerial_share = float(rng.choice([0.0, rng.uniform(0.0, 1.0)]))
    mesh = _mesh("wild", channel, _FEW, side_km=20.0 * (widest_km / 20.0) ** rng.random(), aerial_share=aerial_share)
    return mesh | {"hardware": {"wild": hardware}}

"""A scenario of several nodes as the `qkdctl` of each of them configures it: its instruments, and all links."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from hil_sim.device_lines import device_tables
from hil_sim.instruments.registry import find_model
from hil_sim.scenario import InstrumentSection, LinkSection, Scenario
from hil_sim.simulation import Simulation

End = Literal["alice", "bob"]
Ends = Mapping[str, tuple[str, str]]

#: Model of an instrument -> its part on a link, and the end at which that stands; engines say their end themselves.
PARTS: dict[str, tuple[str, End]] = {
    "koheron-ctl200": ("source", "alice"),
    "thorlabs-cld101x": ("source", "alice"),
    "jdsu-ha9": ("attenuator", "alice"),
    "keysight-n776x": ("attenuator", "alice"),
    "ozoptics-dd100mc": ("attenuator", "alice"),
    "thorlabs-pm100d": ("power_meter", "alice"),
    "polatis": ("switch", "alice"),
    "ozoptics-epc04": ("polarization_controller", "bob"),
    "idq-id900": ("detector", "bob"),
    "sfifteen-counter": ("detector", "bob"),
    "sfifteen-spd": ("detector", "bob"),
    "websq": ("detector", "bob"),
}
_LEAST_ALIGNMENT_PULSES = 2_000_000
_ALIGNMENT_S = 0.01
_ERROR_AFTER_SEARCH = 0.004


def ends_of(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """The nodes at the two ends of each link, Alice's first.

    Raises:
        ValueError: a link names no nodes.
    """
    ends = {name: (link.alice, link.bob) for name, link in scenario.links.items()}
    if nowhere := sorted(name for name, (alice, bob) in ends.items() if not alice or not bob):
        raise ValueError(f"links {', '.join(nowhere)} name no nodes; expected alice and bob in [links.<name>]")
    return ends


def node_tables(
    simulation: Simulation,
    *,
    poll_s: float = 1.0,
    figures: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, str]:
    """Per node, the tables `[devices.*]` of what stands there and `[links.*]` of the whole network, in TOML.

    An instrument of a link stands at the node of its end; one without a link at the node that its options name, or else
    its own name.

    Args:
        simulation: running, since its addresses are needed; its links name their nodes.
        poll_s: seconds between polls of every instrument.
        figures: per link, keys of its table besides those that follow from the optics, or in their place.

    Raises:
        ValueError: a link names no nodes.
    """
    ends = ends_of(simulation.scenario)
    tables = device_tables(simulation)
    places = {name: _place(name, section, ends) for name, section in simulation.scenario.instruments.items()}
    texts = {}
    for node in sorted({node for pair in ends.values() for node in pair}):
        here = [f"{tables[name]}poll_s = {poll_s}\n" for name, place in places.items() if place == node]
        links = [_link_table(simulation.scenario, name, node, (figures or {}).get(name, {})) for name in sorted(ends)]
        texts[node] = "\n".join([*here, *links])
    return texts


def _place(name: str, section: InstrumentSection, ends: Ends) -> str:
    if section.link is None:
        return str(section.options.get("node") or name)
    alice, bob = ends[section.link]
    return alice if _part(section)[1] == "alice" else bob


def _part(section: InstrumentSection) -> tuple[str, End]:
    if find_model(section.model).roles:
        end: End = "bob" if section.role == "bob" else "alice"
        return f"engine_{end}", end
    return PARTS[section.model]


def _link_table(scenario: Scenario, link: str, node: str, own: Mapping[str, Any]) -> str:
    section = scenario.links[link]
    values = {**_figures(section), **own, "alice": section.alice, "bob": section.bob}
    for name, instrument in scenario.instruments.items():
        if instrument.link == link:
            part, end = _part(instrument)
            if node == (section.alice if end == "alice" else section.bob):
                values[part] = name
    return f"[links.{link}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _figures(link: LinkSection) -> dict[str, Any]:
    """What the maker of the link would write down about its optics."""
    return {
        "wavelength_nm": link.wavelength_nm,
        "pulse_rate_hz": link.pulse_rate_hz,
        "operating_current_a": 0.04,
        "tap_ratio": 1 / link.tap_fraction,
        "fixed_loss_db": link.fixed_loss_db,
        "fibre_length_km": link.fibre_length_km,
        "receiver_loss_db": link.receiver_loss_db,
        "detector_efficiency": link.detectors[0].efficiency,
        "background_yield": sum(detector.dark_count_rate_hz for detector in link.detectors) * link.gate_s,
        "expected_qber_ppm": round(1e6 * (link.intrinsic_error + _ERROR_AFTER_SEARCH)),
        "alignment_pulses": max(_LEAST_ALIGNMENT_PULSES, round(_ALIGNMENT_S * link.pulse_rate_hz)),
    }

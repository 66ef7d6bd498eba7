"""A scenario of links between nodes, each with the same set of instruments at its ends."""

from collections.abc import Mapping
from typing import Any

_SETS: dict[str, dict[str, str]] = {
    "snspd-50km": {"laser": "thorlabs-cld101x", "voa": "keysight-n776x"},
    "ingaas-25km": {"laser": "koheron-ctl200", "voa": "jdsu-ha9"},
}


def linked_nodes(
    links: Mapping[str, tuple[str, str]],
    *,
    preset: str = "snspd-50km-demo",
    seed: int = 0,
    interval_s: float = 0.5,
    optics: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Tables for `scenario_of`: per link a laser, an attenuator, a tap, a polarisation controller and two engines.

    Args:
        links: name -> node of Alice's end, node of Bob's.
        preset: of every link.
        seed: of everything random.
        interval_s: seconds per session record.
        optics: per link, parameters that differ from the preset.
    """
    chosen = _SETS[preset.removesuffix("-demo")]
    tables: dict[str, Any] = {"seed": seed, "links": {}, "instruments": {}}
    engine: dict[str, Any] = {"model": "qkd-engine", "options": {"session": {"interval_s": interval_s}}}
    for link, (alice, bob) in links.items():
        tables["links"][link] = {"preset": preset, "alice": alice, "bob": bob, **(optics or {}).get(link, {})}
        parts: dict[str, dict[str, Any]] = {
            "laser": {"model": chosen["laser"]},
            "voa": {"model": chosen["voa"]},
            "tap": {"model": "thorlabs-pm100d"},
            "epc": {"model": "ozoptics-epc04"},
            "engine-alice": {**engine, "role": "alice"},
            "engine-bob": {**engine, "role": "bob"},
        }
        tables["instruments"] |= {f"{part}-{link}": {**section, "link": link} for part, section in parts.items()}
    return tables

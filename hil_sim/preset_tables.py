"""Tables of a scenario that begin with a preset and say only what differs from it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from hil_sim.scenario_problems import Place, Problem, did_you_mean


def over_preset(place: Place, own: Any, presets: Mapping[str, BaseModel], problems: list[Problem]) -> Any:
    """A table with the values of its `preset` below its own; one without a preset as it is.

    Args:
        place: of the table in the scenario.
        own: as read.
        presets: by name.
        problems: to which an unknown preset is added; another one stands in for it, so that the rest can be checked.
    """
    if not isinstance(own, Mapping) or "preset" not in own:
        return own
    preset = presets.get(str(own["preset"]))
    if preset is None:
        hint = did_you_mean(str(own["preset"]), presets)
        problems.append(Problem((*place, "preset"), f"unknown preset '{own['preset']}'", hint))
        preset = next(iter(presets.values()))
    return _merged(preset.model_dump(), {key: value for key, value in own.items() if key != "preset"})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables, the second over the first; a thing of another kind takes nothing over."""
    if above.get("kind", below.get("kind")) != below.get("kind"):
        return dict(above)
    both = dict(below)
    for key, value in above.items():
        under = both.get(key)
        both[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return both

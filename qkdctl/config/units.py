"""Units in key names and in values: `epoch_ms` for `epoch_s`, `"500 ms"` for 0.5, metres for nanometres."""

import re
from collections.abc import Callable, Iterable

#: Unit suffix -> (dimension, size in the base unit of the dimension, name for people).
_UNITS: dict[str, tuple[str, float, str]] = {
    "s": ("time", 1.0, "seconds"),
    "ms": ("time", 1e-3, "milliseconds"),
    "us": ("time", 1e-6, "microseconds"),
    "ns": ("time", 1e-9, "nanoseconds"),
    "min": ("time", 60.0, "minutes"),
    "h": ("time", 3600.0, "hours"),
    "a": ("current", 1.0, "amperes"),
    "ma": ("current", 1e-3, "milliamperes"),
    "ua": ("current", 1e-6, "microamperes"),
    "nm": ("length", 1e-9, "nanometres"),
    "um": ("length", 1e-6, "micrometres"),
    "m": ("length", 1.0, "metres"),
    "km": ("length", 1e3, "kilometres"),
    "hz": ("frequency", 1.0, "hertz"),
    "khz": ("frequency", 1e3, "kilohertz"),
    "mhz": ("frequency", 1e6, "megahertz"),
    "ghz": ("frequency", 1e9, "gigahertz"),
    "ppm": ("share", 1e-6, "parts per million"),
    "percent": ("share", 1e-2, "per cent"),
    "fraction": ("share", 1.0, "a fraction of one"),
    "db": ("ratio", 1.0, "decibels"),
    "mdb": ("ratio", 1e-3, "millidecibels"),
    "w": ("power", 1.0, "watts"),
    "mw": ("power", 1e-3, "milliwatts"),
    "uw": ("power", 1e-6, "microwatts"),
    "v": ("voltage", 1.0, "volts"),
    "mv": ("voltage", 1e-3, "millivolts"),
}
#: A value beyond its range by less than this factor is too large or too small, not in another unit.
_NEARLY = 1.5
_QUANTITY = re.compile(r"\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(%|[A-Za-z]+)?\s*")


def unit_of(key: str) -> str:
    """The unit suffix of a key, "" when it has none."""
    suffix = key.rpartition("_")[2]
    return suffix if suffix in _UNITS and suffix != key else ""


def unit_name(key: str) -> str:
    """The unit of a key for people, "" when it has none."""
    unit = unit_of(key)
    return _UNITS[unit][2] if unit else ""


def wrong_unit(key: str, value: object, known: Iterable[str]) -> str:
    """A hint when a key differs from a known one in its unit only, "" otherwise."""
    unit = unit_of(key)
    stem = key.removesuffix(f"_{unit}") if unit else key
    for candidate in known:
        own = unit_of(candidate)
        if not own or candidate.removesuffix(f"_{own}") != stem or candidate == key:
            continue
        if not unit:
            return f"did you mean {candidate}? The key names its unit, {unit_name(candidate)}"
        if _UNITS[unit][0] != _UNITS[own][0]:
            continue
        hint = f"did you mean {candidate}? It is in {unit_name(candidate)}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            hint += f": {candidate} = {_converted(value, unit, own)}"
        return hint
    return ""


def quantity_hint(key: str, text: str) -> str:
    """A hint when a text stands where a number with a unit is wanted: `"500 ms"`, `"5"`."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return ""
    number, unit = match.group(1), (match.group(2) or "").lower().replace("%", "percent")
    own = unit_of(key)
    if not unit:
        return f"write the number without quotes: {key} = {number}"
    if own and unit in _UNITS and _UNITS[unit][0] == _UNITS[own][0]:
        return f"{key} is a plain number in {unit_name(key)}: {key} = {_converted(float(number), unit, own)}"
    return ""


def scale_hint(key: str, value: float, admits: Callable[[float], bool]) -> str:
    """A hint when a value out of range would be in range had it been meant in another unit."""
    own = unit_of(key)
    if not own or value == 0 or admits(value / _NEARLY) or admits(value * _NEARLY):
        return ""
    for unit, (dimension, size, name) in _UNITS.items():
        if unit == own or dimension != _UNITS[own][0]:
            continue
        if admits(value * size / _UNITS[own][1]):
            return f"{value:g} looks like {name}; in {unit_name(key)} that is {key} = {_converted(value, unit, own)}"
    return ""


def _converted(value: float, unit: str, own: str) -> str:
    return f"{value * _UNITS[unit][1] / _UNITS[own][1]:.12g}"

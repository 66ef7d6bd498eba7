"""Drivers, found by entry point."""

import difflib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from qkdctl.devices.device import Device

GROUP = "qkdctl.drivers"


def _points() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def driver_names() -> list[str]:
    """Names of all registered drivers, sorted; nothing is imported."""
    return sorted(_points())


def driver_class(name: str) -> type[Device]:
    """Import a driver.

    Raises:
        LookupError: no such driver is registered; the message suggests near names.
        ImportError: the package that registers it does not import.
        TypeError: what it registers is no Device.
    """
    point = _points().get(name)
    if point is None:
        near = difflib.get_close_matches(name, driver_names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"registered are {', '.join(driver_names())}"
        raise LookupError(f"no driver {name!r}; {hint}")
    loaded = point.load()
    if not (isinstance(loaded, type) and issubclass(loaded, Device)):
        raise TypeError(f"driver {name!r}: {point.value} is no qkdctl.devices.Device")
    return loaded

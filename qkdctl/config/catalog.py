"""The drivers that a configuration may name; a driver is imported only when one of its devices is checked."""

from typing import Protocol

from qkdctl.devices.device import Device
from qkdctl.devices.registry import driver_class, driver_names


class DriverCatalog(Protocol):
    """Registered drivers."""

    def names(self) -> list[str]:
        """All names, sorted; imports nothing."""

    def load(self, name: str) -> type[Device]:
        """The driver of a name; may raise whatever its module raises on import."""


class EntryPointCatalog:
    """The drivers that installed packages register in the entry-point group `qkdctl.drivers`."""

    def names(self) -> list[str]:
        """All names, sorted; imports nothing."""
        return driver_names()

    def load(self, name: str) -> type[Device]:
        """Import a driver."""
        return driver_class(name)

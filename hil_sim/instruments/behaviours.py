"""What an instrument may offer beyond its wire interface."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Moving(Protocol):
    """An instrument whose effect on the light changes while it moves or warms up."""

    def update_link(self) -> None:
        """Show the link where the instrument is at this moment; called every few milliseconds."""


@runtime_checkable
class Disturbable(Protocol):
    """An instrument to which something may happen from outside, such as a door that opens its interlock."""

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """What may happen, by the name that scenarios and the command line use."""

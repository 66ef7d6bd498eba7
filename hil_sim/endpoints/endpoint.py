"""What every endpoint of a simulated instrument offers, whatever it is made of."""

from typing import Protocol

from hil_sim.endpoints.faults import FaultPlan


class Endpoint(Protocol):
    """A place where clients reach one simulated instrument."""

    @property
    def name(self) -> str:
        """Name of the instrument in its scenario."""

    @property
    def address(self) -> str:
        """Where a client finds it, in the form `qkdctl` takes; known once started."""

    @property
    def faults(self) -> FaultPlan:
        """Faults between the instrument and the wire."""

    async def start(self) -> None:
        """Open the endpoint for clients."""

    async def stop(self) -> None:
        """Close the endpoint and every connection; leaves no task behind. Stopping twice is allowed."""

    async def unplug(self) -> None:
        """Pull the cable: connections break and new ones are refused. Nothing happens when already unplugged."""

    async def replug(self) -> None:
        """Put the cable back at the same address. Nothing happens when plugged in."""

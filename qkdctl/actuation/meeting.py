"""Two daemons, one engine each: meeting in alignment, and parting, by what the engines know of each other."""

from dataclasses import dataclass
from typing import cast

from qkdctl.actuation.roles import NotReadyError, usable
from qkdctl.clock import Clock
from qkdctl.devices.device import Device
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.kinds import QkdEngineDevice
from qkdctl.devices.supervisor import Supervisor

_LOOK_S = 0.1
#: Long enough for the other end, which looks this often, to see that we have met.
_SEEN_S = 5 * _LOOK_S


class PeerAbsentError(DeviceError):
    """The engine of the other end did not come into alignment, or left it too early."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an end waits for the other one.

    Attributes:
        meeting_s: seconds for it to come into alignment.
        limit_s: seconds that the search may take once both are there.
    """

    meeting_s: float
    limit_s: float


class Peer:
    """The other end's engine as one's own engine knows it.

    Args:
        engine: one's own.
        clock: to wait by.

    Raises:
        NotReadyError: the engine is not online, or its driver cannot tell what the other one does.
    """

    def __init__(self, engine: Supervisor, clock: Clock) -> None:
        device = usable(engine, "re-alignment")
        if all(attribute.name != "peer_mode" for attribute in device.attributes):
            raise NotReadyError(f"{device.name} does not tell what the other end does, so it cannot be aligned with it")
        self._device = device
        self._clock = clock

    async def aligning(self) -> bool:
        """Whether it is in alignment now."""
        return bool(await self._device.read("peer_mode") == "alignment")

    async def met(self, within_s: float) -> None:
        """Wait until it is in alignment.

        Raises:
            PeerAbsentError: not in time.
        """
        if not await self._becomes(aligning=True, within_s=within_s):
            raise PeerAbsentError(
                f"the other end of {self._device.name} did not come into alignment within {within_s:g} s"
            )

    async def left(self, within_s: float) -> None:
        """Wait until it has left the alignment.

        Raises:
            PeerAbsentError: not in time.
        """
        if not await self._becomes(aligning=False, within_s=within_s):
            raise PeerAbsentError(f"the other end of {self._device.name} did not leave alignment within {within_s:g} s")

    async def seen(self) -> None:
        """Stay until the other end has surely noticed."""
        await self._clock.sleep(_SEEN_S)

    async def _becomes(self, *, aligning: bool, within_s: float) -> bool:
        deadline = self._clock.monotonic() + within_s
        while await self.aligning() is not aligning:
            if self._clock.monotonic() >= deadline:
                return False
            await self._clock.sleep(_LOOK_S)
        return True


def engine_device(engine: Supervisor) -> QkdEngineDevice:
    """The engine, ready for use.

    Raises:
        NotReadyError: it is not online.
    """
    device: Device = usable(engine, "re-alignment")
    return cast("QkdEngineDevice", device)

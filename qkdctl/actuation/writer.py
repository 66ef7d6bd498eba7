"""The leave of one operation to move the instruments of its link, and how it is taken away."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from qkdctl.actuation.roles import usable
from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.supervisor import Supervisor


class WithdrawnError(DeviceError):
    """Something that counts more has ended the operation; it writes nothing any more."""


class Writer:
    """Writes for one operation until its leave is withdrawn.

    To cancel an operation is to ask it to end, and a driver may hear that late or swallow it. To withdraw its leave is
    not to ask: nothing is written through this object from then on. Use it inside `holding`.
    """

    def __init__(self) -> None:
        self._withdrawn = False

    @property
    def withdrawn(self) -> bool:
        """The operation has been ended."""
        return self._withdrawn

    def withdraw(self) -> None:
        """Write nothing from now on."""
        self._withdrawn = True

    def check(self) -> None:
        """Nothing, as long as the operation may go on.

        Raises:
            WithdrawnError: it may not.
        """
        if self._withdrawn:
            raise WithdrawnError("the operation was ended by an order or by the watch over its light")

    @asynccontextmanager
    async def holding(self, supervisors: Iterable[Supervisor]) -> AsyncIterator[None]:
        """Let nobody else write to these devices, nor judge them half-way by set-points committed meanwhile."""
        async with AsyncExitStack() as stack:
            for supervisor in supervisors:
                await stack.enter_async_context(supervisor.writing)
            self.check()
            yield

    async def set(self, supervisor: Supervisor, name: str, value: Value) -> Value:
        """Write one attribute and show it by read-back; returns what was read back.

        Raises:
            WithdrawnError: the operation was ended; nothing was written.
            NotReadyError: the device is not online.
            OutOfRangeError, InstrumentError, ReadBackError, TransportError: see `Device.write_verified`.
        """
        device = usable(supervisor, f"setting {name}")
        self.check()
        seen = await device.write_verified(name, value)
        supervisor.note(name, seen)
        return seen

    async def apply(self, supervisor: Supervisor, set_points: SetPoints, name: str) -> None:
        """Write one attribute as the set-points have it; nothing when they do not name it."""
        key = (supervisor.device.name, name)
        if key in set_points:
            await self.set(supervisor, name, set_points[key])

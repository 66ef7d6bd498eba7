"""Status registers of IEEE 488.2 and SCPI."""

from collections.abc import Callable

from hil_sim.scpi.command import Command
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.values import Integer

OPERATION_COMPLETE = 1 << 0
QUERY_ERROR = 1 << 2
DEVICE_ERROR = 1 << 3
EXECUTION_ERROR = 1 << 4
COMMAND_ERROR = 1 << 5
POWER_ON = 1 << 7


def event_bit(error: ScpiError) -> int:
    """The bit of the event status register that an error sets, by its class (SCPI-99 volume 2, 21.8)."""
    if -200 < error.code <= -100:
        return COMMAND_ERROR
    if -300 < error.code <= -200:
        return EXECUTION_ERROR
    if -500 < error.code <= -400:
        return QUERY_ERROR
    return DEVICE_ERROR


class ConditionRegister:
    """A condition and the events of its bits that went from 0 to 1, such as `STATus:OPERation`."""

    def __init__(self, condition: Callable[[], int]) -> None:
        """Watch `condition`; it is looked at after each command and at each query of the register."""
        self._condition = condition
        self._seen = 0
        self._events = 0
        self.enabled = 0

    def latch(self) -> None:
        """Remember the bits that have risen since the last look."""
        now = self._condition()
        self._events |= now & ~self._seen
        self._seen = now

    def condition(self) -> int:
        """The bits as they are now."""
        self.latch()
        return self._seen

    def take_events(self) -> int:
        """The bits that have risen since the last call."""
        self.latch()
        events, self._events = self._events, 0
        return events

    def clear(self) -> None:
        """Forget the events."""
        self._events = 0

    @property
    def summary(self) -> bool:
        """Whether an enabled event is waiting."""
        self.latch()
        return bool(self._events & self.enabled)

    def commands(self, header: str) -> tuple[Command, ...]:
        """The commands of this register below `header`, e.g. `STATus:OPERation`."""

        def enable(value: int) -> None:
            self.enabled = value

        bits = Integer(0, 0xFFFF)
        return (
            Command(f"{header}[:EVENt]", bits, get=self.take_events),
            Command(f"{header}:CONDition", bits, get=self.condition),
            Command(f"{header}:ENABle", bits, get=lambda: self.enabled, set=enable),
        )

"""Status registers of IEEE 488.2 and SCPI."""

from collections.abc import Callable
from functools import partial

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
    """A condition and the events of its bits, such as `STATus:OPERation` (SCPI-99 volume 1, 9.1)."""

    def __init__(self, condition: Callable[[], int]) -> None:
        """Watch `condition`; it is looked at after each command and at each query of the register."""
        self._condition = condition
        self._seen = 0
        self._events = 0
        self.preset()

    def preset(self) -> None:
        """Enable nothing; take rising bits as events and falling ones not."""
        self._enabled = 0
        self._rising = 0x7FFF
        self._falling = 0

    def latch(self) -> None:
        """Remember the events since the last look."""
        now = self._condition()
        self._events |= (now & ~self._seen & self._rising) | (~now & self._seen & self._falling)
        self._seen = now

    def condition(self) -> int:
        """The bits as they are now."""
        self.latch()
        return self._seen

    def take_events(self) -> int:
        """The events since the last call."""
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
        return bool(self._events & self._enabled)

    def commands(self, header: str) -> tuple[Command, ...]:
        """The commands of this register below `header`, e.g. `STATus:OPERation`."""
        bits = Integer(0, 0xFFFF)
        return (
            Command(f"{header}[:EVENt]", bits, get=self.take_events),
            Command(f"{header}:CONDition", bits, get=self.condition),
            *(
                Command(f"{header}:{node}", bits, get=partial(getattr, self, field), set=partial(setattr, self, field))
                for node, field in (
                    ("ENABle", "_enabled"),
                    ("PTRansition", "_rising"),
                    ("NTRansition", "_falling"),
                )
            ),
        )

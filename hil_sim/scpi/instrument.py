"""Base of the simulated SCPI instruments: common commands, error queue and status (IEEE 488.2, SCPI-99)."""

from abc import abstractmethod
from collections.abc import Callable, Sequence

from hil_sim.endpoints.base import Conversation, Instrument
from hil_sim.scpi.command import Command
from hil_sim.scpi.conversation import ScpiConversation
from hil_sim.scpi.errors import ErrorQueue, ScpiError, quoted
from hil_sim.scpi.parser import Parser, Unit
from hil_sim.scpi.status import OPERATION_COMPLETE, POWER_ON, ConditionRegister, event_bit
from hil_sim.scpi.tree import CommandTree
from hil_sim.scpi.values import Integer, Kind
from qkdctl.clock import Clock

_BYTE = Integer(0, 255)


class ScpiInstrument(Instrument):
    """An instrument that speaks SCPI; subclasses bring their command table and their state.

    Time that a handler sees is `now()`: after `*WAI` it lies ahead of the clock by the work still pending, and the
    replies of the message leave with that delay, so that waiting blocks nothing else.
    """

    def __init__(
        self,
        clock: Clock,
        identity: str,
        *,
        queue_depth: int = 30,
        error_style: Callable[[int, str], str] = quoted,
        version: str = "1999.0",
        terminator: str = "\n",
    ) -> None:
        """Switch on.

        Args:
            clock: source of time.
            identity: reply to `*IDN?`.
            queue_depth: entries of the error queue.
            error_style: how `SYST:ERR?` writes an entry.
            version: reply to `SYST:VERS?`.
            terminator: end of every reply.
        """
        self._clock = clock
        self._identity = identity
        self._version = version
        self._terminator = terminator
        self._ahead_s = 0.0
        self._events = POWER_ON
        self._event_enable = 0
        self._service_enable = 0
        self._complete_at_s: float | None = None
        self.errors = ErrorQueue(queue_depth, error_style)
        self._operation = ConditionRegister(self.operation_condition)
        self._questionable = ConditionRegister(self.questionable_condition)
        self._parser = Parser(CommandTree((*self._common_commands(), *self.commands())))

    @abstractmethod
    def commands(self) -> Sequence[Command]:
        """The instrument's own command table."""

    @abstractmethod
    def reset(self) -> None:
        """Obey `*RST`."""

    def pending_s(self) -> float:
        """Seconds of work that `*OPC` and `*WAI` wait for, from `now()`."""
        return 0.0

    def self_test(self) -> int:
        """Result of `*TST?`; 0 when passed."""
        return 0

    def operation_condition(self) -> int:
        """Bits of `STATus:OPERation:CONDition`."""
        return 0

    def questionable_condition(self) -> int:
        """Bits of `STATus:QUEStionable:CONDition`."""
        return 0

    def now(self) -> float:
        """Monotonic seconds at which the current command takes effect."""
        return self._clock.monotonic() + self._ahead_s

    def converse(self) -> Conversation:
        """A parser of its own for each connection; queue and status are the instrument's."""
        return ScpiConversation(self, self._clock, self._parser, self._terminator)

    def power_cycle(self) -> None:
        """Reset, with an empty error queue and fresh status."""
        self.errors.clear()
        self._clear_status()
        self._events = POWER_ON
        self._event_enable = 0
        self._service_enable = 0
        self._preset_status()
        self.reset()

    def perform(self, unit: Unit) -> str | None:
        """Obey one unit of a message; the answer of a query.

        Raises:
            ScpiError: when the instrument refuses.
        """
        if unit.query:
            return self._answer(unit)
        self._obey(unit)
        self._operation.latch()
        self._questionable.latch()
        return None

    def report(self, error: ScpiError) -> None:
        """Queue an error and set its bit of the event status register."""
        self.errors.push(error)
        self._events |= event_bit(error)

    def run_ahead(self, seconds: float) -> None:
        """Set how far `now()` lies ahead of the clock."""
        self._ahead_s = seconds

    @property
    def ahead_s(self) -> float:
        """How far `now()` lies ahead of the clock."""
        return self._ahead_s

    def _answer(self, unit: Unit) -> str:
        command = unit.command
        if command.get is None:
            raise ScpiError(-113)
        if command.ask is not None:
            asked = command.ask.parse(_parameter(command.ask, unit.parameters), unit.suffixes)
            value = command.get(*unit.suffixes, asked)
        elif unit.parameters:
            if command.kind is None or len(unit.parameters) > 1:
                raise ScpiError(-108)
            value = command.kind.bound(unit.parameters[0], unit.suffixes)
        else:
            value = command.get(*unit.suffixes)
        return str(value) if command.kind is None else command.kind.write(value)

    def _obey(self, unit: Unit) -> None:
        command = unit.command
        if command.set is None:
            raise ScpiError(-113)
        if command.kind is None:
            if unit.parameters:
                raise ScpiError(-108)
            command.set(*unit.suffixes)
        else:
            text = _parameter(command.kind, unit.parameters)
            command.set(*unit.suffixes, command.kind.parse(text, unit.suffixes))

    def _common_commands(self) -> Sequence[Command]:
        return (
            Command("*IDN", get=lambda: self._identity),
            Command("*RST", set=self.reset),
            Command("*CLS", set=self._clear_status),
            Command("*ESR", _BYTE, get=self._take_events),
            Command("*ESE", _BYTE, get=lambda: self._event_enable, set=self._enable_events),
            Command("*SRE", _BYTE, get=lambda: self._service_enable, set=self._enable_service),
            Command("*STB", _BYTE, get=self.status_byte),
            Command("*OPC", get=self._wait_and_confirm, set=self._announce_completion),
            Command("*WAI", set=self._wait),
            Command("*TST", get=self.self_test),
            Command("SYSTem:ERRor[:NEXT]", get=self.errors.pop),
            Command("SYSTem:ERRor:ALL", get=self.errors.pop_all),
            Command("SYSTem:ERRor:COUNt", get=lambda: len(self.errors)),
            Command("SYSTem:VERSion", get=lambda: self._version),
            Command("STATus:PRESet", set=self._preset_status),
            *self._operation.commands("STATus:OPERation"),
            *self._questionable.commands("STATus:QUEStionable"),
        )

    def status_byte(self) -> int:
        """Bits 2 error queue, 3 questionable, 5 event status, 6 master summary, 7 operation."""
        self._note_completion()
        bits = (
            (4 if len(self.errors) else 0)
            | (8 if self._questionable.summary else 0)
            | (32 if self._events & self._event_enable else 0)
            | (128 if self._operation.summary else 0)
        )
        return bits | (64 if bits & self._service_enable else 0)

    def _take_events(self) -> int:
        self._note_completion()
        events, self._events = self._events, 0
        return events

    def _enable_events(self, value: int) -> None:
        self._event_enable = value

    def _enable_service(self, value: int) -> None:
        # Bit 6 is the summary itself and cannot be enabled (IEEE 488.2, 11.3.2.3).
        self._service_enable = value & ~64

    def _clear_status(self) -> None:
        self.errors.clear()
        self._events = 0
        self._complete_at_s = None
        self._operation.clear()
        self._questionable.clear()

    def _preset_status(self) -> None:
        self._operation.preset()
        self._questionable.preset()

    def _announce_completion(self) -> None:
        self._complete_at_s = self.now() + self.pending_s()

    def _note_completion(self) -> None:
        if self._complete_at_s is not None and self.now() >= self._complete_at_s:
            self._complete_at_s = None
            self._events |= OPERATION_COMPLETE

    def _wait(self) -> None:
        self._ahead_s += self.pending_s()

    def _wait_and_confirm(self) -> str:
        self._wait()
        return "1"


def _parameter(kind: Kind, written: tuple[str, ...]) -> str:
    """The one parameter that a command takes."""
    text = ",".join(written)
    if not text:
        raise ScpiError(-109)
    if len(written) > 1 and not kind.takes_all:
        raise ScpiError(-108)
    return text

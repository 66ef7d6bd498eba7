"""Koheron CTL200 laser diode controller on a USB serial line (115200 8N1).

A command ends with CR LF. The controller echoes it as a line, answers with one line, for settings too, and then prompts
with `>>` without a line end. A command without argument queries. NUL bytes may appear in front of the answer.

A pseudo-terminal has no speed, so `brate` changes what it reports and nothing else.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.instruments.koheron_ctl200_state import (
    MAX_CURRENT_MA,
    NUMBERS,
    ArgumentRefusedError,
    Ctl200Error,
    Ctl200Settings,
    LaserController,
    LaserPlace,
)
from hil_sim.instruments.laser_diode import Diode
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.text_lines import LineReader
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

LONGEST_COMMAND = 64
LONGEST_USER_DATA = 31


@dataclass(frozen=True, slots=True)
class Ctl200Unit:
    """One controller with its diode, as delivered.

    Attributes:
        serial_number: answer to `serial`.
        ilmax_ma: current limit in the permanent memory, at most 1000 mA.
        threshold_ma, slope_w_per_a: of the diode at 25 degrees Celsius.
        answer_s: time from the end of a command to its answer and prompt.
        nul_bytes: whether a NUL byte precedes each answer.
    """

    serial_number: str = "0000000001"
    ilmax_ma: float = 200.0
    threshold_ma: float = 10.0
    slope_w_per_a: float = 0.25
    answer_s: float = 0.002
    nul_bytes: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.ilmax_ma <= MAX_CURRENT_MA:
            raise ValueError(f"ilmax_ma must lie in 0..{MAX_CURRENT_MA:g} mA, got {self.ilmax_ma:g}")
        if min(self.threshold_ma, self.slope_w_per_a, self.answer_s) < 0:
            raise ValueError("threshold_ma, slope_w_per_a and answer_s must not be negative")


class KoheronCtl200(Instrument):
    """One controller behind its serial line.

    Attributes:
        state: diode, cooler and protections.
    """

    def __init__(
        self,
        clock: Clock,
        unit: Ctl200Unit | None = None,
        *,
        link: LaserPlace | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on."""
        self._clock = clock
        self._unit = unit or Ctl200Unit()
        self.state = LaserController(
            clock,
            serial_number=self._unit.serial_number,
            diode=Diode(threshold_ma=self._unit.threshold_ma, slope_w_per_a=self._unit.slope_w_per_a),
            settings=Ctl200Settings(ilmax=self._unit.ilmax_ma),
            link=link,
            trace=trace,
        )

    def converse(self) -> Conversation:
        """Open the serial line."""
        return _SerialLine(self.state, self._clock, self._unit)

    def power_cycle(self) -> None:
        """Return to the saved settings."""
        self.state.power_cycle()

    def update_link(self) -> None:
        """Trip protections and show the link what the diode emits."""
        self.state.update_link()

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """The laboratory's interlock loop."""
        return {"open-interlock": self.state.open_interlock, "close-interlock": self.state.close_interlock}


class _SerialLine(Conversation):
    """The commands of the serial line."""

    def __init__(self, state: LaserController, clock: Clock, unit: Ctl200Unit) -> None:
        self._state = state
        self._clock = clock
        self._answer_s = unit.answer_s
        self._nul = b"\x00" if unit.nul_bytes else b""
        self._lines = LineReader(LONGEST_COMMAND)
        self._prompt_due_s = clock.monotonic()

    def received(self, data: bytes) -> Sequence[Reply]:
        return [reply for line in self._lines.feed(data) for reply in self._answer(line)]

    def _answer(self, line: bytes) -> Sequence[Reply]:
        now_s = self._clock.monotonic()
        if now_s < self._prompt_due_s:
            self._state.errors |= Ctl200Error.COMMAND_BEFORE_PROMPT
        self._prompt_due_s = max(self._prompt_due_s, now_s) + self._answer_s
        self._state.update_link()
        value = self._execute(line)
        text = b"" if value is None else self._nul + value.encode("latin-1") + b"\r\n"
        return Reply(line + b"\r\n"), Reply(text + b">>", self._prompt_due_s - now_s)

    def _execute(self, line: bytes) -> str | None:
        if len(line) > LONGEST_COMMAND:
            self._state.errors |= Ctl200Error.UART_OVERFLOW
            return None
        name, _, argument = line.decode("latin-1").strip().partition(" ")
        if not name:
            return None
        command = _COMMANDS.get(name)
        if command is None:
            self._state.errors |= Ctl200Error.UNKNOWN_COMMAND
            return "unknown command"
        return command(self._state, argument.strip())


_Command = Callable[[LaserController, str], str]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_SWITCH = re.compile("[01]")
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


def _setting(name: str, written: re.Pattern[str], form: str) -> _Command:
    """Set with an argument, then show what holds."""

    def command(state: LaserController, argument: str) -> str:
        if argument:
            try:
                state.change(name, _read(written, argument))
            except ArgumentRefusedError:
                state.errors |= Ctl200Error.BAD_ARGUMENT
        return format(getattr(state.settings, name), form)

    return command


def _read(written: re.Pattern[str], argument: str) -> float | int:
    if written.fullmatch(argument) is None:
        raise ArgumentRefusedError(f"expected {written.pattern}, got {argument!r}")
    return float(argument) if written is _NUMBER else int(argument)


def _reading(show: Callable[[LaserController], str]) -> _Command:
    """A command that takes no argument."""

    def command(state: LaserController, argument: str) -> str:
        if argument:
            state.errors |= Ctl200Error.BAD_ARGUMENT
        return show(state)

    return command


def _measurement(measure: Callable[[LaserController], float]) -> _Command:
    return _reading(lambda state: f"{measure(state):.3f}")


def _user_data(state: LaserController, argument: str) -> str:
    verb, _, text = argument.partition(" ")
    if verb == "write":
        state.change("userdata", text[:LONGEST_USER_DATA])
    elif verb:
        state.errors |= Ctl200Error.BAD_ARGUMENT
    return state.settings.userdata


def _status(state: LaserController) -> str:
    values = (
        state.voltage_v(),
        state.cooler_a(),
        state.cooler_v(),
        state.resistance_ohm(),
        state.monitor_ma(),
        state.inputs.ain1_v,
        state.inputs.ain2_v,
    )
    return " ".join((f"{state.settings.lason:d}", *(f"{value:.3f}" for value in values)))


def _save(state: LaserController) -> str:
    state.save()
    return "config saved"


def _clear_errors(state: LaserController) -> str:
    # The controller answers with the mask of bits that it cleared.
    state.errors = Ctl200Error(0)
    return "ffffffff"


_COMMANDS: dict[str, _Command] = {
    **{name: _setting(name, _SWITCH, "d") for name in ("lason", "tecon", "tprot", "lckon")},
    **{name: _setting(name, _NUMBER, ".3f") for name in NUMBERS},
    "brate": _setting("brate", _WHOLE, "d"),
    "vlaser": _measurement(LaserController.voltage_v),
    "iphd": _measurement(LaserController.monitor_ma),
    "itec": _measurement(LaserController.cooler_a),
    "vtec": _measurement(LaserController.cooler_v),
    "rtact": _measurement(LaserController.resistance_ohm),
    "ain1": _measurement(lambda state: state.inputs.ain1_v),
    "ain2": _measurement(lambda state: state.inputs.ain2_v),
    "tboard": _measurement(lambda state: state.inputs.board_c),
    "status": _reading(_status),
    "version": _reading(lambda _: "v0.17"),
    "model": _reading(lambda _: "CTL200-0"),
    "serial": _reading(lambda state: state.serial_number),
    "err": _reading(lambda state: f"{state.errors:x}"),
    "errclr": _reading(_clear_errors),
    "save": _reading(_save),
    "userdata": _user_data,
}


def _build(around: Surroundings) -> KoheronCtl200:
    return KoheronCtl200(around.clock, around.unit, link=around.link, trace=around.trace)


MODEL = SimulatorModel(
    name="koheron-ctl200",
    title="Koheron CTL200 laser diode controller",
    build=_build,
    unit=Ctl200Unit,
    transports=("pty", "tcp"),
    baud=115_200,
    usb_name="Koheron_CTL200",
)

"""OZ Optics DD-100-MC motor-driven variable attenuator on a serial line (9600 8N1).

A command ends with CR or CR LF. A reply is some lines, then `Done`, then an empty line, each ended by CR LF, and
comes when the motor has arrived. A command that fails answers `Error-n` in place of its lines:

-2  bad command, or a move while the home position is unknown; nothing moves
-5  home sensor
-6  overflow: a value outside the range of the unit, or a line too long
-7  motor voltage
"""

import re
from collections.abc import Callable, Mapping, Sequence

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.ozoptics_dd100mc_state import AttenuatorPlace, Dd100McUnit, Fault, UnitError, WedgeAttenuator
from hil_sim.instruments.text_lines import LineReader
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

LONGEST_COMMAND = 32


class OzOpticsDd100Mc(Instrument):
    """One attenuator behind its serial line.

    Attributes:
        state: shutter, motor and step count.
    """

    def __init__(
        self,
        clock: Clock,
        unit: Dd100McUnit | None = None,
        *,
        link: AttenuatorPlace | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on, the shutter resting at the dark end of its travel."""
        self.state = WedgeAttenuator(clock, unit, link=link, trace=trace)

    def converse(self) -> Conversation:
        """Open the serial line."""
        return _SerialLine(self.state)

    def power_cycle(self) -> None:
        """Stop the motor where it is and lose the step count."""
        self.state.power_cycle()

    def update_link(self) -> None:
        """Show the link where the shutter is."""
        self.state.update_link()

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """Defects, and their repair."""
        return {
            "break-home-sensor": self.state.break_home_sensor,
            "raise-motor-voltage": self.state.raise_motor_voltage,
            "repair": self.state.repair,
        }


class _SerialLine(Conversation):
    """The commands of the serial line."""

    def __init__(self, state: WedgeAttenuator) -> None:
        self._state = state
        self._lines = LineReader(LONGEST_COMMAND)
        self._echo = False
        self._last: list[str] = []

    def received(self, data: bytes) -> Sequence[Reply]:
        replies: list[Reply] = []
        for byte in data:
            character = bytes((byte,))
            if self._echo:
                replies.append(Reply(character))
            replies += [self._answer(line) for line in self._lines.feed(character) if line]
        return replies

    def _answer(self, line: bytes) -> Reply:
        command = line.decode("latin-1").upper()
        try:
            lines = self._execute(command)
        except UnitError as error:
            lines = [str(error)]
        self._state.update_link()
        if command != "RES?":
            self._last = lines
        data = "".join(f"{text}\r\n" for text in (*lines, "Done", ""))
        return Reply(data.encode(), self._state.busy_s())

    def _execute(self, command: str) -> list[str]:
        if len(command) > LONGEST_COMMAND:
            raise UnitError(Fault.OVERFLOW)
        if command in ("E0", "E1"):
            self._echo = command == "E1"
            return []
        if command == "RES?":
            return self._last
        if command == "RST":
            self._echo = False
        for pattern, handler in _COMMANDS:
            match = pattern.fullmatch(command)
            if match is not None:
                return handler(self._state, *match.groups())
        raise UnitError(Fault.BAD_COMMAND)


def _position(steps: int) -> list[str]:
    return [f"Pos:{steps}"]


def _query_attenuation(state: WedgeAttenuator) -> list[str]:
    attenuation_db = state.attenuation_db()
    return ["Atten: unknown" if attenuation_db is None else f"Atten: {attenuation_db:.2f}"]


def _query_position(state: WedgeAttenuator) -> list[str]:
    return _position(state.steps()) if state.homed else ["Pos:unknown"]


def _display(state: WedgeAttenuator) -> list[str]:
    attenuation_db = state.attenuation_db()
    if attenuation_db is None:
        return ["DPos:unknown", "ATTEN:unknown"]
    return [f"DPos:{state.steps()}", f"ATTEN:{attenuation_db:.2f}"]


def _home(state: WedgeAttenuator) -> list[str]:
    return [f"Diff={state.home()}"]


def _restart(state: WedgeAttenuator) -> list[str]:
    state.restart()
    return []


def _choose_wavelength(state: WedgeAttenuator, value: str) -> list[str]:
    state.choose_wavelength(int(value))
    return []


def _set_insertion_loss(state: WedgeAttenuator, value: str) -> list[str]:
    state.set_insertion_loss(float(value))
    return []


_DECIBEL = r"(\d{1,3}(?:\.\d{0,2})?)"
_STEPS = r"(\d{1,6})"
_COMMANDS: tuple[tuple[re.Pattern[str], Callable[..., list[str]]], ...] = tuple(
    (re.compile(pattern), handler)
    for pattern, handler in (
        (r"A\?", _query_attenuation),
        (f"A{_DECIBEL}", lambda state, value: _position(state.attenuate(float(value)))),
        (r"D", _display),
        (r"S\?", _query_position),
        (f"S{_STEPS}", lambda state, value: _position(state.move_to(int(value)))),
        (rf"S\+{_STEPS}", lambda state, value: _position(state.move_to(state.steps() + int(value)))),
        (f"S-{_STEPS}", lambda state, value: _position(state.move_to(state.steps() - int(value)))),
        (r"F", lambda state: _position(state.move_to(state.steps() + 1))),
        (r"B", lambda state: _position(state.move_to(state.steps() - 1))),
        (r"H", _home),
        (r"CD", WedgeAttenuator.configuration),
        (r"W(\d{3,4})", _choose_wavelength),
        (f"L{_DECIBEL}", _set_insertion_loss),
        (r"RST", _restart),
    )
)


def _build(around: Surroundings) -> OzOpticsDd100Mc:
    return OzOpticsDd100Mc(around.clock, around.unit, link=around.link, trace=around.trace)


MODEL = SimulatorModel(
    name="ozoptics-dd100mc",
    title="OZ Optics DD-100-MC optical attenuator",
    build=_build,
    unit=Dd100McUnit,
    transports=("pty", "tcp"),
    usb_name="OZ_Optics_DD-100-MC",
)

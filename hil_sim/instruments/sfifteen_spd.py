"""S-Fifteen single-photon detector on a USB serial line.

Lines end with CR LF. A setting `<name> <value>` is obeyed without an answer, `<name>?` answers its value; `counts?`
answers when the integration time is over. What the detector does not know, or a value outside its range, goes
unanswered.
"""

import math
import re
from dataclasses import dataclass, fields, replace
from typing import Any

from hil_sim.endpoints.base import Conversation, Instrument
from hil_sim.instruments.detectors_place import AVALANCHE_DIODE, DarkDetectors, DetectorsPlace
from hil_sim.instruments.integration import Integration, PulseInputs
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.sfifteen_line import BlockingLine
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

AMBIENT_C = 24.0
COOLING_S = 20.0


@dataclass(frozen=True, slots=True)
class SpdSettings:
    """Settings that `save` keeps, with the names of the commands.

    Attributes:
        hvolt: bias of the avalanche diode in volts; below breakdown it counts nothing.
        threshvolt: discriminator threshold in volts.
        constp, consti: gains of the temperature control.
        loop: temperature control on (1) or off (0).
        pvolt: drive of the cooler in volts while the control is off.
        time: integration time in milliseconds.
        settemp: temperature set point in degrees Celsius.
        delay: dead time of the output in nanoseconds.
    """

    hvolt: float = 195.0
    threshvolt: float = 0.1
    constp: float = 0.3
    consti: float = 0.02
    loop: int = 1
    pvolt: float = 0.0
    time: int = 1000
    settemp: float = -20.0
    delay: int = 1000


@dataclass(frozen=True, slots=True)
class SpdUnit:
    """One detector as delivered.

    Attributes:
        serial_number: in its identity.
        channel: which detector of the link it is, 0 or 1.
        breakdown_v: bias at which the diode begins to count.
    """

    serial_number: str = "SIM00001"
    channel: int = 0
    breakdown_v: float = 180.0

    def __post_init__(self) -> None:
        if self.channel not in {0, 1}:
            raise ValueError(f"channel must be 0 or 1, got {self.channel}")


class SFifteenSpd(Instrument):
    """State of one detector.

    Attributes:
        settings: present settings.
    """

    def __init__(
        self,
        clock: Clock,
        unit: SpdUnit | None = None,
        *,
        place: DetectorsPlace | None = None,
        trace: Trace = no_trace,
        seed: int = 0,
    ) -> None:
        """Switch on, at ambient temperature."""
        self.clock = clock
        self.unit = unit or SpdUnit()
        self._trace = trace
        self._place = place or DarkDetectors(AVALANCHE_DIODE, 2, seed)
        self.settings = self._saved = SpdSettings()
        self._temperature = (AMBIENT_C, clock.monotonic())
        self._apply_bias()

    def converse(self) -> Conversation:
        """Open the serial line."""
        return _SerialLine(self)

    def power_cycle(self) -> None:
        """Return to the saved settings."""
        self._hold_temperature()
        self.settings = self._saved
        self._apply_bias()

    def save(self) -> None:
        """Keep the settings."""
        self._saved = self.settings

    def change(self, name: str, value: float) -> None:
        """Set one of `SpdSettings`; nothing happens outside its range."""
        low, high = _RANGES[name]
        if not low <= value <= high:
            return
        self._hold_temperature()
        changes: dict[str, Any] = {name: value}
        self.settings = replace(self.settings, **changes)
        self._apply_bias()

    def temperature_c(self) -> float:
        """Temperature of the diode, on its way to where the cooler drives it."""
        start_c, since_s = self._temperature
        settings = self.settings
        goal_c = settings.settemp if settings.loop else AMBIENT_C - 20.0 * settings.pvolt
        return goal_c + (start_c - goal_c) * math.exp(-(self.clock.monotonic() - since_s) / COOLING_S)

    def begin_counting(self) -> Integration:
        """Count for the integration time."""
        inputs = PulseInputs(self._place, (self.unit.channel,))
        return Integration(self.clock, inputs, self.settings.time / 1000)

    def _hold_temperature(self) -> None:
        self._temperature = (self.temperature_c(), self.clock.monotonic())

    def _apply_bias(self) -> None:
        biased = self.settings.hvolt >= self.unit.breakdown_v
        self._place.set_detector_enabled(self.unit.channel, biased)
        self._trace("detector_enabled", biased)


class _SerialLine(BlockingLine):
    """The commands of the detector."""

    def __init__(self, spd: SFifteenSpd) -> None:
        super().__init__()
        self._spd = spd
        self._integration: Integration | None = None

    def busy(self) -> bool:
        return self._integration is not None

    def abort(self) -> None:
        """This instrument has no such command, so the count goes on."""

    def progress(self) -> bytes:
        assert self._integration is not None, "only a busy line makes progress"
        if not self._integration.advance():
            return b""
        counts, self._integration = self._integration.counts, None
        return f"{counts[0]}\r\n".encode()

    def execute(self, command: str) -> str | None:
        word, _, argument = command.lower().partition(" ")
        if word == "counts?":
            self._integration = self._spd.begin_counting()
        elif word == "*idn?":
            return f"S-Fifteen single photon detector SPD, SN: {self._spd.unit.serial_number}"
        elif word == "temp?":
            return f"{self._spd.temperature_c():.2f}"
        elif word == "save":
            self._spd.save()
        elif word == "help":
            return _HELP
        elif word.endswith("?") and word[:-1] in _RANGES:
            value = getattr(self._spd.settings, word[:-1])
            return str(value) if isinstance(value, int) else f"{value:.3f}"
        elif word in _RANGES and _DECIMAL.fullmatch(argument.strip()):
            whole = isinstance(getattr(SpdSettings(), word), int)
            self._spd.change(word, round(float(argument)) if whole else float(argument))
        return None


_DECIMAL = re.compile(r"[+-]?\d{1,9}(\.\d*)?", re.ASCII)
_RANGES: dict[str, tuple[float, float]] = {
    "hvolt": (0.0, 250.0),
    "threshvolt": (0.0, 3.3),
    "constp": (0.0, 100.0),
    "consti": (0.0, 100.0),
    "loop": (0, 1),
    "pvolt": (0.0, 2.5),
    "time": (1, 65_535),
    "settemp": (-40.0, 30.0),
    "delay": (0, 65_535),
}
_HELP = "\r\n".join(
    (
        "*idn?, help, save, counts?, temp?",
        *(f"{field.name} <value>, {field.name}?" for field in fields(SpdSettings)),
    )
)


def _build(around: Surroundings) -> SFifteenSpd:
    return SFifteenSpd(around.clock, around.unit, place=around.link, trace=around.trace, seed=around.seed)


MODEL = SimulatorModel(
    name="sfifteen-spd",
    title="S-Fifteen single-photon detector",
    build=_build,
    unit=SpdUnit,
    transports=("pty", "tcp"),
    baud=115_200,
    usb_name="S-Fifteen_SPD",
)

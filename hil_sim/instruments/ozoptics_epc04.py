"""OZ Optics EPC-04 electric polarisation controller: four fibre squeezers on a serial line.

Commands and replies follow the EPC driver manual as far as public drivers confirm them: a content line and `Done`, or
`Error!` alone, each ended by CR LF.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.ozoptics_epc04_state import (
    LIMIT_MV,
    MAX_FREQUENCY_HZ,
    Epc04Settings,
    PolarizationController,
    Squeezers,
    Voltages,
)
from hil_sim.instruments.text_lines import LineReader
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock


@dataclass(frozen=True, slots=True)
class Epc04Unit:
    """One controller as delivered.

    Attributes:
        serial_number: on its label; the serial line does not tell it.
        voltages_mv: voltages in flash memory; by default those with which the link starts aligned.
    """

    serial_number: str = "SIM00001"
    voltages_mv: Voltages | None = None

    def __post_init__(self) -> None:
        if self.voltages_mv is not None and any(abs(voltage) > LIMIT_MV for voltage in self.voltages_mv):
            raise ValueError(f"voltages_mv must lie in -{LIMIT_MV}..{LIMIT_MV} mV, got {self.voltages_mv}")


class OzOpticsEpc04(Instrument):
    """One controller behind its serial line.

    Attributes:
        state: settings and outputs.
    """

    def __init__(
        self,
        clock: Clock,
        settings: Epc04Settings | None = None,
        *,
        link: Squeezers | None = None,
        trace: Trace = no_trace,
    ) -> None:
        """Switch on with `settings` in flash memory."""
        self.state = PolarizationController(clock, settings, link=link, trace=trace)

    def converse(self) -> Conversation:
        """Open the serial line."""
        return _SerialLine(self.state)

    def power_cycle(self) -> None:
        """Return to the settings in flash memory."""
        self.state.power_cycle()

    def update_link(self) -> None:
        """Show the link the voltages of this moment, which move while the controller scrambles."""
        self.state.update_link()


class _SerialLine(Conversation):
    """The commands of the serial line."""

    def __init__(self, controller: PolarizationController) -> None:
        self._controller = controller
        self._lines = LineReader()

    def received(self, data: bytes) -> Sequence[Reply]:
        return [Reply(self._answer(line)) for line in self._lines.feed(data) if line.strip()]

    def _answer(self, line: bytes) -> bytes:
        command = line.decode("latin-1").strip().upper()
        for pattern, handler in _COMMANDS:
            match = pattern.fullmatch(command)
            if match is not None:
                content = handler(self._controller, *match.groups())
                return b"Error!\r\n" if content is None else f"{content}\r\nDone\r\n".encode()
        return b"Error!\r\n"


def _set_voltage(controller: PolarizationController, channel: str, value: str) -> str | None:
    if abs(int(value)) > LIMIT_MV:
        return None
    voltages = list(controller.settings.voltages_mv)
    voltages[int(channel) - 1] = int(value)
    controller.change(voltages_mv=tuple(voltages))
    return f"Set CH{channel} DC Voltage at: {int(value)}mV"


def _set_extreme(controller: PolarizationController, which: str, channel: str) -> str | None:
    return _set_voltage(controller, channel, {"Z": "0", "H": str(LIMIT_MV), "L": str(-LIMIT_MV)}[which])


def _voltages(controller: PolarizationController) -> str:
    cells = (f"CH{n} {v:+05d}" for n, v in enumerate(controller.settings.voltages_mv, start=1))
    return "Voltage(mV): " + " ".join(cells)


def _set_frequency(controller: PolarizationController, channel: str, value: str) -> str | None:
    if int(value) > MAX_FREQUENCY_HZ:
        return None
    frequencies = list(controller.settings.frequencies_hz)
    frequencies[int(channel) - 1] = int(value)
    controller.change(frequencies_hz=tuple(frequencies))
    return f"Set CH{channel} AC Frequency at: {int(value)}Hz"


def _frequencies(controller: PolarizationController) -> str:
    cells = (f"CH{n} {hz:03d}" for n, hz in enumerate(controller.settings.frequencies_hz, start=1))
    return "Frequency(Hz): " + "  ".join(cells)


def _set_mode(controller: PolarizationController, mode: str) -> str:
    controller.change(scrambling=mode == "AC")
    return f"Set To {mode} Mode"


def _mode(controller: PolarizationController) -> str:
    return f"Work Mode: AC({_shape(controller)})" if controller.settings.scrambling else "Work Mode: DC"


def _shape(controller: PolarizationController) -> str:
    return "Triangle" if controller.settings.triangle else "Sine"


def _set_waveform(controller: PolarizationController, number: str) -> str:
    controller.change(triangle=number == "2")
    return f"Set AC Waveform at: {_shape(controller)}"


def _waveform(controller: PolarizationController) -> str:
    return f"AC Waveform: {_shape(controller)}"


def _set_mixed(controller: PolarizationController, digit: str) -> str:
    controller.change(mixed=digit == "1")
    return f"{'Enable' if digit == '1' else 'Disable'} DC Voltage Output at AC Mode"


def _toggle(controller: PolarizationController, channel: str) -> str:
    holding = list(controller.settings.holding)
    index = int(channel) - 1
    holding[index] = not holding[index]
    controller.change(holding=tuple(holding))
    return f"Set CH{channel} output to: {'Volt' if holding[index] else 'Hz'} (if possible)"


def _outputs(controller: PolarizationController) -> str:
    state = "enabled" if controller.settings.mixed else "disabled"
    cells = ",".join(f"CH{n}-{'V' if held else 'F'}" for n, held in enumerate(controller.settings.holding, start=1))
    return f"Hz<->Volt at AC Mode is {state}: {cells}"


def _save(controller: PolarizationController) -> str:
    controller.save()
    return "Write Setting to Flash memory"


_Handler = Callable[..., str | None]
_COMMANDS: tuple[tuple[re.Pattern[str], _Handler], ...] = tuple(
    (re.compile(pattern), handler)
    for pattern, handler in (
        (r"V\?", _voltages),
        (r"V([1-4]),([+-]?\d{1,5})", _set_voltage),
        (r"V([ZHL])([1-4])", _set_extreme),
        (r"F\?", _frequencies),
        (r"F([1-4]),(\d{1,4})", _set_frequency),
        (r"M(AC|DC)", _set_mode),
        (r"M\?", _mode),
        (r"WF([12])", _set_waveform),
        (r"WF\?", _waveform),
        (r"ENVF([01])", _set_mixed),
        (r"VF([1-4])", _toggle),
        (r"VF\?", _outputs),
        (r"SAVE", _save),
    )
)


def _build(around: Surroundings) -> OzOpticsEpc04:
    voltages_mv = around.unit.voltages_mv
    if voltages_mv is None:
        voltages_mv = (0, 0, 0, 0) if around.link is None else around.link.parameters.polarization.start_mv
    settings = Epc04Settings(voltages_mv=voltages_mv)
    return OzOpticsEpc04(around.clock, settings, link=around.link, trace=around.trace)


MODEL = SimulatorModel(
    name="ozoptics-epc04",
    title="OZ Optics EPC-04 polarisation controller",
    build=_build,
    unit=Epc04Unit,
    transports=("pty", "tcp"),
    usb_name="OZ_Optics_EPC-04",
)

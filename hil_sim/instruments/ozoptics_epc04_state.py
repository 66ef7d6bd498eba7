"""Settings and outputs of an OZ Optics EPC-04 polarisation controller."""

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

LIMIT_MV = 5000
MAX_FREQUENCY_HZ = 100

Voltages = tuple[int, int, int, int]


class Squeezers(Protocol):
    """Where the controller acts on a link."""

    def set_polarization_voltages_mv(self, voltages_mv: Voltages) -> None:
        """Apply the voltages of channels 1 to 4."""


@dataclass(frozen=True, slots=True)
class Epc04Settings:
    """What the controller keeps in flash memory.

    Attributes:
        voltages_mv: fixed voltage per channel.
        frequencies_hz: scrambling frequency per channel.
        scrambling: AC mode; otherwise DC.
        triangle: waveform of the scrambling; otherwise sine.
        mixed: single channels may hold a fixed voltage in AC mode.
        holding: which channels do so.
    """

    voltages_mv: Voltages = (0, 0, 0, 0)
    frequencies_hz: tuple[int, int, int, int] = (7, 17, 37, 71)
    scrambling: bool = False
    triangle: bool = False
    mixed: bool = False
    holding: tuple[bool, bool, bool, bool] = (False, False, False, False)


class PolarizationController:
    """State of one EPC-04.

    Attributes:
        settings: present settings.
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
        self._clock = clock
        self._link = link
        self._trace = trace
        self._traced: dict[int, int] = {}
        self._flash = settings or Epc04Settings()
        self.settings = self._flash
        self.update_link()

    def power_cycle(self) -> None:
        """Return to the settings in flash memory."""
        self.settings = self._flash
        self.update_link()

    def save(self) -> None:
        """Write the settings to flash memory."""
        self._flash = self.settings

    def change(self, **changes: Any) -> None:
        """Take new settings and apply them to the fibre."""
        self.settings = replace(self.settings, **changes)
        self.update_link()

    def output_mv(self, channel: int) -> int:
        """Voltage on the squeezer of channel 1 to 4 now: fixed, or a point of the scrambling waveform."""
        settings = self.settings
        index = channel - 1
        if not settings.scrambling or (settings.mixed and settings.holding[index]):
            return settings.voltages_mv[index]
        phase = (self._clock.monotonic() * settings.frequencies_hz[index]) % 1.0
        wave = 1 - 4 * abs(phase - 0.5) if settings.triangle else math.sin(2 * math.pi * phase)
        return round(LIMIT_MV * wave)

    def update_link(self) -> None:
        """Show the present voltages to the link."""
        outputs = (self.output_mv(1), self.output_mv(2), self.output_mv(3), self.output_mv(4))
        if self._link is not None:
            self._link.set_polarization_voltages_mv(outputs)
        if self.settings.scrambling:
            return
        for channel, voltage_mv in enumerate(outputs, start=1):
            if self._traced.get(channel) != voltage_mv:
                self._traced[channel] = voltage_mv
                self._trace(f"voltage_{channel}_mv", voltage_mv)

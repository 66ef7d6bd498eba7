"""Bias, triggers and counters of a Single Quantum WebSQ driver for superconducting nanowire detectors."""

from collections.abc import Sequence
from dataclasses import dataclass

from hil_sim.instruments.detectors_place import NANOWIRE, DarkDetectors, DetectorsPlace
from hil_sim.trace import Trace, no_trace
from qkdctl.clock import Clock

PERIOD_MS = (10.0, 10_000.0)
MAX_TRIGGER_MV = 2000.0
# Height of the amplified pulse per bias current; a trigger level above it sees nothing.
PULSE_MV_PER_UA = 20.0
# Voltage per bias current of the wiring, and across a wire that is no longer superconducting.
WIRING_MV_PER_UA = 0.05
LATCHED_MV = 600.0
AUTO_BIAS_S = 5.0
_AUTO_BIAS_STEPS = 24


@dataclass(frozen=True, slots=True)
class WebSqUnit:
    """One driver with its detectors.

    Attributes:
        serial_number: of the driver.
        channels: number of detectors; the first ones are those of the link, where there is one.
        max_bias_ua: greatest bias current.
        enabled: whether the detectors are biased at power-on.
        period_ms: measurement period at power-on.
    """

    serial_number: str = "SIM00001"
    channels: int = 2
    max_bias_ua: float = 50.0
    enabled: bool = True
    period_ms: float = 100.0

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= 24:
            raise ValueError(f"channels must lie in 1..24, got {self.channels}")
        if self.max_bias_ua <= 0 or not PERIOD_MS[0] <= self.period_ms <= PERIOD_MS[1]:
            raise ValueError(f"max_bias_ua must be positive and period_ms lie in {PERIOD_MS}")


class SettingRefusedError(ValueError):
    """A value that the driver does not take; it keeps the old one."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Counts of one measurement period.

    Attributes:
        taken_s: monotonic time of its end.
        time_ms: its end in milliseconds since 1970.
        counts: one per detector.
    """

    taken_s: float
    time_ms: int
    counts: tuple[int, ...]


class NanowireDriver:
    """State of one WebSQ.

    Attributes:
        unit: what the maker delivered.
        enabled: whether the detectors are biased.
        period_ms: measurement period.
        bias_ua, trigger_mv: per detector.
        auto_dark_counts: counts per second that the search for the bias current aims at, per detector.
        auto_bias_ua: bias currents that the last search found; empty before the first.
    """

    def __init__(
        self,
        clock: Clock,
        unit: WebSqUnit | None = None,
        *,
        link: DetectorsPlace | None = None,
        trace: Trace = no_trace,
        seed: int = 0,
    ) -> None:
        """Switch on."""
        self.unit = unit or WebSqUnit()
        self._clock = clock
        self._trace = trace
        self._traced: dict[int, float] = {}
        on_link = 0 if link is None else min(len(link.detectors), self.unit.channels)
        dark = DarkDetectors(NANOWIRE, self.unit.channels, seed)
        # The place and its channel behind each of our channels.
        self._wiring: tuple[tuple[DetectorsPlace, int], ...] = tuple(
            (link if link is not None and n < on_link else dark, n) for n in range(self.unit.channels)
        )
        self._measured = Measurement(clock.monotonic(), clock.wall_ms(), (0,) * self.unit.channels)
        self.switch_on()

    def switch_on(self) -> None:
        """Take the settings of power-on."""
        self.enabled = self.unit.enabled
        self.period_ms = self.unit.period_ms
        self.bias_ua = tuple(self._operating_ua(n) for n in range(self.unit.channels))
        self.trigger_mv = (100.0,) * self.unit.channels
        self.auto_dark_counts = (100.0,) * self.unit.channels
        self.auto_bias_ua: tuple[float, ...] = ()
        self._search_ends_s: float | None = None
        self._apply_bias()

    def set_period_ms(self, period_ms: float) -> None:
        """Set the measurement period; 10 ms to 10 s."""
        if not PERIOD_MS[0] <= period_ms <= PERIOD_MS[1]:
            raise SettingRefusedError(
                f"measurement period {period_ms:g} ms is not in {PERIOD_MS[0]:g}..{PERIOD_MS[1]:g}"
            )
        self.period_ms = period_ms

    def set_bias_ua(self, bias_ua: Sequence[float]) -> None:
        """Set all bias currents."""
        self.bias_ua = self._checked("bias current", bias_ua, self.unit.max_bias_ua)
        self._apply_bias()

    def set_trigger_mv(self, trigger_mv: Sequence[float]) -> None:
        """Set all trigger levels."""
        self.trigger_mv = self._checked("trigger level", trigger_mv, MAX_TRIGGER_MV)

    def set_enabled(self, enabled: bool) -> None:
        """Bias the detectors or not; a latched nanowire recovers without bias."""
        self.enabled = enabled
        self._apply_bias()

    def set_auto_dark_counts(self, counts: Sequence[float]) -> None:
        """Set what the search for the bias current aims at."""
        self.auto_dark_counts = self._checked("dark counts", counts, 1e6)

    def start_search(self) -> None:
        """Search the bias currents that give the dark counts asked for; takes five seconds, light spoils it."""
        self._search_ends_s = self._clock.monotonic() + AUTO_BIAS_S

    def finish_search(self) -> bool:
        """Whether a search has ended since the last call; its bias currents hold from then on."""
        if self._search_ends_s is None or self._clock.monotonic() < self._search_ends_s:
            return False
        self._search_ends_s = None
        self.enabled = True
        self.auto_bias_ua = tuple(self._search(n) for n in range(self.unit.channels))
        self.set_bias_ua(self.auto_bias_ua)
        return True

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._search_ends_s is not None

    def bias_mv(self) -> tuple[float, ...]:
        """Voltage across each detector and its wiring; high where the nanowire has latched."""
        latched = (place.detectors[n].latched for place, n in self._wiring)
        return tuple(
            round(WIRING_MV_PER_UA * bias_ua * self.enabled + (LATCHED_MV if is_latched else 0.0), 3)
            for bias_ua, is_latched in zip(self.bias_ua, latched, strict=True)
        )

    def measure(self) -> Measurement:
        """Counts of the period that has just ended; the same for everyone who asks within half a period."""
        now = self._clock.monotonic()
        period_s = self.period_ms / 1000
        if now - self._measured.taken_s >= period_s / 2:
            counts = tuple(self._count(n, period_s) for n in range(self.unit.channels))
            self._measured = Measurement(now, self._clock.wall_ms(), counts)
        return self._measured

    def _count(self, channel: int, period_s: float) -> int:
        if self.trigger_mv[channel] >= PULSE_MV_PER_UA * self.bias_ua[channel]:
            return 0
        place, n = self._wiring[channel]
        return place.draw_counts(n, period_s)

    def _search(self, channel: int) -> float:
        """Highest bias whose count rate does not exceed the goal; the rate grows with the bias until it latches."""
        place, n = self._wiring[channel]
        low, high = 0.0, self.unit.max_bias_ua
        for _ in range(_AUTO_BIAS_STEPS):
            middle = (low + high) / 2
            place.set_detector_bias_ua(n, 0.0, enabled=True)
            place.set_detector_bias_ua(n, middle, enabled=True)
            too_much = place.detectors[n].latched or place.count_rate_hz(n) > self.auto_dark_counts[channel]
            low, high = (low, middle) if too_much else (middle, high)
        return round(low, 3)

    def _operating_ua(self, channel: int) -> float:
        place, n = self._wiring[channel]
        bias = place.detectors[n].parameters.bias
        if bias is None:
            raise ValueError("a WebSQ drives nanowires; the detectors of this link have no bias current")
        return min(bias.operating_ua, self.unit.max_bias_ua)

    def _apply_bias(self) -> None:
        for channel, (place, n) in enumerate(self._wiring):
            place.set_detector_bias_ua(n, self.bias_ua[channel], self.enabled)
            applied_ua = self.bias_ua[channel] if self.enabled else 0.0
            if self._traced.get(channel) != applied_ua:
                self._traced[channel] = applied_ua
                self._trace(f"bias_current_{channel + 1}_ua", applied_ua)

    def _checked(self, what: str, values: Sequence[float], most: float) -> tuple[float, ...]:
        if len(values) != self.unit.channels:
            raise SettingRefusedError(f"{what} takes {self.unit.channels} values, got {len(values)}")
        if not all(0 <= value <= most for value in values):
            raise SettingRefusedError(f"{what} must lie in 0..{most:g}, got {list(values)}")
        return tuple(float(value) for value in values)

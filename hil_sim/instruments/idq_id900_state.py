"""Inputs, counters, delays and recording of an ID Quantique ID900 time controller."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from hil_sim.instruments.cycle_counter import CycleCounter
from hil_sim.instruments.detectors_place import AVALANCHE_DIODE, Counting, DarkDetectors
from hil_sim.instruments.idq_id900_blocks import (
    COMBINERS,
    HISTOGRAMS,
    INPUTS,
    Blocks,
    CombinerState,
    DelayState,
    InputState,
    RawState,
)
from hil_sim.instruments.integration import PulseInputs
from hil_sim.instruments.start_stop import StartStopHistogram
from hil_sim.scpi.errors import ScpiError
from hil_sim.world.streams import random_stream
from qkdctl.clock import Clock

# Above this rate the high-resolution sampling of an input reports error 2.
MAX_HIRES_RATE_HZ = 25e6
# Bin width by resolution, in time bases of 1 ps.
BIN_WIDTHS = {"HIRES": 13, "LOWRES": 100}
# Combiners that count pairs of inputs in the configuration COUNT; in the others 5 to 8 pass inputs 1 to 4 on.
COUNT_PAIRS = {6: (1, 2), 7: (1, 3), 8: (1, 4), 3: (2, 3), 4: (2, 4), 5: (3, 4)}

Block = TypeVar("Block")


@dataclass(frozen=True, slots=True)
class Id900Unit:
    """One time controller as delivered.

    Attributes:
        serial_number: in its identity.
        integration_unit: unit of `COUN:INTE`, which differs between firmware versions.
        pulse_v: height of the pulses at its inputs; a threshold above it sees nothing.
        start_period_ps: period of the pulses at the START input; by default that of the link's laser, or 1 us.
    """

    serial_number: str = "1908029T010"
    integration_unit: Literal["ms", "ns"] = "ms"
    pulse_v: float = 2.0
    start_period_ps: int | None = None

    def __post_init__(self) -> None:
        if self.integration_unit not in {"ms", "ns"}:
            raise ValueError(f"integration_unit must be ms or ns, got {self.integration_unit!r}")
        if self.start_period_ps is not None and self.start_period_ps < 1:
            raise ValueError(f"start_period_ps must be 1 or more, got {self.start_period_ps}")


class TimeController:
    """State of one controller. Input 0 is START, a steady train of pulses; 1 to 4 are wired to the detectors.

    Attributes:
        unit: what the maker delivered.
        blocks: settings of all blocks.
        resolution, sync, configuration: words as the controller writes them.
        counters: of the inputs by number, and of the combiners by their negative number.
        histograms: by number.
    """

    def __init__(
        self,
        clock: Clock,
        unit: Id900Unit | None = None,
        *,
        place: Counting | None = None,
        start_period_ps: float = 1e6,
        seed: int = 0,
    ) -> None:
        """Switch on."""
        self.unit = unit or Id900Unit()
        self._clock = clock
        self._place = place or DarkDetectors(AVALANCHE_DIODE, INPUTS, seed)
        self._start_period_s = (self.unit.start_period_ps or start_period_ps) * 1e-12
        self._random = random_stream(seed, "id900")
        self._inputs = {n: PulseInputs(self._place, (n - 1,)) for n in range(1, INPUTS + 1)}
        self.switch_on()

    def switch_on(self) -> None:
        """Take the settings of power-on."""
        self.resolution = "HIRES"
        self.sync = "INTErnal"
        self.load("INIT")

    def load(self, configuration: str) -> None:
        """Load one of the configurations INIT, BLANK, COUNT and HISTO."""
        self.configuration = configuration
        self.blocks = Blocks()
        if configuration == "BLANK":
            for state in self.blocks.inputs.values():
                state.enabled = "OFF"
        one_second = self.integration_s(1000 if self.unit.integration_unit == "ms" else 10**9)
        channels = (*range(INPUTS + 1), *(-n for n in range(1, COMBINERS + 1)))
        self.counters = {n: CycleCounter(self._clock, partial(self.draw, n), one_second) for n in channels}
        self.histograms = {
            n: StartStopHistogram(self._random, self._start_period_s, stop=f"TSCO{n + 4}")
            for n in range(1, HISTOGRAMS + 1)
        }

    def integration_s(self, value: int) -> float:
        """Seconds of a value of `COUN:INTE`."""
        return value * (1e-3 if self.unit.integration_unit == "ms" else 1e-9)

    def integration_value(self, seconds: float) -> int:
        """Value of `COUN:INTE` for a time, the inverse of `integration_s`."""
        return round(seconds * (1e3 if self.unit.integration_unit == "ms" else 1e9))

    def input(self, number: int) -> InputState:
        """An input by number, 0 for START; raises `ScpiError` when there is none."""
        return _numbered(self.blocks.inputs, number)

    def delay(self, number: int) -> DelayState:
        """A delay block; raises `ScpiError` when there is none."""
        return _numbered(self.blocks.delays, number)

    def combiner(self, number: int) -> CombinerState:
        """A combiner; raises `ScpiError` when there is none."""
        return _numbered(self.blocks.combiners, number)

    def raw(self, number: int) -> RawState:
        """A raw channel; raises `ScpiError` when there is none."""
        return _numbered(self.blocks.raws, number)

    def histogram(self, number: int) -> StartStopHistogram:
        """A histogram; raises `ScpiError` when there is none."""
        return _numbered(self.histograms, number)

    def counter(self, number: int) -> CycleCounter:
        """The counter of an input, or of a combiner by its negative number; raises `ScpiError` when there is none."""
        return _numbered(self.counters, number)

    def draw(self, number: int, seconds: float) -> int:
        """Events of an input or combiner within a time."""
        if number == 0:
            return math.floor(seconds / self._start_period_s) if self.input(0).enabled == "ON" else 0
        if number > 0:
            return self._draw_input(number, seconds)
        if self.configuration == "COUNT" and -number in COUNT_PAIRS:
            return self._draw_pairs(-number, seconds)
        passed_on = -number - INPUTS
        return self._draw_input(passed_on, seconds) if 1 <= passed_on <= INPUTS else 0

    def advance(self) -> None:
        """Count what happened until now."""
        for counter in self.counters.values():
            counter.advance()
        record = self.blocks.record
        if record.until_s is not None:
            now = self._clock.monotonic()
            self._fill_histograms(min(now, record.until_s))
            if now >= record.until_s:
                record.until_s = None

    def play(self) -> None:
        """Begin to record."""
        record = self.blocks.record
        if record.enabled != "ON":
            return
        self.advance()
        self._filled_until_s = self._clock.monotonic()
        lasting_s = record.number * record.duration_tb * 1e-12 if record.number else math.inf
        record.until_s = self._filled_until_s + lasting_s

    def stop(self) -> None:
        """End the recording."""
        self.advance()
        self.blocks.record.until_s = None

    def stage(self) -> str:
        """What the recording does."""
        self.advance()
        return "PLAYing" if self.blocks.record.until_s is not None else "IDLE"

    def flush(self, number: int) -> None:
        """Empty a histogram."""
        self.advance()
        self.histogram(number).flush()

    def histogram_data(self, number: int) -> list[int]:
        """Counts per bin of a histogram."""
        self.advance()
        return self.histogram(number).data()

    def bin_width_tb(self) -> int:
        """Width of a time bin of the present resolution, in time bases of 1 ps."""
        return BIN_WIDTHS[self.resolution]

    def recalibrate(self) -> None:
        """Recalibrate the sampling; errors of the high resolution are over then."""
        for state in self.blocks.inputs.values():
            state.hires_error = 0

    def disturb_sampling(self) -> None:
        """Make the high resolution of every input ask for a recalibration (error 1)."""
        for state in self.blocks.inputs.values():
            state.hires_error = 1

    def _draw_input(self, number: int, seconds: float) -> int:
        state = self.input(number)
        if state.enabled != "ON" or not 0 < state.threshold_v < self.unit.pulse_v:
            return 0
        (count,) = self._inputs[number].draw(seconds)
        if self.resolution == "HIRES" and seconds > 0 and count / seconds > MAX_HIRES_RATE_HZ:
            state.hires_error = 2
        return count

    def _draw_pairs(self, number: int, seconds: float) -> int:
        """Accidental pairs of independent inputs within the window."""
        if seconds <= 0:
            return 0
        combiner = self.combiner(number)
        window_s = max(combiner.end_tb - combiner.begin_tb, 0) * 1e-12
        first, second = (self._draw_input(n, seconds) for n in COUNT_PAIRS[number])
        return int(self._random.poisson(first * second * window_s / seconds))

    def _fill_histograms(self, until_s: float) -> None:
        seconds = until_s - self._filled_until_s
        self._filled_until_s = until_s
        for histogram in self.histograms.values():
            number = _input_of(histogram.stop)
            if number is not None and histogram.reference != "NONE":
                rate_hz = self._place.count_rate_hz(number - 1) if number <= len(self._place.detectors) else 0.0
                dark_hz = self._place.detectors[number - 1].dark_rate_hz() if rate_hz else 0.0
                histogram.fill(
                    self._draw_input(number, seconds),
                    signal_share=max(1 - dark_hz / rate_hz, 0.0) if rate_hz else 0.0,
                    delay_tb=self.delay(number).value_tb,
                )


def _numbered(blocks: Mapping[int, Block], number: int) -> Block:
    if number not in blocks:
        raise ScpiError(-114)
    return blocks[number]


def _input_of(block: str) -> int | None:
    """Input whose events a block passes on: INPU1 to INPU4, or TSCO5 to TSCO8."""
    for name, offset in (("INPU", 0), ("TSCO", INPUTS)):
        if block.startswith(name) and 1 <= int(block[4:]) - offset <= INPUTS:
            return int(block[4:]) - offset
    return None

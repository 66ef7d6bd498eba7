"""S-Fifteen TDC1 counter and time tagger on a USB serial line.

Commands end with CR LF or a semicolon and may be written in capitals or not; settings are obeyed without an answer, and
so is what the counter does not know. `counts?` answers when the integration time is over: four counts in mode singles,
eight in mode pairs (inputs 1 to 4, then the pairs 1-3, 1-4, 2-3 and 2-4). In mode timestamp it streams 32-bit words,
lowest byte first: 27 bits of time in units of 2 ns, a bit for words without an event, and four bits for the inputs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from hil_sim.endpoints.base import Conversation, Instrument
from hil_sim.instruments.detectors_place import AVALANCHE_DIODE, Counting, DarkDetectors
from hil_sim.instruments.integration import Integration, PulseInputs
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.instruments.sfifteen_line import BlockingLine
from hil_sim.world.streams import random_stream
from qkdctl.clock import Clock

INPUTS = 4
PAIRS = ((0, 2), (0, 3), (1, 2), (1, 3))
MAX_TIME_MS = 65_535
MAX_LEVEL_V = 3.3
NIM_LEVEL_V, TTL_LEVEL_V = -0.5, 1.2
# Two pulses this close are a pair.
PAIR_WINDOW_S = 4e-9
_TIME_UNIT_S = 2e-9


class Mode(IntEnum):
    """Answers to `mode?`."""

    SINGLES = 0
    PAIRS = 1
    TIMESTAMP = 3


@dataclass(frozen=True, slots=True)
class CounterUnit:
    """One counter as delivered."""

    serial_number: str = "SIM00001"


class SFifteenCounter(Instrument):
    """State of one counter.

    Attributes:
        mode: what `counts?` measures.
        time_ms: integration time; 0 lets time stamps stream until `abort`.
        level_v: trigger level, negative for falling pulses.
        reference: clock: 0 automatic, 1 external, 2 internal.
    """

    def __init__(
        self, clock: Clock, unit: CounterUnit | None = None, *, place: Counting | None = None, seed: int = 0
    ) -> None:
        """Switch on; without a place of its own the counter hears four detectors in the dark."""
        self.clock = clock
        self.unit = unit or CounterUnit()
        self.random = random_stream(seed, "counter")
        self.inputs = PulseInputs(place or DarkDetectors(AVALANCHE_DIODE, INPUTS, seed), range(INPUTS))
        self.power_cycle()

    def converse(self) -> Conversation:
        """Open the serial line."""
        return _SerialLine(self)

    def power_cycle(self) -> None:
        """Take the settings of power-on."""
        self.mode = Mode.SINGLES
        self.time_ms = 1000
        self.level_v = NIM_LEVEL_V
        self.reference = 0

    def pairs(self, counts: Sequence[int], duration_s: float) -> list[int]:
        """Accidental pairs among independent pulses."""
        expected = (counts[a] * counts[b] * PAIR_WINDOW_S / duration_s for a, b in PAIRS)
        return [int(self.random.poisson(mean)) for mean in expected]

    def words(self, counts: Sequence[int], begin_s: float, end_s: float) -> bytes:
        """Time stamps of so many pulses per input, spread evenly over a time."""
        times = self.random.uniform(begin_s, end_s, sum(counts))
        inputs = np.repeat(1 << np.arange(INPUTS), counts)
        order = np.argsort(times)
        units = (times[order] / _TIME_UNIT_S).astype(np.int64) & 0x7FFFFFF
        return ((units << 5) | inputs[order]).astype("<u4").tobytes()


class _SerialLine(BlockingLine):
    """The commands of the counter."""

    def __init__(self, counter: SFifteenCounter) -> None:
        super().__init__(separators=b";")
        self._counter = counter
        self._integration: Integration | None = None
        self._stamped_until_s = 0.0

    def busy(self) -> bool:
        return self._integration is not None

    def abort(self) -> None:
        self._integration = None

    def progress(self) -> bytes:
        assert self._integration is not None, "only a busy line makes progress"
        before = self._integration.counts
        done = self._integration.advance()
        counts = self._integration.counts
        if done:
            self._integration = None
        if self._counter.mode is Mode.TIMESTAMP:
            begin_s, self._stamped_until_s = self._stamped_until_s, self._counter.clock.monotonic()
            fresh = [now - old for now, old in zip(counts, before, strict=True)]
            return self._counter.words(fresh, begin_s, self._stamped_until_s)
        if not done:
            return b""
        if self._counter.mode is Mode.PAIRS:
            counts = [*counts, *self._counter.pairs(counts, self._counter.time_ms / 1000)]
        return " ".join(str(count) for count in counts).encode() + b"\r\n"

    def execute(self, command: str) -> str | None:
        word, _, argument = command.lower().partition(" ")
        counter = self._counter
        if word == "counts?":
            self._begin()
            return None
        if word.endswith("?"):
            return self._query(word)
        if word in _MODES:
            counter.mode = _MODES[word]
        elif word in _LEVELS:
            counter.level_v = _LEVELS[word]
        elif word in {"pos", "neg"}:
            self._set_level(argument)
        elif word == "time" and argument.isdecimal() and int(argument) <= MAX_TIME_MS:
            counter.time_ms = int(argument)
        elif word == "refclk" and argument in {"0", "1", "2"}:
            counter.reference = int(argument)
        elif word == "*rst":
            counter.power_cycle()
        elif word == "help":
            return _HELP
        return None

    def _begin(self) -> None:
        endless = self._counter.time_ms == 0
        if endless and self._counter.mode is not Mode.TIMESTAMP:
            return
        self._stamped_until_s = self._counter.clock.monotonic()
        duration_s = float("inf") if endless else self._counter.time_ms / 1000
        self._integration = Integration(self._counter.clock, self._counter.inputs, duration_s)

    def _query(self, word: str) -> str | None:
        counter = self._counter
        answers = {
            "*idn?": f"S-Fifteen USB counter TDC1, SN: {counter.unit.serial_number}",
            "time?": str(counter.time_ms),
            "mode?": str(counter.mode.value),
            "level?": f"{counter.level_v:.3f} V",
            "refclk?": str(counter.reference),
        }
        return answers.get(word)

    def _set_level(self, argument: str) -> None:
        if _DECIMAL.fullmatch(argument) and abs(float(argument)) <= MAX_LEVEL_V:
            self._counter.level_v = float(argument)


_MODES = {"singles": Mode.SINGLES, "pairs": Mode.PAIRS, "timestamp": Mode.TIMESTAMP}
_LEVELS = {"nim": NIM_LEVEL_V, "ttl": TTL_LEVEL_V}
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_HELP = (
    "*idn?, *rst, help\r\n"
    "singles, pairs, timestamp, mode?, time <ms>, time?, counts?, abort, inpkt\r\n"
    "nim, ttl, pos <V>, neg <V>, level?, refclk <0|1|2>, refclk?"
)


def _build(around: Surroundings) -> SFifteenCounter:
    return SFifteenCounter(around.clock, around.unit, place=around.link, seed=around.seed)


MODEL = SimulatorModel(
    name="sfifteen-counter",
    title="S-Fifteen TDC1 counter",
    build=_build,
    unit=CounterUnit,
    transports=("pty", "tcp"),
    baud=115_200,
    usb_name="S-Fifteen_TDC1",
)

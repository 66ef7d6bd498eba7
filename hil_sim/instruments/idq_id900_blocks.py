"""The blocks of an ID900 time controller: their settings, in the words that the controller writes."""

from dataclasses import dataclass, field

INPUTS = 4
DELAYS = 8
COMBINERS = 16
HISTOGRAMS = 4


@dataclass(slots=True)
class InputState:
    """Settings of one input; words as the controller writes them."""

    enabled: str = "ON"
    threshold_v: float = 1.0
    edge: str = "RISIng"
    coupling: str = "DC"
    select: str = "UNSHaped"
    resync: str = "AUTO"
    hires_error: int = 0
    delay_tb: int = 0


@dataclass(slots=True)
class DelayState:
    """One delay block."""

    value_tb: int = 0
    link: str = "NONE"


@dataclass(slots=True)
class CombinerState:
    """One time-stamp combiner."""

    window: str = "OFF"
    begin_tb: int = 0
    end_tb: int = 0
    first: str = "NONE"
    second: str = "NONE"


@dataclass(slots=True)
class RawState:
    """The stream of raw time stamps of one channel, and how many were lost."""

    send: str = "OFF"
    errors: int = 0


@dataclass(slots=True)
class RecordState:
    """The recording timer.

    Attributes:
        enabled, arm_mode: as written.
        number: records to take; 0 without end.
        duration_tb: length of one.
        until_s: monotonic time at which it ends; None while idle.
    """

    enabled: str = "ON"
    arm_mode: str = "MANUal"
    number: int = 1
    duration_tb: int = 10**12
    until_s: float | None = None


@dataclass(slots=True)
class Blocks:
    """All blocks of the controller as a configuration leaves them."""

    inputs: dict[int, InputState] = field(default_factory=lambda: {n: InputState() for n in range(INPUTS + 1)})
    delays: dict[int, DelayState] = field(
        default_factory=lambda: {
            n: DelayState(link=f"INPU{n}" if n <= INPUTS else "NONE") for n in range(1, DELAYS + 1)
        }
    )
    combiners: dict[int, CombinerState] = field(
        default_factory=lambda: {n: CombinerState() for n in range(1, COMBINERS + 1)}
    )
    raws: dict[int, RawState] = field(default_factory=lambda: {n: RawState() for n in range(1, INPUTS + 1)})
    record: RecordState = field(default_factory=RecordState)

"""What every contender asks an attenuator in one cycle: two fast queries, then one of the slow ones in turn.

This is the cycle of the daemon's own driver for the N776x; the smoke test holds the two equal. One poll gives one
value; where the driver needs two exchanges for it, all others make them too. Standard library only, because the
environment of the peers holds no qkdctl.
"""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

Queries = tuple[str, ...]

FAST: Final[dict[str, Queries]] = {"attenuation_db": ("INP1:ATT?",), "shutter_open": ("OUTP1:STAT?",)}
SLOW: Final[dict[str, Queries]] = {
    "speed_db_per_s": ("INP1:ATT:SPE?",),
    "wavelength_nm": ("INP1:WAV?",),
    "offset_db": ("INP1:OFFS?",),
    "power_control": ("OUTP1:POW:CONTR?",),
    "output_power_w": ("READ1:POW?", "OUTP1:POW:UN?"),
    "averaging_time_s": ("OUTP1:ATIM?",),
}
POLLS_PER_CYCLE: Final = len(FAST) + 1


def cycles() -> Iterator[tuple[Queries, ...]]:
    """The polls of one cycle after the other, without end; the first reply of a poll is its value."""
    for slow in cycle(SLOW.values()):
        yield (*FAST.values(), slow)

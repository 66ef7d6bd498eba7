"""What every contender asks an attenuator in one cycle: two fast queries, then one of the slow ones in turn.

This is the cycle of the daemon's own driver for the N776x; the smoke test holds the two equal. Standard library only,
because the peers' environment holds no qkdctl.
"""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

FAST: Final = {"attenuation_db": "INP1:ATT?", "shutter_open": "OUTP1:STAT?"}
SLOW: Final = {
    "speed_db_per_s": "INP1:ATT:SPE?",
    "wavelength_nm": "INP1:WAV?",
    "offset_db": "INP1:OFFS?",
    "power_control": "OUTP1:POW:CONTR?",
    "output_power_w": "READ1:POW?",
}
POLLS_PER_CYCLE: Final = len(FAST) + 1


def cycles() -> Iterator[tuple[str, ...]]:
    """The queries of one cycle after the other, without end."""
    for slow in cycle(SLOW.values()):
        yield (*FAST.values(), slow)

"""How much of a processor the demo takes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hil_sim.demo.daemons import Daemons
from qkdctl.clock import Clock

_UTIME, _STIME = 13, 14
"""Fields of /proc/PID/stat, see proc(5), counted from 0."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor time used until some time.

    Attributes:
        at: monotonic time.
        simulators_s: of the demo itself: instruments and screen.
        daemons_s: of all daemons.
    """

    at: float
    simulators_s: float
    daemons_s: float

    @classmethod
    def now(cls, clock: Clock, daemons: Daemons) -> Self:
        """Until now; a daemon that has ended counts no more."""
        pids = [process.pid for process in daemons.processes if process.returncode is None]
        return cls(clock.monotonic(), sum(os.times()[:2]), sum(map(_used_s, pids)))

    def since(self, before: "Usage") -> Mapping[str, float]:
        """Processors that were busy on the average."""
        seconds = max(self.at - before.at, 1e-9)
        return {
            "simulators": round((self.simulators_s - before.simulators_s) / seconds, 2),
            "daemons": round((self.daemons_s - before.daemons_s) / seconds, 2),
        }


def _used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[_UTIME - 2]) + int(fields[_STIME - 2])) / os.sysconf("SC_CLK_TCK")

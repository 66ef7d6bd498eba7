"""The side of a contender: takes orders as JSON lines, polls, answers with JSON lines.

Standard library only, because the peers' environment holds no qkdctl. What a poll lasts is defined once for all:
from the moment at which it could begin (the start of its cycle, or the end of the poll before it at the same device) to
the moment at which its value is stored where a user of the framework would read it.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure.

    Attributes:
        addresses: host and port of each instrument.
        offsets_s: where each device's polls lie on the grid, for contenders that let one choose.
        period_s: distance of two cycles of one device; 0 polls without pause.
        settle_s: time between the first values of all devices and the window.
        seconds: length of the window.
        simulator_pid: process of the simulator.
    """

    addresses: tuple[tuple[str, int], ...]
    offsets_s: tuple[float, ...]
    period_s: float
    settle_s: float
    seconds: float
    simulator_pid: int

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        addresses = tuple((host, port) for host, port in plain.pop("addresses"))
        return cls(addresses=addresses, offsets_s=tuple(plain.pop("offsets_s")), **plain)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


@dataclass(slots=True)
class Sample:
    """What a window showed.

    Attributes:
        polls, cycles: completed in the window.
        elapsed_s: length of the window.
        cpu_s: processor time of the whole process in it.
        simulator_cpu_s: processor time of the simulator in it, in steps of a clock tick.
        latencies_ns: of every poll.
        lateness_ns: start of each cycle after its deadline; None for contenders without deadlines.
        missed: deadlines skipped because the cycle before had not ended; None for contenders without deadlines.
    """

    polls: int
    cycles: int
    elapsed_s: float
    cpu_s: float
    simulator_cpu_s: float
    latencies_ns: list[int] = field(default_factory=list)
    lateness_ns: list[int] | None = None
    missed: int | None = None


class Stopwatch:
    """Times the polls of one device, without a lock: one task or thread drives it."""

    def __init__(self) -> None:
        self.latencies_ns: list[int] = []
        self.cycles = 0
        self._at_ns = 0

    def start(self) -> None:
        """A cycle begins."""
        self.cycles += 1
        self._at_ns = time.perf_counter_ns()

    def lap(self) -> None:
        """A value is stored."""
        now_ns = time.perf_counter_ns()
        self.latencies_ns.append(now_ns - self._at_ns)
        self._at_ns = now_ns


class Window:
    """What several stopwatches see between its making and `close`."""

    def __init__(self, watches: Sequence[Stopwatch], order: Order) -> None:
        self._simulator_pid = order.simulator_pid
        self._simulator_cpu_s = process_cpu_s(order.simulator_pid)
        self._watches = watches
        self._polls = [len(watch.latencies_ns) for watch in watches]
        self._cycles = sum(watch.cycles for watch in watches)
        self._cpu_s = time.process_time()
        self._start_s = time.perf_counter()

    def close(self) -> Sample:
        """The sample of the window that ends now."""
        elapsed_s = time.perf_counter() - self._start_s
        cpu_s = time.process_time() - self._cpu_s
        simulator_cpu_s = process_cpu_s(self._simulator_pid) - self._simulator_cpu_s
        latencies_ns: list[int] = []
        for watch, before in zip(self._watches, self._polls, strict=True):
            latencies_ns += watch.latencies_ns[before:]
        cycles = sum(watch.cycles for watch in self._watches) - self._cycles
        return Sample(len(latencies_ns), cycles, elapsed_s, cpu_s, simulator_cpu_s, latencies_ns)


def process_cpu_s(pid: int) -> float:
    """Processor time of a process, user and system, in steps of a clock tick (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(measure: Callable[[Order], Sample], *distributions: str) -> None:
    """Greet with the versions of the distributions measured, then answer orders until the input ends.

    Whatever else a framework prints goes to stderr.
    """
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def reply(document: dict[str, object]) -> None:
        replies.write(json.dumps(document) + "\n")
        replies.flush()

    reply({"python": sys.version.split()[0], "versions": {name: _version(name) for name in distributions}})
    for line in sys.stdin:
        try:
            reply(asdict(measure(Order.from_json(line))))
        except Exception:
            reply({"error": traceback.format_exc()})


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"

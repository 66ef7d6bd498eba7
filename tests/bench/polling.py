"""All contenders poll the same instruments, in turn, round after round."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from qkdctl.config.defaults import poll_offset_s
from tests.bench.contender import DAEMON, POLLERS, TOGETHER, Contender, Entry, UnavailableError
from tests.bench.figures import Figures, figures
from tests.bench.plan import PACE_S, Plan
from tests.bench.simulator import Simulator
from tests.bench.worker import Order


@dataclass(slots=True)
class PollingResult:
    """What the rounds showed.

    Attributes:
        rounds: every window.
        deadlines: the long watch over the daemon's poll grid; None when the daemon failed before.
        versions: contender -> versions of Python and of what was measured.
        absent: contender -> why it took no part, or not to the end.
    """

    rounds: list[Figures] = field(default_factory=list)
    deadlines: Figures | None = None
    versions: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def progress(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


class Rounds:
    """Runs the plan against running instruments.

    Args:
        plan: how much.
        simulator: at least as many instruments as the plan needs.
        entries: who takes part; the floor and the daemon must.
    """

    def __init__(self, plan: Plan, simulator: Simulator, entries: Sequence[Entry] = POLLERS) -> None:
        self._plan = plan
        self._entries = entries
        self._simulator = simulator
        self._contenders: dict[str, Contender] = {}
        self.result = PollingResult()

    def run(self) -> PollingResult:
        """Measure everything."""
        plan = self._plan
        with ExitStack() as stack:
            for entry in (*self._entries, *TOGETHER):
                self._start(entry, stack)
            for number in range(plan.rounds):
                for devices in plan.device_counts:
                    for paced in (False, True):
                        self._turn(number, devices, paced=paced)
            progress(f"poll grid with {plan.most_devices} devices at {1 / PACE_S:g} Hz for {plan.deadlines_s:g} s")
            self.result.deadlines = self._measure(
                DAEMON, plan.rounds, plan.most_devices, paced=True, seconds=plan.deadlines_s
            )
        return self.result

    def _start(self, entry: Entry, stack: ExitStack) -> None:
        try:
            contender = Contender.start(entry)
        except UnavailableError as error:
            if not entry.peer:
                raise
            self._lose(entry.name, error)
            return
        stack.callback(contender.close)
        self._contenders[entry.name] = contender
        self.result.versions[entry.name] = contender.greeting

    def _turn(self, number: int, devices: int, *, paced: bool) -> None:
        """Every contender once, beginning with another one in each round."""
        plan = self._plan
        together = TOGETHER if paced and devices in plan.together_counts else ()
        entries = (*self._entries, *together)
        load = f"{1 / PACE_S:g} Hz" if paced else "without pause"
        progress(f"round {number + 1} of {plan.rounds}, devices: {devices}, {load}")
        for step in range(len(entries)):
            entry = entries[(number + step) % len(entries)]
            seconds = plan.window_s(paced=paced, devices=devices)
            found = self._measure(entry, number, devices, paced=paced, seconds=seconds)
            if found is not None:
                self.result.rounds.append(found)

    def _measure(self, entry: Entry, number: int, devices: int, *, paced: bool, seconds: float) -> Figures | None:
        contender = self._contenders.get(entry.name)
        if contender is None:
            return None
        period_s = PACE_S if paced else 0.0
        order = Order(
            addresses=self._simulator.addresses[:devices],
            offsets_s=tuple(
                0.0 if entry in TOGETHER else poll_offset_s(name, period_s) for name in self._simulator.names[:devices]
            ),
            period_s=period_s,
            settle_s=self._plan.settle_s,
            seconds=seconds,
            simulator_pid=self._simulator.pid,
        )
        try:
            sample = contender.ask(order)
        except UnavailableError as error:
            if not entry.peer:
                raise
            self._lose(entry.name, error)
            return None
        return figures(sample, entry.name, devices, number, paced=paced)

    def _lose(self, name: str, error: UnavailableError) -> None:
        progress(f"NOT MEASURED: {error}")
        self._contenders.pop(name, None)
        self.result.absent[name] = str(error)

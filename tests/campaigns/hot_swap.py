"""Swap policies in every epoch of a whole node, with bad files in between.

    python -m tests.campaigns.hot_swap                       10 000 swaps in virtual time
    python -m tests.campaigns.hot_swap --swaps 200 --real    on the clock of this machine, an epoch a second

Each swap loads a vetted file anew, wants it by an act, and is decided. Every tenth time a file is offered too that
must be rejected. Told are ticks missed, epochs that were not planned by the policy in force, memory of the process over
time, and how long vetting with loading took.
"""

import argparse
import asyncio
import gc
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from qkdctl.library.admission import load
from qkdctl.policy.builder import build
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.proposal import Policy
from qkdctl.records.act import ActBook, ActivatePolicy, ActReport, Finding
from tests.control.lab import Lab
from tests.control.virtual import run, until
from tests.library import hostile
from tests.policy.networks import random_network

FILES = [build(random_network(seed, 16, largest=64), {"name": f"p{seed}"}) for seed in range(4)]
BAD = [
    hostile.GOOD[:-9],
    hostile.changed(hostile.weight(float("nan"))),
    hostile.changed(hostile.endless_loop),
    hostile.changed(hostile.swapped_features),
]
_SAMPLED_EPOCHS = 50


@dataclass
class Operator:
    """Wants another policy in every epoch.

    Attributes:
        at_hand: of the node; the last four.
        swaps: that were wanted.
        rejected: files.
        loads_s: seconds for each vetting and loading.
    """

    at_hand: dict[str, Policy] = field(default_factory=dict)
    swaps: int = 0
    rejected: int = 0
    loads_s: list[float] = field(default_factory=list)
    _bad: Iterator[bytes] = field(default_factory=lambda: cycle(BAD))

    def load(self, data: bytes) -> str:
        """Put a file at hand; returns its identity."""
        began = time.perf_counter()
        policy = load(data, 1)
        self.loads_s.append(time.perf_counter() - began)
        self.at_hand[policy.identity] = policy
        return policy.identity

    def __call__(self, book: ActBook) -> ActReport:
        """What the node says of acts in its next report."""
        self.swaps += 1
        if self.swaps % 10 == 0:
            self._offer_bad()
        wanted = self.load(FILES[self.swaps % len(FILES)])
        found = tuple(Finding(number=state.number, accepted=1, wrong=()) for state in book.open)
        return ActReport(filed=(ActivatePolicy(policy=wanted),), findings=found)

    def _offer_bad(self) -> None:
        before = dict(self.at_hand)
        try:
            self.load(next(self._bad))
        except PolicyRejected:
            self.rejected += 1
        assert self.at_hand == before


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        epochs, missed: decided, and ticks left out.
        unplanned: epochs that another policy than the one in force planned.
        switches: changes of the policy in force from epoch to epoch.
        operator: see there.
        resident_mib: of the process, every 50 epochs.
        running: whether the link ran all the time.
    """

    epochs: int
    missed: int
    unplanned: int
    switches: int
    operator: Operator
    resident_mib: list[float]
    running: bool


async def swap(count: int) -> Outcome:
    """Swap so many times."""
    lab, operator = Lab(), Operator()
    first, *_ = [operator.load(data) for data in FILES]
    unplanned = switches = seen = 0
    modes, resident = set(), []
    async with lab.running(policy=operator.at_hand[first], at_hand=operator.at_hand, acts=operator) as daemon:
        await until(lambda: daemon.link.mode == "running")
        start, policy = daemon.epochs.epoch, first
        while daemon.epochs.epoch < start + count:
            target = min(daemon.epochs.epoch + _SAMPLED_EPOCHS, start + count)
            await until(lambda target=target: daemon.epochs.epoch >= target, 10 * _SAMPLED_EPOCHS)  # type: ignore[misc]
            for outcome in [outcome for outcome in daemon.epochs.outcomes if outcome.epoch > max(start, seen)]:
                unplanned += outcome.plan.policy != outcome.decision.policy
                switches += outcome.decision.policy != policy
                policy, seen = outcome.decision.policy, outcome.epoch
            modes.add(daemon.link.mode)
            resident.append(_resident_mib(lab))
        missed = daemon.epochs.missed
    return Outcome(seen - start, missed, unplanned, switches, operator, resident, modes == {"running"})


def _resident_mib(lab: Lab) -> float:
    """Of this process, without what the laboratory itself remembers of its past."""
    for past in (lab.disk.entries, lab.world.launched, lab.world.emitted):
        past.clear()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    """Run the campaign and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=10_000)
    parser.add_argument("--real", action="store_true", help="in real time")
    options = parser.parse_args()
    began = time.perf_counter()
    outcome: Outcome = (asyncio.run if options.real else run)(swap(options.swaps))
    operator, resident = outcome.operator, outcome.resident_mib
    loads_ms = sorted(1000 * seconds for seconds in operator.loads_s)
    lines = (
        f"{outcome.switches} swaps in {outcome.epochs} epochs, {time.perf_counter() - began:.0f} s of real time",
        f"ticks missed {outcome.missed}, epochs not planned by the policy in force {outcome.unplanned}",
        f"link ran all the time: {outcome.running}; bad files rejected {operator.rejected}",
        f"vetting and loading {loads_ms[len(loads_ms) // 2]:.1f} ms (median), {loads_ms[-1]:.1f} ms at most",
        "resident MiB at each tenth: " + " ".join(f"{mib:.1f}" for mib in resident[:: max(1, len(resident) // 10)]),
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()

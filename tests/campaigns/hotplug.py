"""Switch every simulated instrument off and on under a running node, and see what the others notice.

    python -m tests.campaigns.hotplug [--save]

For each instrument of the shipped bench: lateness of all other devices' polls while nothing happens, and from the
moment the instrument loses power until it is back and its link is up again; how long that took; and the brightest
pulses that were ever launched. The simulator shares the event loop with the node, so lateness is an upper bound.
"""

import argparse
import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qkdctl.devices.supervisor import Supervisor
from tests.node.bench import REPOSITORY, Bench, running, simulated, until

_QUIET_S = 6.0
_OFF_S = 2.0


@dataclass(frozen=True)
class Round:
    """One instrument switched off and on.

    Attributes:
        before_ms, during_ms: (p50, p99) lateness of the other devices' polls.
        polls: of others while it was away.
        back_s: from power returning until the device is online and its link up.
        brightest: mean photon number, largest ever launched on its link.
    """

    instrument: str
    before_ms: tuple[float, float]
    during_ms: tuple[float, float]
    polls: int
    back_s: float
    brightest: float


async def campaign(directory: Path) -> list[Round]:
    """All instruments, one after another, under the same node."""
    async with simulated(directory) as simulation, running(directory, simulation) as bench:
        return [await switch_off_and_on(bench, name) for name in bench.node.supervisors]


async def switch_off_and_on(bench: Bench, name: str) -> Round:
    """One round; returns once everything runs again."""
    others = [supervisor for supervisor in bench.node.supervisors.values() if supervisor.device.name != name]
    victim = bench.node.supervisors[name]
    link = next(link for link in bench.node.links.values() if victim in link.roles.all())
    forget(others)
    await asyncio.sleep(_QUIET_S)
    before = lateness_ms(others)
    forget(others)
    await bench.simulation.unplug(name)
    await asyncio.sleep(_OFF_S)
    bench.simulation.bench.instruments[name].power_cycle()
    await bench.simulation.replug(name)
    returned = time.monotonic()
    await until(lambda: victim.usable and link.mode == "running" and not link.busy, 60)
    back_s = time.monotonic() - returned
    await asyncio.sleep(max(0.0, _QUIET_S - _OFF_S - back_s))
    during = lateness_ms(others)
    polls = sum(len(supervisor.counters.lateness_s) for supervisor in others)
    brightest = max(float(str(value)) for value in bench.traced(link.name, "mean_photon_number"))
    return Round(name, before, during, polls, back_s, brightest)


def forget(supervisors: list[Supervisor]) -> None:
    """Start counting afresh."""
    for supervisor in supervisors:
        supervisor.counters.lateness_s.clear()


def lateness_ms(supervisors: list[Supervisor]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    values = sorted(1000 * late for supervisor in supervisors for late in supervisor.counters.lateness_s)
    return values[len(values) // 2], values[int(0.99 * (len(values) - 1))]


def report(rounds: list[Round], load: tuple[float, float, float]) -> str:
    """The result as a page."""
    head = f"""# Every instrument switched off and on under a running node

`python -m tests.campaigns.hotplug --save`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {load[0]:.1f}.
Node and simulator share one event loop, so lateness is an upper bound. Both links ran under the rule-based policy; the
caps of the mean photon number are 0.9 and 0.5. Lateness is that of the polls of all other devices, p50 / p99: while
nothing happened, and from the loss of power until the instrument was back and its link up again.

| instrument | before | meanwhile | their polls | link up again after | brightest pulses launched |
|---|---|---|---|---|---|
"""
    rows = [
        f"| {r.instrument} | {_pair(r.before_ms)} | {_pair(r.during_ms)} | {r.polls} | {r.back_s:.2f} s "
        f"| {r.brightest:.3f} |\n"
        for r in rounds
    ]
    return head + "".join(rows)


def _pair(quantiles: tuple[float, float]) -> str:
    return f"{quantiles[0]:.2f} / {quantiles[1]:.2f} ms"


def main() -> None:
    """Run and print, or save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help="write docs/results/hotplug.md")
    save = parser.parse_args().save
    with tempfile.TemporaryDirectory() as directory:
        load = os.getloadavg()
        page = report(asyncio.run(campaign(Path(directory))), load)
    print(page)
    if save:
        (REPOSITORY / "docs" / "results" / "hotplug.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the daemon promises, next to what was measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.command_line import CommandLineResult
from tests.bench.contender import DAEMON
from tests.bench.figures import Cell
from tests.bench.plan import PACE_S, Plan
from tests.bench.polling import PollingResult

OVERHEAD_P50_US = 1000.0
POLLS_PER_S = 2000.0
MISSED_SHARE = 0.01
STATUS_S = 0.120
DARK_S = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise.

    Attributes:
        promise: in words.
        measured: in words; says so when it was not measured.
        met: None when it was not measured.
    """

    promise: str
    measured: str
    met: bool | None

    @property
    def word(self) -> str:
        """For the report."""
        return "?" if self.met is None else "yes" if self.met else "NO"

    def to_plain(self) -> dict[str, Any]:
        """For the results."""
        return asdict(self)


def verdicts(
    plan: Plan, polling: PollingResult, table: Sequence[Cell], command_line: CommandLineResult
) -> list[Verdict]:
    """Every promise; for polling the worst number of devices counts."""
    paced = [cell for cell in table if cell.contender == DAEMON.name and cell.paced]
    unthrottled = [cell for cell in table if cell.contender == DAEMON.name and not cell.paced]
    slowest = max(paced, key=lambda cell: cell.overhead_p50_us.median)
    fewest = min(unthrottled, key=lambda cell: cell.polls_per_s.median)
    overhead_us, rate = slowest.overhead_p50_us.median, fewest.polls_per_s.median
    return [
        Verdict(
            f"overhead p50 of a poll at 10 Hz under {OVERHEAD_P50_US / 1000:g} ms",
            f"{overhead_us / 1000:.3f} ms at most (with {slowest.devices} devices)",
            overhead_us < OVERHEAD_P50_US,
        ),
        Verdict(
            f"at least {POLLS_PER_S:g} polls/s per node",
            f"{rate:.0f} polls/s at least (with {fewest.devices} devices)",
            rate >= POLLS_PER_S,
        ),
        _deadlines(plan, polling),
        _status(command_line),
        _dark(command_line),
    ]


def _deadlines(plan: Plan, polling: PollingResult) -> Verdict:
    promise = f"under {MISSED_SHARE:.0%} missed deadlines at {1 / PACE_S:g} Hz x {plan.most_devices} devices"
    watch = polling.deadlines
    if watch is None or watch.missed_share is None:
        return Verdict(promise, "not measured", None)
    words = f"{watch.missed_share:.3%} in {plan.deadlines_s:g} s"
    return Verdict(promise, words, watch.missed_share < MISSED_SHARE)


def _status(command_line: CommandLineResult) -> Verdict:
    promise = f"qkdctl status within {STATUS_S * 1000:g} ms"
    spread = command_line.commands.get("qkdctl status")
    if spread is None:
        return Verdict(promise, f"not measured: {command_line.absent.get('status', 'no reason known')}", None)
    return Verdict(promise, f"{spread.median * 1000:.0f} ms", spread.median < STATUS_S)


def _dark(command_line: CommandLineResult) -> Verdict:
    promise = f"every source dark within {DARK_S:g} s of a stop signal"
    missing = [text for what, text in command_line.absent.items() if what.startswith("dark")]
    if missing or not command_line.dark:
        return Verdict(promise, f"not measured: {missing[0] if missing else 'only by the full bench'}", None)
    slowest_s = max(command_line.dark.values())
    return Verdict(promise, f"{slowest_s * 1000:.0f} ms", slowest_s < DARK_S)

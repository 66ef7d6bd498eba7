"""The results as Markdown, which also reads well in a terminal."""

from tests.bench.contender import DAEMON, FASTCS, FRAPPY, POLLERS, RAW, TOGETHER
from tests.bench.figures import Cell, Spread
from tests.bench.plan import PACE_S
from tests.bench.results import Results
from tests.bench.table import span, table

_TITLES = {entry.name: entry.title for entry in (*POLLERS, *TOGETHER)}


def render(results: Results) -> str:
    """The whole report."""
    blocks = [
        "# Polling: what the daemon adds",
        _circumstances(results),
        "## Promises",
        table(
            ("promise", "measured", "met"),
            [(v.promise, v.measured, v.word) for v in results.verdicts],
        ),
        f"## Without pause\n\n{_UNTHROTTLED}",
        *(_unthrottled(results, devices) for devices in results.plan.device_counts),
        f"## At {1 / PACE_S:g} Hz per device\n\n{_PACED}",
        *(_paced(results, devices) for devices in results.plan.device_counts),
        "## Poll grid",
        _deadlines(results),
        "## qkdctl against the others",
        _RATIOS,
        _ratios(results),
        "## Command line",
        _command_line(results),
    ]
    absent = {**results.polling.absent, **results.command_line.absent}
    if absent:
        blocks += ["## Not measured", "\n".join(f"- {name}: {reason}" for name, reason in absent.items())]
    return "\n\n".join(blocks) + "\n"


_UNTHROTTLED = """\
Every contender polls as fast as it can; the loop, not the instrument, is the limit. A poll then waits for those of the
other devices, so its time grows with their number; the time that a contender adds to each poll is its wall clock per
poll less that of raw streams. Figures are the median over the rounds, in brackets the least and the most."""
_PACED = """\
Each device is polled on a grid, as in operation. The overhead is the percentile less that of raw streams in the same
round. qkdctl and the raw streams spread their devices over the grid; FastCS and frappy begin all of them together and
offer no choice, which shows in their percentiles. For a fair comparison there are rows in which raw streams and qkdctl
begin all at once as well; the overhead in these is against each other. With one or two devices there are few polls, so
p99 is near the slowest. Only whole cycles count as done."""
_RATIOS = """\
Above 1 qkdctl polls more per second, or needs more processor time per poll. Medians; without pause."""


def _circumstances(results: Results) -> str:
    machine, plan = results.machine, results.plan
    versions = []
    for name, greeting in results.polling.versions.items():
        listed = ", ".join(f"{package} {number}" for package, number in greeting["versions"].items())
        versions.append(f"{_TITLES[name]}: {listed + ', ' if listed else ''}Python {greeting['python']}")
    before, after = results.load["before"], results.load["after"]
    run = f"{results.mode} plan, {results.duration_s:.0f} s, {plan.rounds} rounds in which the contenders take turns"
    lines = [
        f"{results.date}, revision {results.revision}, {run}",
        f"{machine['cores']} cores of {machine['processor']}, {machine['system']}",
        f"load average (1, 5, 15 min) before {before}, after {after}; the bench itself keeps two processes busy",
        *versions,
        "one simulator process serves all attenuators (N776x, TCP on the loopback interface)",
        "all contenders ask the same queries, two fast ones and one slow one per cycle and device",
        "raw asyncio streams are the floor: no deadline on an exchange, no resynchronisation, no limits, no states",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _unthrottled(results: Results, devices: int) -> str:
    rows = [
        (
            _TITLES[cell.contender], span(cell.polls_per_s), f"{cell.of_raw.median:.2f}",
            span(cell.added_us, 1), span(cell.cpu_us, 1), span(cell.p50_us), span(cell.p99_us),
            f"{cell.simulator_cpu_share.median:.0%}",
        )
        for cell in _of(results, devices, paced=False)
    ]  # fmt: skip
    header = (
        f"{_count(devices)}", "polls/s", "of raw", "added us/poll", "cpu us/poll", "p50 us", "p99 us", "simulator busy"
    )  # fmt: skip
    return table(header, rows)


def _paced(results: Results, devices: int) -> str:
    rows = []
    for cell in _of(results, devices, paced=True):
        share = cell.cycles_share
        rows.append((
            _TITLES[cell.contender], span(cell.p50_us), span(cell.p99_us), span(cell.overhead_p50_us),
            span(cell.overhead_p99_us), span(cell.cpu_us, 1), f"{share.median:.1%}" if share else "-",
        ))  # fmt: skip
    header = (
        f"{_count(devices)}", "p50 us", "p99 us", "overhead p50 us", "overhead p99 us", "cpu us/poll", "cycles done"
    )  # fmt: skip
    return table(header, rows)


def _deadlines(results: Results) -> str:
    watch = results.polling.deadlines
    if watch is None or watch.missed_share is None:
        return "Not measured."
    return (
        f"{watch.devices} devices at {1 / PACE_S:g} Hz for {results.plan.deadlines_s:g} s, with the daemon's own grid:"
        f" {watch.missed_share:.3%} of the deadlines missed; cycles began {watch.lateness_p50_us:.0f} us (p50) and"
        f" {watch.lateness_p99_us:.0f} us (p99) after their deadline; {watch.cpu_us:.0f} us of processor time per poll,"
        f" {watch.cpu_us * watch.polls_per_s / 1e6:.1%} of one core."
    )


def _ratios(results: Results) -> str:
    rows = []
    for devices in results.plan.device_counts:
        own = results.cell(DAEMON.name, devices, paced=False)
        row = [_count(devices)]
        for other in (RAW, FASTCS, FRAPPY):
            cell = results.cell(other.name, devices, paced=False)
            if own is None or cell is None:
                row += ["not measured"] * 2
                continue
            row.append(f"{own.polls_per_s.median / cell.polls_per_s.median:.2f}")
            row.append(f"{own.cpu_us.median / cell.cpu_us.median:.2f}")
        rows.append(tuple(row))
    names = [f"{what} / {entry.title}" for entry in (RAW, FASTCS, FRAPPY) for what in ("polls/s", "cpu")]
    return table(("", *names), rows)


def _command_line(results: Results) -> str:
    found = results.command_line
    rows = [(name, _milliseconds(spread)) for name, spread in found.commands.items()]
    if found.interpreter_s is not None:
        rows.append(("an interpreter that imports nothing", _milliseconds(found.interpreter_s)))
    rows += [(f"import {name}, in addition", _milliseconds(spread)) for name, spread in found.imports.items()]
    devices = results.plan.most_devices
    if found.stop_s is not None:
        rows.append((f"SIGTERM to the end of a daemon with {devices} devices", f"{found.stop_s * 1000:.0f}"))
    rows += [(f"stop signal to dark source, link {link}", f"{s * 1000:.0f}") for link, s in found.dark.items()]
    text = table(("wall clock", "ms"), rows)
    if found.daemon_cpu_share is not None:
        text += (
            f"\n\nA whole daemon that polls {devices} devices at 10 Hz uses {found.daemon_cpu_share:.1%} of one core."
        )
    return text


def _of(results: Results, devices: int, *, paced: bool) -> list[Cell]:
    found = (results.cell(name, devices, paced=paced) for name in _TITLES)
    return [cell for cell in found if cell is not None]


def _count(devices: int) -> str:
    return f"{devices} device" if devices == 1 else f"{devices} devices"


def _milliseconds(spread: Spread) -> str:
    return span(Spread(spread.median * 1000, spread.least * 1000, spread.most * 1000))

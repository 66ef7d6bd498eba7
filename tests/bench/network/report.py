"""The results as Markdown, which also reads well in a terminal."""

from tests.bench.figures import Spread
from tests.bench.network.contender import ENTRIES, IN_USE, KERNELS, OURS, OURS_SLICE, SEQUENCE, SIMQN
from tests.bench.network.order import EFFICIENCY, LENGTH_KM, LOSS_DB_PER_KM, MEAN_PHOTON_NUMBER, MISALIGNMENT
from tests.bench.network.promises import link_step_us, overhead, promises
from tests.bench.network.results import Results
from tests.bench.table import table

_TITLES = {entry.name: entry.title for entry in ENTRIES}


def render(results: Results) -> str:
    """The whole report."""
    blocks = [
        "# Networks: links simulated per second",
        _circumstances(results),
        table(("promise", "measured", "met"), [(v.promise, v.measured, v.word) for v in promises(results)]),
        _EXPLANATION.format(rate=results.plan.pulse_rate_hz / 1e6),
        *(_contenders(results, links) for links, _ in results.plan.slices_s),
        "## qkdctl against the others",
        _RATIOS,
        _ratios(results),
        "## qkdctl in use against its kernels",
        _IN_USE,
        _overheads(results),
    ]
    if results.rounds.absent:
        lines = [f"- {_TITLES.get(name, name)}: {reason}" for name, reason in results.rounds.absent.items()]
        blocks += ["## Not measured", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


_EXPLANATION = """\
A link-second is one link simulated for one second. All contenders simulate the same short time ("simulated"), because
SeQUeNCe and SimQN follow every photon and need minutes for a second of many links; qkdctl draws the counts of a step
from their distribution and simulates steps of 1 s as well, as it does in use. The cost of a photon simulator grows with
the pulse rate, that of qkdctl does not: {rate:g} MHz favours the others, real links pulse a thousand times faster.

What photon simulators show and counts cannot is everything below a step: single arrival times, memories, states. For
sifted rate and QBER of a link the two agree, see [SeQUeNCe's photons against the model](sequence-bb84.md); the last
column is a check that all contenders simulate the same links. Figures are the median over the rounds, in brackets the
least and the most."""
_IN_USE = """\
In use means a ring of links at 1 GHz over drifting fibres with decoys, finite key from every block, buffers, and one
demand over two hops for every ten links. The kernels are the same draws and the same evaluations of physics in the same
numbers, and nothing else: no commands, checks, adversaries, accounts or reports. A link-step is one link for one epoch;
times are of the processor."""
_RATIOS = """\
Link-seconds per second of processor time, medians; above 1 qkdctl simulates more. In the first two columns both
simulate the same short time."""


def _circumstances(results: Results) -> str:
    machine, plan = results.machine, results.plan
    versions = []
    for name, found in results.versions.items():
        listed = ", ".join(f"{package} {number}" for package, number in found.items())
        versions.append(f"{_TITLES.get(name, name)}: {listed}")
    before, after = results.load["before"], results.load["after"]
    run = f"{results.mode} plan, {results.duration_s:.0f} s, {plan.rounds} rounds in which the contenders take turns"
    fibre = f"{LENGTH_KM:g} km at {LOSS_DB_PER_KM:g} dB/km, misalignment {MISALIGNMENT:.0%}"
    receiver = f"two detectors of efficiency {EFFICIENCY:g}"
    lines = [
        f"{results.date}, revision {results.revision}, {run}",
        f"{machine['cores']} cores of {machine['processor']}, {machine['system']}",
        f"load average (1, 5, 15 min) before {before}, after {after}; every contender is one process",
        *versions,
        f"links: {plan.pulse_rate_hz / 1e6:g} MHz, mean photon number {MEAN_PHOTON_NUMBER:g}, {fibre}, {receiver}",
        "BB84 up to the sifted key, no error correction; links do not touch each other",
        "SimQN sends single photons: mean photon number and efficiency are a loss; its misalignment cannot be set",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _contenders(results: Results, links: int) -> str:
    rows = []
    for name, title in _TITLES.items():
        cell = results.cell(name, links)
        if cell is None:
            continue
        rows.append((
            title, f"{cell.simulated_s:g} s", f"{cell.pulses:,}", _spread(cell.setup_s), _spread(cell.run_s),
            _spread(cell.per_wall_s), _spread(cell.per_cpu_s), f"{cell.sifted_per_s.median:,.0f}",
        ))  # fmt: skip
    header = (
        f"{links:,} links", "simulated", "pulses per link", "setup s", "run s", "link-seconds per s",
        "per s of processor time", "sifted bits per link-second",
    )  # fmt: skip
    return table(header, rows)


def _ratios(results: Results) -> str:
    rows = []
    for links, _ in results.plan.slices_s:
        row = [f"{links:,} links"]
        for own in (OURS_SLICE, OURS):
            ours = results.cell(own.name, links)
            for peer in (SEQUENCE, SIMQN):
                theirs = results.cell(peer.name, links)
                known = ours is not None and theirs is not None
                row.append(f"{ours.per_cpu_s.median / theirs.per_cpu_s.median:,.0f}" if known else "not measured")
        rows.append(tuple(row))
    names = [f"{own.title} / {peer.title}" for own in (OURS_SLICE, OURS) for peer in (SEQUENCE, SIMQN)]
    return table(("", *names), rows)


def _overheads(results: Results) -> str:
    rows = []
    for links, _ in results.plan.slices_s:
        times = [link_step_us(results, entry.name, links) for entry in (IN_USE, KERNELS)]
        ratio = overhead(results, links)
        shown = [_spread(entry) if entry is not None else "not measured" for entry in (*times, ratio)]
        rows.append((f"{links:,} links", *shown))
    return table(("", "us per link-step in use", "us per link-step of the kernels", "in use / kernels"), rows)


def _spread(spread: Spread) -> str:
    return f"{_digits(spread.median)} [{_digits(spread.least)}, {_digits(spread.most)}]"


def _digits(value: float) -> str:
    """Three significant digits, large values whole."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

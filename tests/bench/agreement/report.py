"""The results as Markdown, which also reads well in a terminal."""

from typing import Final

from tests.bench.agreement.promises import promises
from tests.bench.agreement.results import FIT_FROM, Cell, Results
from tests.bench.agreement.setting import ENDS, SESSIONS, Setting, report_text
from tests.bench.agreement.windows import Layer
from tests.bench.figures import Spread
from tests.bench.table import table

_TITLES: Final[dict[Layer, str]] = {
    "core": "The agreement alone",
    "hub": "Whole nodes over memory",
    "broker": "Whole nodes over Mosquitto",
}


def render(results: Results) -> str:
    """The whole report."""
    blocks = [
        "# Agreement: what a decision costs",
        _circumstances(results),
        table(("promise", "measured", "met"), [(v.promise, v.measured, v.word) for v in promises(results)]),
        _EXPLANATION,
    ]
    for layer, title in _TITLES.items():
        if results.cells(layer, "qkdctl"):
            blocks += [f"## {title}", _WORDS[layer], _costs(results, layer), _growth(results, layer)]
    blocks += ["## Key", _KEY, _key(results)]
    if results.measured.absent:
        lines = [f"- {name}: {reason}" for name, reason in results.measured.absent.items()]
        blocks += ["## Not measured", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


_EXPLANATION = """\
The floor is the normal case of PBFT: reports, pre-prepare, prepare, commit, counted. It has no weights, no tags, no
storage, no view change, no echoes (its leader may leave out whose report it likes) and no repetition, and sends its
messages in packets of the same form over the same transports. A real system needs all that it lacks; it is there
because times of this machine mean little elsewhere, and multiples of the floor more. It takes turns with qkdctl, so
both meet the same machine. Figures are the median over the rounds, in brackets the least and the most.

Decisions are those of a network without faults, in round 0. Reports are taken as they come and nothing follows from
them: what is measured is the agreement, not the evaluation of links. What must be durable is kept in memory, so no disk
is measured either. All nodes share one process and one core, so the times of decisions contain the work of all N nodes;
in a network each node has its own processor, and a decision takes the processor time of one node and eight messages one
after another. Garbage is collected between the windows only."""
_WORDS: Final[dict[Layer, str]] = {
    "core": """\
Replicas hand each other their messages as they are. In an epoch each node sends 7 to every other one, the leader 8:
linear in N per node, quadratic for all. Echoes are lists of N reports from N nodes; most are equal, and count
together.""",
    "hub": """\
Replica, host, packets, one-time tags and keys as in a daemon, in packets that memory carries.""",
    "broker": """\
The same through one Mosquitto at QoS 0 on this machine, all nodes in one process with a session each. The processor
time is that of the nodes with their MQTT clients, without the broker's.""",
}
_KEY = """\
One-time key of a pair of nodes for one decision, both directions together, the pair that used most. A tag takes 128
bits and covers all that one node says to another at one time: report, echoes, proposal, four votes, decision. What is
said again is sent as it was sealed."""


def _circumstances(results: Results) -> str:
    machine, plan = results.machine, results.plan
    size = len(report_text(Setting(1).names[0], 1))
    run = f"{results.mode} plan, {results.duration_s:.0f} s, {plan.rounds} rounds, qkdctl and the floor in turn"
    load = f"load average (1, 5, 15 min) before {results.load['before']}, after {results.load['after']}"
    content = f"{ENDS} ends of links with {SESSIONS} session records each"
    lines = [
        f"{results.date}, revision {results.revision}, {run}",
        f"{machine['cores']} cores of {machine['processor']}, {machine['system']}, Python {machine['python']}",
        f"{load}; the bench itself keeps one process busy, and the broker another: above that, others were at work",
        f"f = (N - 1) // 3, equal weights; reports of {size:,} bytes: {content}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _costs(results: Results, layer: Layer) -> str:
    rows = []
    for cell in results.cells(layer, "qkdctl"):
        floor = results.cell(layer, "floor", cell.nodes)
        assert floor is not None
        row = [f"{cell.nodes}", _ms(cell.cpu_us), _ms(floor.cpu_us), _times(cell.cpu_of_floor)]
        if cell.p50_us is not None:
            row += [_ms(cell.p50_us), _ms(cell.p99_us), _ms(floor.p50_us), _ms(floor.p99_us), _times(cell.p50_of_floor)]
        rows.append(tuple(row))
    header = ["nodes", "cpu ms per node", "floor", "times the floor"]
    if layer != "core":
        header += ["decision p50 ms", "p99 ms", "floor p50", "floor p99", "p50 times the floor"]
    return table(header, rows)


def _growth(results: Results, layer: Layer) -> str:
    ours, floor = (results.exponent(layer, contender) for contender in ("qkdctl", "floor"))
    if ours is None or floor is None:
        return "Too few sizes for a power law."
    return (
        f"From {FIT_FROM} nodes on, the processor time per node grows like N^{ours:.2f}, that of the floor like"
        f" N^{floor:.2f}."
    )


def _key(results: Results) -> str:
    rows = []
    sizes = sorted({*results.plan.hub_nodes, *results.plan.broker_nodes})
    for nodes in sizes:
        cells = [results.cell(layer, "qkdctl", nodes) for layer in ("hub", "broker")]
        rows.append((f"{nodes}", *(_bits(cell) for cell in cells)))
    text = table(("nodes", "bits over memory", "bits over Mosquitto"), rows)
    found = results.measured.repetition
    if found is None:
        return text
    return (
        f"{text}\n\nWith one of four nodes cut off and nothing decided, {found.packets} packets were said again in"
        f" {results.plan.silence_s:g} s; they took {found.bits} bits of key."
    )


def _bits(cell: Cell | None) -> str:
    return (
        "-"
        if cell is None or cell.pair_bits is None
        else f"{cell.pair_bits.median:,.0f} [{cell.pair_bits.least:,.0f}, {cell.pair_bits.most:,.0f}]"
    )


def _ms(spread: Spread | None) -> str:
    return "-" if spread is None else _digits(Spread(spread.median / 1e3, spread.least / 1e3, spread.most / 1e3))


def _times(spread: Spread | None) -> str:
    return "-" if spread is None else _digits(spread)


def _digits(spread: Spread) -> str:
    median, least, most = (
        f"{value:.3g}" if value < 100 else f"{value:,.0f}" for value in (spread.median, spread.least, spread.most)
    )
    return f"{median} [{least}, {most}]"

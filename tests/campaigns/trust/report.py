"""The results as a page."""

from collections.abc import Sequence

from tests.campaigns.trust.cases import FAULTS
from tests.campaigns.trust.stories import CAUGHT_WITHIN, FalseAlarms, Outcome

_HEAD = """\
# Trust in simulated networks

`python -m tests.campaigns.trust --save`. Links with nanowire detectors and buried fibre in all its weather, epochs of
10 s, links re-aligned above 4 % errors; rules as shipped (decay 200, recovery 5 per mille). Nodes report every epoch
and the agreed state follows from the reports.

![score of a liar that reforms](trust.png)

One node of the Vienna network contradicts all its neighbours for 20 epochs and is honest ever after. Its edges stay in
dispute for another 100 agreed epochs, then it recovers; the others lose nothing.

"""
_COLUMNS = (
    "| topology | f | misbehaviour | caught | median | most | out of reach | false alarms | least honest score "
    "| framed, least trust |"
)


def document(alarms: Sequence[FalseAlarms], outcomes: Sequence[Outcome], seeds: int) -> str:
    """The whole page."""
    return _HEAD + _honest(alarms) + _liars(outcomes, seeds)


def _honest(alarms: Sequence[FalseAlarms]) -> str:
    lines = [
        "## Without adversaries",
        "",
        "Any verdict at all on an honest node is a false alarm, tests with floats included.",
        "",
        "| topology | node-epochs | false alarms | least score or trust |",
        "|---|---|---|---|",
        *(f"| {a.topology} | {a.node_epochs} | {a.blamed} | {a.least_ppm / 1e6:.3f} |" for a in alarms),
        "",
    ]
    return "\n".join(lines) + "\n"


def _liars(outcomes: Sequence[Outcome], seeds: int) -> str:
    lines = [
        "## With f liars",
        "",
        f"{seeds} stories each, liars drawn among nodes with two neighbours or more, acting on all their links at a",
        "strength of 0.9. Caught: trust below half, in median and at most after so many epochs, of liars with two",
        f"honest neighbours or more; within {CAUGHT_WITHIN} epochs. Out of reach: liars with fewer, whose one",
        "contradicted edge condemns nobody and isolates the link. Framed: honest nodes most of whose neighbours lie,",
        "which lose trust, never score, where next to nobody else contradicts these.",
        "",
        _COLUMNS,
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_row, outcomes),
        "",
    ]
    return "\n".join(lines)


def _row(outcome: Outcome) -> str:
    epochs = sorted(epoch for epoch in outcome.caught if epoch)
    framed = f"{outcome.framed}, {outcome.framed_ppm / 1e6:.2f}" if outcome.framed else "none"
    cells = [
        outcome.topology,
        FAULTS[outcome.topology],
        outcome.kind,
        f"{len(epochs)} of {len(outcome.caught)}",
        epochs[len(epochs) // 2] if epochs else "-",
        epochs[-1] if epochs else "-",
        outcome.uncatchable,
        f"{outcome.wrongly} of {outcome.honest_node_epochs}",
        f"{outcome.honest_ppm / 1e6:.3f}",
        framed,
    ]
    return f"| {' | '.join(map(str, cells))} |"

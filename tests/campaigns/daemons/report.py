"""The results as a page."""

from collections.abc import Sequence
from statistics import median

from tests.campaigns.daemons.faults import FAULTS
from tests.campaigns.daemons.voyage import EPOCH_S, QUIET, Outcome

_HEAD = """\
# Four daemons through everything

`nice -n 10 python -m tests.campaigns.daemons --minutes {minutes:g} --save`: four processes of `qkdctl run` in folders
that `network init` made, f = 1, a ring of four links with simulated instruments at their ends, one real
Mosquitto behind a proxy that harms messages, epochs of {epoch_s:g} s. Keys come from files, and in every second voyage
from simulated key managers over mutual TLS. The machine had {cores} cores and other work besides, so times are upper
bounds.

After each fault: ledgers agree epoch by epoch and have no gaps; no pad served two packets at the broker, and in no
process a position; no node ever reported, proposed or voted two things in one place; no link ever launched more than
its cap; expected alarms came, and all alarms ended. {checks} faults, {violations}.

"Epochs" is the share of all epochs, in so much time, that were decided while the fault lasted. "Decides" is the time
from its end until every node had decided twice more than any had, so at least two epochs; "all well" until every link
made key and no alarm lasted. Median and most, in seconds.

| fault | times | lasted | epochs | decides | all well | alarms |
|---|---|---|---|---|---|---|
"""


def document(outcomes: Sequence[Outcome], minutes: float, cores: int) -> str:
    """The whole page."""
    broken = [outcome for outcome in outcomes if outcome.violations]
    head = _HEAD.format(
        minutes=minutes,
        epoch_s=EPOCH_S,
        cores=cores,
        checks=len(outcomes),
        violations=f"{len(broken)} with something amiss" if broken else "nothing amiss",
    )
    rows = [_row(name, [o for o in outcomes if o.fault == name]) for name in (QUIET, *FAULTS)]
    amiss = [f"- seed {o.seed}, {o.fault} ({o.what}): {text[:300]}" for o in broken for text in o.violations]
    return (
        head
        + "".join(rows)
        + _partitions(outcomes)
        + ("\n## Amiss\n\n" + "\n".join(amiss) + "\n" if amiss else "")
        + _tail()
    )


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    lasted_s = sum(outcome.lasted_s for outcome in outcomes)
    share = sum(outcome.epochs for outcome in outcomes) * EPOCH_S / lasted_s
    alarms = sorted({code for outcome in outcomes for code in outcome.alarms})
    cells = [
        name,
        len(outcomes),
        f"{lasted_s / len(outcomes):.0f}",
        f"{100 * share:.0f} %",
        _spread([outcome.deciding_s for outcome in outcomes]),
        _spread([outcome.shining_s for outcome in outcomes]),
        ", ".join(alarms) or "none",
    ]
    return f"| {' | '.join(map(str, cells))} |\n"


def _partitions(outcomes: Sequence[Outcome]) -> str:
    """Each by itself: what there is to decide depends on who hears whom."""
    lines = [
        "\n## Partitions\n\nOf 60 s each. Three nodes that hear each other decide on; fewer cannot.\n\n",
        "| who hears whom not | epochs | decides | all well |\n|---|---|---|---|\n",
        *(
            f"| {o.what} | {100 * o.epochs * EPOCH_S / o.lasted_s:.0f} % | {o.deciding_s:.1f} | {o.shining_s:.1f} |\n"
            for o in outcomes
            if o.fault == "partition"
        ),
    ]
    return "".join(lines)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.1f}, {max(values):.1f}"


def _tail() -> str:
    lines = [f"- *{name}*: {(fault.strike.__doc__ or '').strip()}" for name, fault in FAULTS.items()]
    return "\n## The faults\n\n" + "\n".join(lines) + "\n"

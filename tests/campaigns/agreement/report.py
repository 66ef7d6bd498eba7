"""`docs/results/agreement.md`: what the campaign has shown."""

from collections import Counter
from collections.abc import Sequence

from hil_sim.agreement.draw import draw
from hil_sim.agreement.replay import command_of
from hil_sim.agreement.scenario import Scenario
from tests.campaigns.agreement.code import REPOSITORY
from tests.campaigns.agreement.plan import LOTS, Lot
from tests.campaigns.agreement.state import Done

PAGE = REPOSITORY / "docs" / "results" / "agreement.md"

_HEAD = """\
# The agreement in simulation

Every seed is a scenario of its own: some nodes lie, hosts crash before, between and after the effects of a step and
come up from their disks, the network loses up to a fifth of all messages, delays, doubles and reorders the others,
clogs links and falls apart in several shapes; clocks drift and start anywhere; members join and leave, scores and f
change by decision; nodes lack their policy for a while. The network heals in the end. Checkers look at every step of
every honest node:

- one decision per epoch, and equal members and weights on all nodes; 3B < W
- what is decided follows from at least N - f reports, N - 2f of them of honest nodes, and is recomputed
- no node says two things for one slot, across all crashes; rounds rise; proofs tell all that was voted
- every vote, proposal, round and decision has its quorum behind it
- nothing is said before it is stored
- alarms name liars only, and nobody stops
- memory stays below a bound that depends on N alone
- after healing every epoch ends at most max(r, 3) + f + 1 rounds later, r the round that it had reached, and all honest
  nodes get to the same epoch

Keys, tags and levels are not in it: `tests/auth/test_machine.py` plays two channels whose oracle sees every pad, and
[results/daemons.md](daemons.md) has real ones.

With one liar too many (two replicas each, on either side of a partition) the ledger may split when the liars and some
honest nodes are a strong quorum twice; it never does otherwise, and all whose ledgers differ raise an alarm.
"""

_FOOT = """
Again, from the top of the repository; it goes on where it was interrupted:

    python -m tests.campaigns.agreement run --state DIRECTORY [--jobs 2]
    python -m tests.campaigns.agreement report --state DIRECTORY

One seed, with everything that is said and done:

    python -m hil_sim.agreement --seed 7 --nodes 4 --faults 1 --trace
"""


def page(done: Sequence[Done], code: str) -> str:
    """The whole page."""
    by_lot = {lot: [one for one in done if _is_of(one, lot)] for lot in LOTS}
    failed = [one for one in done if one.violation]
    parts = [_HEAD, "## Seeds\n", _table(by_lot), _failures(failed), "## What the seeds held\n", _contents(by_lot)]
    hours = sum(one.cpu_s for one in done) / 3600
    return "\n".join([*parts, f"Code {code}, {hours:.1f} hours of processor time.", _FOOT])


def _is_of(done: Done, lot: Lot) -> bool:
    return (done.nodes, done.faults, done.colluders) == (lot.nodes, lot.faults, lot.colluders) and done.seed < lot.seeds


def _table(by_lot: dict[Lot, list[Done]]) -> str:
    rows = [
        "| network | seeds | failed | epochs | events | virtual hours | rounds after healing | memory of its bound |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for lot, done in by_lot.items():
        if not done:
            continue
        row = (
            f"{len(done)} of {lot.seeds}" if len(done) < lot.seeds else str(lot.seeds),
            sum(bool(one.violation) for one in done),
            sum(one.decided for one in done),
            sum(one.steps for one in done),
            f"{sum(one.ended_s for one in done) / 3600:.0f}",
            "" if lot.colluders else f"at most {max(one.rounds for one in done)}",
            "" if lot.colluders else f"{100 * max(one.memory for one in done):.0f} %",
        )
        rows.append(f"| {lot.name} | " + " | ".join(map(str, row)) + " |")
    return "\n".join(rows) + "\n"


def _failures(failed: Sequence[Done]) -> str:
    lines = [
        f"- {one.violation}\n  `{command_of(one.seed, one.nodes, one.faults, colluders=one.colluders)}`"
        for one in failed
    ]
    return "\n".join(["No seed failed.\n"] if not lines else [*lines, ""])


def _contents(by_lot: dict[Lot, list[Done]]) -> str:
    counts: Counter[str] = Counter()
    behaviours: Counter[str] = Counter()
    for lot, done in by_lot.items():
        for one in () if lot.colluders else done:
            scenario = draw(one.seed, one.nodes, one.faults)
            counts.update(_features(scenario))
            behaviours.update(name for lies in scenario.liars.values() for name in lies.behaviours)
    rows = [f"| {name} | {count} |" for name, count in counts.most_common()]
    told = ", ".join(f"{name} {count}" for name, count in behaviours.most_common())
    return "\n".join(["| seeds with | |", "|---|---:|", *rows, "", f"Liars by behaviour: {told}.\n"])


def _features(scenario: Scenario) -> list[str]:
    features = {
        "liars": scenario.liars,
        "crashes": scenario.crashes,
        "all hosts crashing at once": len({c.node for c in scenario.crashes}) == len(scenario.honest)
        and len({c.at_s for c in scenario.crashes}) < len(scenario.crashes),
        "an old backup restored": any(crash.backup_of_s is not None for crash in scenario.crashes),
        "loss and duplication": any(spell.loss for spell in scenario.spells),
        "stragglers": any(spell.straggling for spell in scenario.spells),
        "partitions": any(spell.cut for spell in scenario.spells),
        "clogged links": any(spell.clogged for spell in scenario.spells),
        "votes that miss receivers by phase and round": any(spell.sabotage for spell in scenario.spells),
        "changes of members or f": scenario.changes,
        "scores that follow from decisions": scenario.scoring == "moving",
        "a node with another policy": scenario.skewed,
        "nodes that lack the policy for a while": scenario.lacking,
    }
    return [name for name, is_there in features.items() if is_there]

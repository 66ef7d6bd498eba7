"""Draws a scenario from a seed."""

import random
from collections.abc import Mapping

from hil_sim.agreement.application import Change
from hil_sim.agreement.clocks import LocalClock
from hil_sim.agreement.liars.library import BEHAVIOURS, TWINS
from hil_sim.agreement.partitions import draw_cut
from hil_sim.agreement.scenario import Crash, Lies, Scenario
from hil_sim.agreement.weather import Spell
from qkdctl.abft.quorum import FULL_PPM, LEAST_PPM, Electorate, Member
from qkdctl.abft.timing import Timing


def draw(seed: int, nodes: int, faults: int) -> Scenario:
    """The scenario of a seed; equal on every host.

    Args:
        seed: any integer.
        nodes: members at the beginning, at least 3 faults + 1.
        faults: f at the beginning.
    """
    source = random.Random(f"agreement {seed} {nodes} {faults}")
    names = tuple(f"n{index:02d}" for index in range(1, nodes + 1))
    spares = tuple(f"s{index:02d}" for index in range(1, source.choice((0, 0, 0, 1, 2)) + 1))
    epochs = source.randint(3, 8)
    epoch_s = source.uniform(2.0, 5.0)
    rolled_back = _rolled_back(source, names, faults)
    lying = source.sample(sorted(set(names) - set(rolled_back)), source.choice((faults, faults, faults, 0)))
    lying = lying[: faults - len(rolled_back)]
    skewed = source.choice(lying) if lying and source.random() < 0.1 else ""
    liars = {name: _lies(source, epochs) for name in sorted(lying) if name != skewed}
    faulty = {*liars, *rolled_back, skewed} - {""}
    heal_s = source.uniform(0.3, 1.0) * epochs * epoch_s
    everybody = (*names, *spares)
    return Scenario(
        seed=seed,
        nodes=nodes,
        faults=faults,
        epochs=epochs,
        epoch_s=epoch_s,
        founders=_founders(source, names, faults, faulty),
        spares=spares,
        changes=_changes(source, names, spares, faults, faulty, epochs),
        scoring=source.choice(("kept", "moving")),
        liars=liars,
        skewed=skewed,
        spells=_spells(source, everybody, heal_s),
        crashes=_crashes(source, everybody, rolled_back, set(liars), heal_s),
        clocks={name: LocalClock(source.uniform(-1e5, 1e5), source.uniform(0.8, 1.25)) for name in everybody},
        timings={name: _timing(source) for name in everybody},
        lacking=_lacking(source, everybody, heal_s),
        heal_s=heal_s,
    )


def _rolled_back(source: random.Random, names: tuple[str, ...], faults: int) -> tuple[str, ...]:
    return (source.choice(names),) if faults and source.random() < 0.05 else ()


def _lies(source: random.Random, epochs: int) -> Lies:
    behaviours: tuple[str, ...] = (TWINS,) if source.random() < 0.25 else ()
    others = sorted(BEHAVIOURS)
    behaviours += ("silent",) if source.random() < 0.1 else tuple(source.sample(others, source.choice((1, 1, 2, 3))))
    return Lies(behaviours, source.choice((1, 1, 1, source.randint(1, epochs))))


def _founders(source: random.Random, names: tuple[str, ...], faults: int, faulty: set[str]) -> Electorate:
    style = source.choice(("equal", "spread", "excluded"))
    scores = dict.fromkeys(names, FULL_PPM)
    if style == "spread":
        scores = {name: source.randint(LEAST_PPM, FULL_PPM) for name in names}
    elif style == "excluded":
        scores |= {name: source.randint(LEAST_PPM, 499_999) for name in names if source.random() < 0.4}
    if source.random() < 0.8:
        scores |= dict.fromkeys(faulty, FULL_PPM)
    return Electorate(tuple(Member(name, scores[name]) for name in names), faults)


def _changes(
    source: random.Random,
    names: tuple[str, ...],
    spares: tuple[str, ...],
    faults: int,
    faulty: set[str],
    epochs: int,
) -> Mapping[int, Change]:
    """Joins first, then at times a leave; f follows when the faulty stay few enough."""
    if source.random() < 0.5:
        return {}
    changes: dict[int, Change] = {}
    members, waiting, present = list(names), list(spares), faults
    for epoch in range(1, epochs + 1):
        if source.random() < 0.5:
            continue
        joins: tuple[str, ...] = ()
        leaves: tuple[str, ...] = ()
        if waiting and source.random() < 0.6:
            joins = (waiting.pop(0),)
        size = len(members) + len(joins)
        if size - 1 >= 3 * present + 1 and source.random() < 0.5:
            leaves = (source.choice(members),)
            waiting += leaves
        members = [name for name in [*members, *joins] if name not in leaves]
        fewest = len(faulty & set(members))
        most = (len(members) - 1) // 3
        if source.random() < 0.3:
            present = source.randint(fewest, most) if fewest <= most else present
        present = max(present, fewest)
        if len(members) < 3 * present + 1:
            return changes
        changes[epoch] = Change(joins, leaves, present)
    return changes


def _spells(source: random.Random, names: tuple[str, ...], heal_s: float) -> tuple[Spell, ...]:
    is_lossy, is_slow, is_split, is_sabotaged = (source.random() < 0.5 for _ in range(4))
    spells = []
    begins_s = 0.0
    while begins_s < heal_s:
        ends_s = min(heal_s, begins_s + source.uniform(0.5, 8.0))
        clogs = source.randint(1, len(names)) if is_slow and len(names) > 1 and source.random() < 0.4 else 0
        spells.append(
            Spell(
                until_s=ends_s,
                loss=source.uniform(0.0, 0.2) if is_lossy else 0.0,
                duplication=source.uniform(0.0, 0.2) if is_lossy else 0.0,
                delay_s=(0.0, source.choice((0.01, 0.1, 0.5))) if is_slow else (0.001, 0.02),
                straggling=source.uniform(0.0, 0.1) if is_slow else 0.0,
                cut=draw_cut(source, names) if is_split and source.random() < 0.6 else frozenset(),
                clogged={_path(source, names): source.uniform(0.5, 3.0) for _ in range(clogs)},
                sabotage=source.uniform(0.1, 0.8) if is_sabotaged and source.random() < 0.7 else 0.0,
                sabotage_from=source.choice((1, 1, 2, 3, 4)),
            )
        )
        begins_s = ends_s
    return tuple(spells)


def _path(source: random.Random, names: tuple[str, ...]) -> tuple[str, str]:
    sender, to = source.sample(names, 2)
    return sender, to


def _crashes(
    source: random.Random, names: tuple[str, ...], rolled_back: tuple[str, ...], liars: set[str], heal_s: float
) -> tuple[Crash, ...]:
    honest = [name for name in names if name not in liars]
    crashes = []
    if source.random() < 0.5:
        for _ in range(source.randint(1, 2 * len(honest))):
            down_s = source.choice((0.0, source.uniform(0.0, 1.0), source.uniform(0.0, 6.0)))
            crashes.append(Crash(source.choice(honest), source.uniform(0.0, heal_s), source.random(), down_s))
    if source.random() < 0.15:
        at_s, down_s = source.uniform(0.0, heal_s), source.uniform(0.0, 3.0)
        crashes += [Crash(name, at_s, source.random(), down_s) for name in honest]
    for name in rolled_back:
        at_s = source.uniform(0.2, 1.0) * heal_s
        backup_of_s = source.choice((at_s - source.uniform(0.0, 1.0), source.uniform(0.0, at_s)))
        crashes.append(Crash(name, at_s, source.random(), source.uniform(0.0, 2.0), max(0.0, backup_of_s)))
    return tuple(sorted(crashes, key=lambda crash: crash.at_s))


def _lacking(source: random.Random, names: tuple[str, ...], heal_s: float) -> Mapping[str, float]:
    if source.random() < 0.8:
        return {}
    return {name: source.uniform(0.0, heal_s) for name in source.sample(names, source.randint(1, len(names)))}


def _timing(source: random.Random) -> Timing:
    return Timing(
        report_s=source.uniform(0.5, 1.5),
        round_s=source.uniform(0.5, 1.5),
        repeat_s=source.uniform(0.1, 0.4),
        repeat_most_s=source.uniform(1.0, 2.0),
    )

"""The adversaries of a network, or of many networks side by side, made ready to be planned."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, count

from hil_sim.adversary.adversary import Adversary
from hil_sim.adversary.duty import Group
from hil_sim.adversary.entries import Entries, Network, entries_of, joined_entries
from hil_sim.adversary.kinds import EFFECTS


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts together, and what each does.

    Attributes:
        sizes: nodes, links and groups of each network; all are numbered through.
        groups: who misbehaves in the same epochs.
        seeds: of the network of each group.
        entries: strengths.
        history_depth: past epochs that forged reports reach back to; 0 when none does.
    """

    sizes: tuple[tuple[int, int, int], ...]
    groups: tuple[Group, ...]
    seeds: tuple[int, ...]
    entries: Entries
    history_depth: int


def cast_of(network: Network, adversaries: Sequence[Adversary], seed: int) -> Cast:
    """The adversaries of one network.

    Args:
        network: nodes and links.
        adversaries: who misbehaves.
        seed: of everything random; the network's own.

    Raises:
        ValueError: for a node or link that does not exist, a node in two coalitions, or members of a coalition with
            different duties.
    """
    groups, group_of = _groups(adversaries)
    return Cast(
        sizes=((network.nodes, network.links, len(groups)),),
        groups=groups,
        seeds=(seed,) * len(groups),
        entries=entries_of(network, adversaries, group_of),
        history_depth=max((_reach(adversary) for adversary in adversaries), default=0),
    )


def joined_cast(casts: Sequence[Cast]) -> Cast:
    """Networks side by side, one at least; coalitions of different networks stay apart."""
    nodes, links, groups = (
        [0, *accumulate(sum(size[column] for size in cast.sizes) for cast in casts)][:-1] for column in range(3)
    )
    return Cast(
        sizes=tuple(size for cast in casts for size in cast.sizes),
        groups=tuple(
            replace(group, nodes=tuple(node + first for node in group.nodes))
            for cast, first in zip(casts, nodes, strict=True)
            for group in cast.groups
        ),
        seeds=tuple(seed for cast in casts for seed in cast.seeds),
        entries=joined_entries([cast.entries for cast in casts], nodes, links, groups),
        history_depth=max(cast.history_depth for cast in casts),
    )


def _reach(adversary: Adversary) -> int:
    """Epochs that what it reports may be old when it is reported first."""
    ages = {"replay": adversary.replay_delay, "freeze": 1}
    return max(ages.get(act.kind, 0) for act in adversary.acts)


def _groups(adversaries: Sequence[Adversary]) -> tuple[tuple[Group, ...], list[int]]:
    """Who acts in the same epochs, and the group of each adversary; labels do not depend on later adversaries."""
    duties: dict[tuple[str | int, ...], Adversary] = {}
    members: dict[tuple[str | int, ...], list[int]] = {}
    labels, part_timers = [], set()
    for adversary in adversaries:
        label = _label(adversary, duties)
        first = duties.setdefault(label, adversary)
        if adversary.duty != first.duty:
            raise ValueError(
                f"members of coalition '{adversary.coalition}' act together and need one duty, "
                f"got {first.duty} and {adversary.duty}"
            )
        members.setdefault(label, []).extend(() if adversary.node is None else (adversary.node,))
        labels.append(label)
        if any(EFFECTS[act.kind].part_time and act.strength < 1 for act in adversary.acts):
            part_timers.add(label)
    groups = tuple(
        Group(label, first.duty, tuple(sorted({*members[label]})), label in part_timers)
        for label, first in duties.items()
    )
    order = {label: index for index, label in enumerate(duties)}
    return groups, [order[label] for label in labels]


def _label(adversary: Adversary, taken: Container[tuple[str | int, ...]]) -> tuple[str | int, ...]:
    if adversary.coalition:
        return ("coalition", adversary.coalition)
    own: tuple[str | int, ...] = (
        ("fibre", *(adversary.links or ())) if adversary.node is None else ("node", adversary.node)
    )
    return next((*own, "spec", n) for n in count() if (*own, "spec", n) not in taken)

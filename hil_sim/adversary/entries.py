"""Who sets which strength where: the acts of all adversaries of a network as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.announcements import RelayAttack
from hil_sim.adversary.kinds import EFFECTS, Effect, Part
from hil_sim.adversary.rota import ON_DUTY, RELAYING, REPORTING
from hil_sim.adversary.state_attacks import StateAttack
from hil_sim.adversary.strengths import Floats, Integers, Mask
from hil_sim.adversary.telemetry import Forgery

Field = tuple[Part, str]

_ALWAYS = 2.0
_TYPES = {part.name: part.metadata["dtype"] for group in (StateAttack, RelayAttack, Forgery) for part in fields(group)}

FIELDS: Final[tuple[Field, ...]] = tuple(
    dict.fromkeys(
        [
            *((effect.part, effect.field) for effect in EFFECTS.values()),
            ("reports", "claimed_error_rate"),
            ("reports", "clumsy"),
        ]
    )
)
"""Everything that an adversary can set."""

_OF_NODES = np.array([part == "relaying" for part, _ in FIELDS])
_PURPOSES = np.array([{"reports": REPORTING, "relaying": RELAYING}.get(part, ON_DUTY) for part, _ in FIELDS])


@dataclass(frozen=True, slots=True)
class Network:
    """What adversaries need to know of a network.

    Attributes:
        nodes: how many.
        ends: nodes at both ends of each link, shape (2, links).
        relays: node that measures midway, -1 where there is none, shape (links,).
    """

    nodes: int
    ends: Integers
    relays: Integers

    @property
    def links(self) -> int:
        """How many."""
        return int(self.ends.shape[1])


class _Entry(NamedTuple):
    """One strength at one place; `threshold` is the probability of an epoch on duty, if above 1 any."""

    field: Field
    end: int
    place: int
    value: float
    threshold: float
    group: int


@dataclass(frozen=True, slots=True)
class Entries:
    """Strengths of all adversaries, one element each, in the order of their fields; the highest counts at a place.

    Attributes:
        fields: index into `FIELDS`.
        ends: end of the link, where it matters.
        places: link, or node for relaying.
        values: strength.
        thresholds: takes effect when the group's draw lies below.
        groups: who.
    """

    fields: Integers
    ends: Integers
    places: Integers
    values: Floats
    thresholds: Floats
    groups: Integers

    def acting(self, on: Mask, draws: Floats) -> Mask:
        """Entries that take effect, given the groups on duty and the draws of the epoch."""
        return np.asarray(on[self.groups] & (draws[_PURPOSES[self.fields], self.groups] < self.thresholds))

    def strengths(self, acting: Mask, nodes: int, links: int) -> dict[Part, dict[str, NDArray[Any]]]:
        """Arrays that are not zero everywhere, by part and field."""
        shapes: dict[Part, tuple[int, ...]] = {
            "states": (links,),
            "announcements": (links,),
            "reports": (2, links),
            "relaying": (nodes,),
        }
        strengths: dict[Part, dict[str, NDArray[Any]]] = {part: {} for part in shapes}
        chosen = np.flatnonzero(acting)
        bounds = np.searchsorted(self.fields[chosen], np.arange(len(FIELDS) + 1))
        for index in np.flatnonzero(np.diff(bounds)).tolist():
            part, name = FIELDS[index]
            own = chosen[bounds[index] : bounds[index + 1]]
            array: NDArray[Any] = np.zeros(shapes[part], dtype=_TYPES.get(name, np.bool_))
            place = (self.ends[own], self.places[own]) if part == "reports" else self.places[own]
            np.maximum.at(array, place, self.values[own].astype(array.dtype))
            array.setflags(write=False)
            strengths[part][name] = array
        return strengths


def joined_entries(
    parts: Sequence[Entries], nodes: Sequence[int], links: Sequence[int], groups: Sequence[int]
) -> Entries:
    """Entries of several networks, whose nodes, links and groups begin at these numbers."""
    sizes = [part.fields.size for part in parts]
    fields = np.concatenate([part.fields for part in parts])
    offsets = np.where(_OF_NODES[fields], np.repeat(nodes, sizes), np.repeat(links, sizes))
    order = np.argsort(fields, kind="stable")
    return Entries(
        fields[order],
        np.concatenate([part.ends for part in parts])[order],
        (np.concatenate([part.places for part in parts]) + offsets)[order],
        np.concatenate([part.values for part in parts])[order],
        np.concatenate([part.thresholds for part in parts])[order],
        (np.concatenate([part.groups for part in parts]) + np.repeat(groups, sizes))[order],
    )


def entries_of(network: Network, adversaries: Sequence[Adversary], groups: Sequence[int]) -> Entries:
    """The entries of adversaries that belong to these groups.

    Raises:
        ValueError: for a node or link that does not exist, a node in two coalitions, or an act that has no place.
    """
    coalitions: dict[int, str] = {}
    for adversary in adversaries:
        _check_places(network, adversary)
        if adversary.node is not None and adversary.coalition:
            other = coalitions.setdefault(adversary.node, adversary.coalition)
            if other != adversary.coalition:
                raise ValueError(f"node {adversary.node} cannot join both '{other}' and '{adversary.coalition}'")
    entries = []
    for adversary, group in zip(adversaries, groups, strict=True):
        for act in adversary.acts:
            if act.strength > 0:
                entries += _act_entries(network, adversary, act, group, coalitions)
    entries.sort(key=lambda entry: FIELDS.index(entry.field))
    return Entries(
        np.array([FIELDS.index(entry.field) for entry in entries], dtype=np.int64),
        np.array([entry.end for entry in entries], dtype=np.int64),
        np.array([entry.place for entry in entries], dtype=np.int64),
        np.array([entry.value for entry in entries], dtype=np.float64),
        np.array([entry.threshold for entry in entries], dtype=np.float64),
        np.array([entry.group for entry in entries], dtype=np.int64),
    )


def _act_entries(
    network: Network, adversary: Adversary, act: Act, group: int, coalitions: dict[int, str]
) -> list[_Entry]:
    effect = EFFECTS[act.kind]
    threshold = act.strength if effect.part_time else _ALWAYS
    values = _values(adversary, act, effect)
    entries = []
    for end, place in _places(network, adversary, act, effect, coalitions):
        entries += [_Entry((effect.part, name), end, place, value, threshold, group) for name, value in values.items()]
    return entries


def _values(adversary: Adversary, act: Act, effect: Effect) -> dict[str, float]:
    values = {effect.field: 1.0 if effect.part_time else act.strength}
    if act.kind == "replay":
        values[effect.field] = adversary.replay_delay
    if act.kind == "understate-errors":
        values["claimed_error_rate"] = adversary.claimed_error_rate
    if effect.part == "reports" and adversary.clumsy:
        values["clumsy"] = 1.0
    return values


def _places(
    network: Network, adversary: Adversary, act: Act, effect: Effect, coalitions: dict[int, str]
) -> list[tuple[int, int]]:
    """Ends and links (nodes, for relaying) where an act takes effect; only for reports the end means anything."""
    node = adversary.node
    if effect.part == "relaying":
        return [(0, node)] if node is not None else []
    if effect.part == "states" and adversary.links is not None:
        return [(0, link) for link in adversary.links]
    allies = {other for other, name in coalitions.items() if node is not None and coalitions.get(node) == name}
    places: list[tuple[int, int]] = []
    for end, link in _own_ends(network, adversary, effect):
        allied = int(network.ends[1 - end, link]) in allies
        if act.kind == "slander" and allied:
            continue
        places.append((end, link))
        if effect.part == "reports" and allied:
            places.append((1 - end, link))
    return places


def _own_ends(network: Network, adversary: Adversary, effect: Effect) -> list[tuple[int, int]]:
    midway = effect.part == "announcements"
    own = np.argwhere((network.relays if midway else network.ends) == adversary.node).tolist()
    found = [(0, link) for (link,) in own] if midway else [(end, link) for end, link in own]
    if adversary.links is None:
        return found
    chosen = [(end, link) for end, link in found if link in adversary.links]
    if not chosen:
        doing = "measures" if midway else "ends"
        raise ValueError(f"node {adversary.node} {doing} none of the links {adversary.links}")
    return chosen


def _check_places(network: Network, adversary: Adversary) -> None:
    if adversary.node is not None and not 0 <= adversary.node < network.nodes:
        raise ValueError(f"the network has nodes 0 to {network.nodes - 1}, got {adversary.node}")
    for link in adversary.links or ():
        if not 0 <= link < network.links:
            raise ValueError(f"the network has links 0 to {network.links - 1}, got {link}")

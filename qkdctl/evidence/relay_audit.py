"""Who spoilt a key that failed on its way over relays, from what all nodes of the path say of it afterwards.

Assumptions. Both ends of a hop hold equal keys unless one of them is faulty (error correction is verified). An
announcement is an authenticated broadcast by an honest relay: it sends one value to all, and nobody can change it or
make it up, though it may fail to arrive. A weak quorum of nodes contains an honest one. A view is taken for that of the
node in whose authenticated report it stands.

Whom a finding can hit. Liars may say anything, after having seen what the honest ones say.

- *Two accounts* of one key, or one that speaks from the place of another node: no honest node gives such.
- *Contradiction*: a relay that opens keys whose exclusive or is not what it says it announced. It alone speaks, so
  nobody can put an honest relay there.
- *Announced otherwise*: a weak quorum heard another value than the relay says it announced. One of them is honest, so
  the relay did send that value; an honest relay sent one value to all and says which.
- *Disputes* are between two nodes of which one lies, at least: the two ends of a hop that open different keys; a relay
  and whoever claims to have heard it say something else, when those are no weak quorum; the two ends of the path, when
  everything else is right, because then both had the same key and one of them denied it, or one of them said that a key
  was unequal which lacked an announcement. Two honest nodes agree in all of this, so f liars put an honest node in
  dispute with f others at the most: themselves.
- *Silent* and *unheard* prove nothing about a single key: reports get lost, and announcements too.

What a liar cannot avoid. Let both ends be honest, their keys different, and a view of every node be there. Along the
path, add up the keys opened at each hop by the two ends of it and what relays say they announced. If no hop is in
dispute and no relay contradicts itself, the sum shows K1 at the destination, from the relays' own accounts. The
destination computed another key, from what it heard: it heard some relay say something else than that one admits, which
is one of the cases above.

A coalition that holds one end hides what it likes, since ends can deny any key; it gains nothing but a lost key. Only
the two ends can cause hop keys to be opened, and they know the key anyway.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from qkdctl.records.relay import RelayView

BlameReason = Literal["another-place", "two-accounts", "contradiction", "announced-otherwise"]
DisputeReason = Literal["hop", "announcement", "ends"]


@dataclass(frozen=True, slots=True, order=True)
class Blame:
    """A node that is faulty, which the views prove."""

    node: str
    reason: BlameReason


@dataclass(frozen=True, slots=True, order=True)
class NodeDispute:
    """Two nodes of which one is faulty, at least.

    Attributes:
        nodes: in alphabetical order; neighbours on the path when the reason is `hop`.
    """

    nodes: tuple[str, str]
    reason: DisputeReason


@dataclass(frozen=True, slots=True)
class KeyAudit:
    """What the views of one key on one path show; all names sorted.

    Attributes:
        blamed: proven faulty.
        disputes: none of them with a blamed node, whose guilt explains it.
        silent: nodes of the path without a view, where the path itself is vouched for by a weak quorum.
        unheard: relays that a weak quorum did not hear announce anything.
    """

    key: str
    path: tuple[str, ...]
    blamed: tuple[Blame, ...]
    disputes: tuple[NodeDispute, ...]
    silent: tuple[str, ...]
    unheard: tuple[str, ...]


IsWeak = Callable[[Iterable[str]], bool]
Views = Mapping[str, RelayView]
"""Views of one key on one path by node."""


def audit_relays(views: Iterable[tuple[str, RelayView]], is_weak: IsWeak) -> tuple[KeyAudit, ...]:
    """Judge every key of which nodes speak.

    A key is judged anew whenever its views are; whoever acts on findings remembers which keys were settled.

    Args:
        views: author of a report and a view that stands in it, in any order. Nodes are to be asked in one epoch, or
            what they said to be collected: nothing follows from views that are missing.
        is_weak: whether some nodes contain an honest one (`Electorate.is_weak`).

    Returns:
        Sorted by key and path. Views with a false path end up apart from the true ones and hit liars only.
    """
    accounts: defaultdict[tuple[str, str], set[RelayView]] = defaultdict(set)
    for author, view in views:
        accounts[view.key, author].add(view)
    by_path: defaultdict[tuple[str, tuple[str, ...]], dict[str, RelayView]] = defaultdict(dict)
    outright: defaultdict[tuple[str, tuple[str, ...]], set[Blame]] = defaultdict(set)
    for (key, author), told in accounts.items():
        first = min(told, key=RelayView.canonical)
        if len(told) > 1:
            outright[key, first.path].add(Blame(author, "two-accounts"))
        elif first.node != author:
            outright[key, first.path].add(Blame(author, "another-place"))
        else:
            by_path[key, first.path][author] = first
    cases = sorted(by_path.keys() | outright.keys())
    return tuple(_judge(key, path, by_path[key, path], outright[key, path], is_weak) for key, path in cases)


def _judge(key: str, path: tuple[str, ...], views: Views, outright: Iterable[Blame], is_weak: IsWeak) -> KeyAudit:
    relays = path[1:-1]
    blamed = {*outright, *_relays_at_fault(relays, views, is_weak)}
    guilty = {blame.node for blame in blamed}
    disputes = {dispute for dispute in _quarrels(path, views) if guilty.isdisjoint(dispute.nodes)}
    if not blamed and not disputes and views.keys() == set(path):
        disputes = {_dispute(path[0], path[-1], "ends")}
    silent = sorted(set(path) - views.keys() - guilty) if is_weak(views) else []
    unheard = [relay for i, relay in enumerate(relays) if is_weak(_hearing(views, i).get("", ()))]
    return KeyAudit(key, path, tuple(sorted(blamed)), tuple(sorted(disputes)), tuple(silent), tuple(sorted(unheard)))


def _relays_at_fault(relays: tuple[str, ...], views: Views, is_weak: IsWeak) -> Iterator[Blame]:
    for i, relay in enumerate(relays):
        if relay not in views:
            continue
        if views[relay].own != views[relay].opened_xor:
            yield Blame(relay, "contradiction")
        elif any(
            is_weak(witnesses) for said, witnesses in _hearing(views, i).items() if said not in ("", views[relay].own)
        ):
            yield Blame(relay, "announced-otherwise")


def _quarrels(path: tuple[str, ...], views: Views) -> Iterator[NodeDispute]:
    for one, two in pairwise(path):
        if one in views and two in views and views[one].after != views[two].before:
            yield _dispute(one, two, "hop")
    for i, relay in enumerate(path[1:-1]):
        if relay in views:
            for said, witnesses in _hearing(views, i).items():
                if said not in ("", views[relay].own):
                    yield from (_dispute(relay, witness, "announcement") for witness in witnesses)


def _hearing(views: Views, i: int) -> Mapping[str, list[str]]:
    """Which nodes heard the i-th relay announce what."""
    heard: defaultdict[str, list[str]] = defaultdict(list)
    for node, view in views.items():
        heard[view.announced[i]].append(node)
    return heard


def _dispute(one: str, two: str, reason: DisputeReason) -> NodeDispute:
    return NodeDispute((min(one, two), max(one, two)), reason)

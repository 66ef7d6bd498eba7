"""How much weight is behind each report, from lists of reports of which most are equal to each other."""

from collections.abc import Callable
from typing import TypeAlias

from qkdctl.abft.quorum import Electorate
from qkdctl.abft.tally import Tally

Seen: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
Subject: TypeAlias = tuple[str, str]


class Echoes:
    """Counts echoes as if one by one, but a list that others have sent before costs next to nothing.

    Whoever sends an equal list is only put beside it until so much weight waits that a subject could become weakly or
    strongly supported by it; then all that waits is counted at once. Without lies this happens three times in an epoch,
    so an epoch costs each node a time that grows like the number of nodes, not like its square.

    Args:
        electorate: of the epoch.
        on_strong: called once with a subject, as soon as a strong quorum supports it.
        on_weak: called once with a subject, as soon as a weak quorum supports it.
    """

    def __init__(
        self, electorate: Electorate, on_strong: Callable[[Subject], None], on_weak: Callable[[Subject], None]
    ) -> None:
        self._electorate = electorate
        self._on_strong = on_strong
        self._on_weak = on_weak
        self._tally: Tally[Subject] = Tally(electorate)
        self._most = len(electorate.members)
        self._named: dict[tuple[str, str], int] = {}
        self._last: dict[str, Seen] = {}
        self._plain: dict[Seen, list[str]] = {}
        self._waiting = 0
        self._room = electorate.weak_from
        self._weak: set[Subject] = set()
        self._strong: set[Subject] = set()

    def take(self, sender: str, seen: Seen) -> bool:
        """Count a list of a member; True when there is news in it."""
        before = self._last.get(sender)
        if before == seen:
            return False
        self._last[sender] = seen
        if before is None and (seen in self._plain or self._is_plain(seen)):
            self._plain.setdefault(seen, []).append(sender)
            self._waiting += self._electorate.weights[sender]
            self._settle_in_time()
            return bool(seen)
        self._settle()
        if before is not None and before in self._plain:
            self._named |= {(sender, author): max(1, self._named.get((sender, author), 0)) for author, _ in before}
        counted = [self.count(sender, (author, found)) for author, digests in seen for found in digests[: self._most]]
        return any(counted)

    def count(self, node: str, subject: Subject) -> bool:
        """Count a single echo of a member; True when it is news. At most N digests per author count."""
        at = (node, subject[0])
        named = self._named.get(at, 0)
        if named >= self._most or subject[0] not in self._electorate.weights or not self._tally.add(subject, node):
            return False
        self._named[at] = named + 1
        self._look_at(subject)
        self._settle_in_time()
        return True

    def supporters(self, subject: Subject) -> frozenset[str]:
        """Who echoed it."""
        self._settle()
        return self._tally.nodes(subject)

    def _is_plain(self, seen: Seen) -> bool:
        """One digest per author, which is what honest nodes send while nobody lies."""
        authors = {author for author, digests in seen if len(digests) == 1}
        return len(authors) == len(seen) and authors <= self._electorate.weights.keys()

    def _settle_in_time(self) -> None:
        if self._waiting >= self._room:
            self._settle()

    def _settle(self) -> None:
        """Count all that waits."""
        if not self._waiting:
            return
        self._waiting = 0
        touched: dict[Subject, None] = {}
        for seen, senders in self._plain.items():
            if senders:
                subjects = [(author, digests[0]) for author, digests in seen]
                self._tally.add_all(subjects, senders)
                touched |= dict.fromkeys(subjects)
                senders.clear()
        # With the many subjects of a flood, the room is not looked for anew: too little of it is never wrong.
        if len(self._tally) <= 2 * self._most:
            self._room = self._electorate.weak_from
            touched |= dict.fromkeys(self._tally)
        for subject in touched:
            self._look_at(subject)

    def _look_at(self, subject: Subject) -> None:
        """Tell of what has become of a subject, and how much weight may wait from now on."""
        if subject in self._strong:
            return
        if self._tally.is_strong(subject):
            self._strong.add(subject)
            self._on_strong(subject)
        if subject not in self._weak and self._tally.is_weak(subject):
            self._weak.add(subject)
            self._on_weak(subject)
        if subject not in self._strong:
            goal = self._electorate.strong_from if subject in self._weak else self._electorate.weak_from
            self._room = min(self._room, goal - self._tally.weight(subject))

"""Weight behind what different nodes support, added up as they speak."""

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from qkdctl.abft.quorum import Electorate

K = TypeVar("K", bound=Hashable)


class Tally(Generic[K]):
    """Supporters and their weight by subject; only members count, and each once per subject."""

    def __init__(self, electorate: Electorate) -> None:
        self._electorate = electorate
        self._nodes: dict[K, set[str]] = {}
        self._weights: dict[K, int] = {}

    def add(self, subject: K, node: str) -> bool:
        """Count a supporter; False when it was counted already, or is no member."""
        nodes = self._nodes.setdefault(subject, set())
        if node in nodes or node not in self._electorate.weights:
            return False
        nodes.add(node)
        self._weights[subject] = self._weights.get(subject, 0) + self._electorate.weights[node]
        return True

    def add_all(self, subjects: Iterable[K], nodes: Collection[str]) -> None:
        """Count members for subjects none of which any of them has supported so far."""
        weight = self._electorate.weight(nodes)
        for subject in subjects:
            known = self._nodes.setdefault(subject, set())
            assert known.isdisjoint(nodes), f"counted twice: {subject}"
            known.update(nodes)
            self._weights[subject] = self._weights.get(subject, 0) + weight

    def remove(self, subject: K, node: str) -> None:
        """A supporter supports it no longer."""
        nodes = self._nodes.get(subject)
        if nodes is None or node not in nodes:
            return
        nodes.remove(node)
        self._weights[subject] -= self._electorate.weights[node]
        if not nodes:
            del self._nodes[subject], self._weights[subject]

    def __iter__(self) -> Iterator[K]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def weight(self, subject: K) -> int:
        """Weight of all who support it."""
        return self._weights.get(subject, 0)

    def nodes(self, subject: K) -> frozenset[str]:
        """Who supports it."""
        return frozenset(self._nodes.get(subject, ()))

    def is_strong(self, subject: K) -> bool:
        """Whether a strong quorum supports it."""
        return self._weights.get(subject, 0) >= self._electorate.strong_from

    def is_weak(self, subject: K) -> bool:
        """Whether a weak quorum supports it."""
        return self._weights.get(subject, 0) >= self._electorate.weak_from

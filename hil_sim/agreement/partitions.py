"""Shapes of partitions: which paths carry nothing."""

import random
from collections.abc import Callable, Iterable

from hil_sim.agreement.weather import Path

Names = tuple[str, ...]


def draw_cut(source: random.Random, names: Names) -> frozenset[Path]:
    """Some partition of some shape."""
    shapes: tuple[Callable[[random.Random, Names], Iterable[Path]], ...] = (
        _halves,
        _alone,
        _bridge,
        _one_way,
        _deaf,
        _scattered,
    )
    return frozenset(source.choice(shapes)(source, names))


def _between(ones: Iterable[str], others: Iterable[str]) -> list[Path]:
    others = list(others)
    return [(one, other) for one in ones for other in others] + [(other, one) for one in ones for other in others]


def _parted(source: random.Random, names: Names) -> tuple[Names, Names]:
    shuffled = source.sample(names, len(names))
    at = source.randint(1, len(names) - 1) if len(names) > 1 else 1
    return tuple(shuffled[:at]), tuple(shuffled[at:])


def _halves(source: random.Random, names: Names) -> list[Path]:
    return _between(*_parted(source, names))


def _alone(source: random.Random, names: Names) -> list[Path]:
    lonely = source.choice(names)
    return _between([lonely], [name for name in names if name != lonely])


def _bridge(source: random.Random, names: Names) -> list[Path]:
    """Two parts, and one node that hears both."""
    ones, others = _parted(source, names)
    return _between(ones[1:], others)


def _one_way(source: random.Random, names: Names) -> list[Path]:
    ones, others = _parted(source, names)
    return [(one, other) for one in ones for other in others]


def _deaf(source: random.Random, names: Names) -> list[Path]:
    """One node speaks and hears nothing, or hears and says nothing that arrives."""
    odd = source.choice(names)
    paths = [(name, odd) for name in names if name != odd]
    return paths if source.random() < 0.5 else [(to, sender) for sender, to in paths]


def _scattered(source: random.Random, names: Names) -> list[Path]:
    share = source.uniform(0.1, 0.7)
    return [(one, other) for one in names for other in names if one != other and source.random() < share]

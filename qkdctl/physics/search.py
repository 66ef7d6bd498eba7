"""The highest point of a function over a unit cube, for many functions at once and without gradients."""

from collections.abc import Callable

import numpy as np

from qkdctl.physics.arrays import Floats

Objective = Callable[[Floats], Floats]
"""Takes points of shape [..., candidates, dimensions] and gives values of shape [..., candidates]."""

_SHRINK = 0.75


def spread_points(number: int, dimensions: int) -> Floats:
    """Points that fill the unit cube evenly, shape (number, dimensions), always the same ones.

    An additive recurrence with powers of the root of x^(d+1) = x + 1, which generalises the golden ratio (Roberts, "The
    unreasonable effectiveness of quasirandom sequences", 2018).
    """
    root = 2.0
    for _ in range(32):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    return np.asarray((0.5 + np.arange(1, number + 1)[:, np.newaxis] * steps) % 1)


def survey(objective: Objective, dimensions: int, number: int = 4096) -> Floats:
    """Best of evenly spread points, shape [..., dimensions]."""
    points = spread_points(number, dimensions)
    return best_of(points, objective(points))


def climb(objective: Objective, start: Floats, *, reach: float, precision: float, number: int = 256) -> Floats:
    """Best point found around a start: evenly spread points in a box that follows the best one and shrinks.

    The result is never worse than the start.

    Args:
        objective: what to maximise.
        start: shape [..., dimensions].
        reach: half the width of the first box.
        precision: half the width of the last box.
        number: points per box.
    """
    offsets = np.concatenate([np.zeros((1, start.shape[-1])), 2 * spread_points(number, start.shape[-1]) - 1])
    best = start
    while reach > precision:
        points = np.clip(best[..., np.newaxis, :] + reach * offsets, 0.0, 1.0)
        best = best_of(points, objective(points))
        reach *= _SHRINK
    return best


def best_of(points: Floats, values: Floats) -> Floats:
    """Those of points [..., candidates, dimensions] whose values [..., candidates] are highest."""
    chosen = values.argmax(axis=-1)[..., np.newaxis, np.newaxis]
    spread = np.broadcast_to(points, (*values.shape, points.shape[-1]))
    return np.asarray(np.take_along_axis(spread, chosen, axis=-2)[..., 0, :])

"""Maxima of many rates at once, each over its own light intensities."""

from collections.abc import Callable

import numpy as np

from qkdctl.physics.arrays import Floats, floats

_POINTS = {1: 65, 2: 33}
"""Grid points per variable, by number of variables; odd, so that the best point so far stays on the grid."""

_RESOLUTION = 1e-8


def maximise(rate: Callable[..., Floats], *ranges: tuple[float, float]) -> tuple[Floats, ...]:
    """Where in these ranges a rate is highest, to about 1e-8 of each range, for an array of problems at once.

    A grid over the whole range comes first and is refined around its best point, so that no start value can miss the
    peak and no plateau without key can trap the search. Where no key can be made the result loses least.

    Args:
        rate: called with one array per range, whose leading axis counts the points of the grid; an array of problems
            lies along the trailing axes, so parameters broadcast as they are. Finite and not clipped at zero.
        ranges: lowest and highest value of each of the one or two variables.

    Returns:
        One array per range, of the shape that the rate has for numbers.
    """
    best = [np.full(rate(*[floats(lowest) for lowest, _ in ranges]).shape, sum(ends) / 2) for ends in ranges]
    points = _POINTS[len(ranges)]
    axes = np.meshgrid(*[np.linspace(-1.0, 1.0, points)] * len(ranges), indexing="ij")
    offsets = [axis.reshape(-1, *[1] * best[0].ndim) for axis in axes]
    reach = 1.0
    while reach > _RESOLUTION:
        grids = [
            np.clip(centre + reach * (highest - lowest) / 2 * offset, lowest, highest)
            for centre, offset, (lowest, highest) in zip(best, offsets, ranges, strict=True)
        ]
        winner = rate(*grids).argmax(axis=0)[np.newaxis]
        best = [np.take_along_axis(grid, winner, axis=0)[0] for grid in grids]
        reach *= 4 / (points - 1)  # two steps to either side: the peak need not lie next to the best point
    return tuple(np.asarray(centre) for centre in best)

"""Where things go on a map: sites that stand too near each other, and labels that shall not cover anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDS: Final = 200
_GOLDEN_ANGLE: Final = np.pi * (3 - np.sqrt(5))
_DIRECTIONS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_COVERING_LABEL, _COVERING_SITE, _COVERING_LINE, _FARTHER = 10.0, 5.0, 1.0, 0.4


def spread_apart(places: ArrayLike, least_distance: float) -> NDArray[np.float64]:
    """Places moved as little as needed until no two are nearer than a least distance; shape (places, 2).

    Pairs that are too near push each other away in turn. What has room stays where it is.
    """
    spread = np.array(places, dtype=np.float64)
    first, second = np.triu_indices(len(spread), k=1)
    for _ in range(_ROUNDS):
        apart = spread[second] - spread[first]
        distance = np.linalg.norm(apart, axis=1)
        near = distance < least_distance * (1 - 1e-6)
        if not near.any():
            break
        pairs, apart, distance = np.flatnonzero(near), apart[near], distance[near]
        # Sites at one place leave it in directions that differ from pair to pair.
        angle = pairs * _GOLDEN_ANGLE
        same = distance < least_distance * 1e-9
        unit = np.where(
            same[:, None],
            np.column_stack((np.cos(angle), np.sin(angle))),
            apart / np.where(same, 1.0, distance)[:, None],
        )
        push = unit * ((least_distance - distance) / 2)[:, None]
        np.add.at(spread, first[pairs], -push)
        np.add.at(spread, second[pairs], push)
    return spread


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What labels shall not cover, in the units of the drawing.

    Attributes:
        sites: shape (sites, 2).
        lines: ends of straight lines, shape (lines, 2, 2).
        low, high: corners of the drawing.
    """

    sites: NDArray[np.float64]
    lines: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def label_places(
    sizes: Sequence[tuple[float, float]], gaps: Sequence[float], around: Surroundings
) -> NDArray[np.float64]:
    """Lower left corners of one label per site, shape (sites, 2).

    Labels are placed one after the other, those of crowded sites first, each at the best of 24 places around its site:
    covering a label counts most, then a site, then a line.

    Args:
        sizes: width and height of each site's label.
        gaps: between each site's middle and its label.
        around: what else is in the drawing.
    """
    corners = np.zeros((len(sizes), 2))
    boxes: list[NDArray[np.float64]] = []
    distances = np.linalg.norm(around.sites[:, None] - around.sites[None, :], axis=2)
    crowd = (distances < 4 * max((width for width, _ in sizes), default=0.0)).sum(axis=1)
    for index in np.argsort(-crowd, kind="stable"):
        size = np.array(sizes[index])
        found: list[tuple[float, int, NDArray[np.float64]]] = []
        for step, reach in enumerate(gaps[index] * np.array((1.0, 2.0, 3.5))):
            for rank, direction in enumerate(_DIRECTIONS):
                centre = around.sites[index] + np.array(direction) * (
                    size / 2 + reach * (0.75 if all(direction) else 1)
                )
                box = np.stack((centre - size / 2, centre + size / 2))
                found.append((_cost(box, boxes, around) + step * _FARTHER + rank * 1e-3, len(found), box))
        best = min(found)[2]
        boxes.append(best)
        corners[index] = best[0]
    return corners


def _cost(box: NDArray[np.float64], boxes: Sequence[NDArray[np.float64]], around: Surroundings) -> float:
    """How much a label covers at a place."""
    covered = sum(bool(np.all(box[0] < other[1]) and np.all(other[0] < box[1])) for other in boxes)
    outside = bool(np.any(box[0] < around.low) or np.any(box[1] > around.high))
    sites = int(np.all((around.sites > box[0]) & (around.sites < box[1]), axis=1).sum())
    return (
        (covered + outside) * _COVERING_LABEL + sites * _COVERING_SITE + _crossing(box, around.lines) * _COVERING_LINE
    )


def _crossing(box: NDArray[np.float64], lines: NDArray[np.float64]) -> int:
    """How many lines pass through a box: those between both of its slabs at once (Kay and Kajiya, SIGGRAPH 1986)."""
    start, way = lines[:, 0], lines[:, 1] - lines[:, 0]
    way = np.where(np.abs(way) < 1e-12, 1e-12, way)
    near, far = (box[0] - start) / way, (box[1] - start) / way
    enter = np.minimum(near, far).max(axis=1)
    leave = np.maximum(near, far).min(axis=1)
    return int(((enter < leave) & (leave > 0) & (enter < 1)).sum())

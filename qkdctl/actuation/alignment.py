"""Re-alignment: a search over the polarisation controller for the lowest measured QBER.

Coordinate descent with a shrinking pattern (Hooke and Jeeves, J. ACM 8, 212 (1961)): it needs no derivative, tolerates
counting noise, and never moves by more than its step, so the receiver always sees light.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

Voltages: TypeAlias = tuple[int, int, int, int]
Measure: TypeAlias = Callable[[Voltages], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Bounds of the search.

    Attributes:
        minimum_mv, maximum_mv: range of the controller.
        first_step_mv: first step of the pattern; last_step_mv: the search ends below it.
        enough_ppm: the search ends at this QBER, seen twice: one lucky count is no alignment.
        measurements: the search ends after so many.
    """

    minimum_mv: int = -5000
    maximum_mv: int = 5000
    first_step_mv: int = 500
    last_step_mv: int = 30
    enough_ppm: int = 0
    measurements: int = 80


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Best point of a search.

    Attributes:
        voltages_mv: where the QBER was lowest; the start when nothing was better.
        qber_ppm: measured there.  first_qber_ppm: measured at the start.
        measurements: how many were made.
    """

    voltages_mv: Voltages
    qber_ppm: int
    first_qber_ppm: int
    measurements: int


async def search(
    start: Voltages, measure: Measure, settings: SearchSettings, expired: Callable[[], bool] = lambda: False
) -> SearchResult:
    """Find voltages with a lower QBER.

    Args:
        start: voltages now, in mV.
        measure: sets voltages and returns the QBER in ppm; all voltages it is given are inside the bounds.
        settings: see SearchSettings.
        expired: whether the time for the search is over; the best so far counts then.
    """
    first_ppm = await measure(start)
    best, best_ppm, used = start, first_ppm, 1
    step_mv = settings.first_step_mv
    while step_mv >= settings.last_step_mv and used < settings.measurements and best_ppm > settings.enough_ppm:
        if expired():
            break
        improved = False
        for axis in range(4):
            for sign in (1, -1):
                trial = _moved(best, axis, sign * step_mv, settings)
                if trial is None or used >= settings.measurements or expired():
                    continue
                qber_ppm = await measure(trial)
                used += 1
                if qber_ppm <= settings.enough_ppm and used < settings.measurements:
                    qber_ppm = (qber_ppm + await measure(trial)) // 2
                    used += 1
                if qber_ppm < best_ppm:
                    best, best_ppm, improved = trial, qber_ppm, True
                    break
        if not improved:
            step_mv //= 2
    return SearchResult(best, best_ppm, first_ppm, used)


def _moved(point: Voltages, axis: int, by_mv: int, settings: SearchSettings) -> Voltages | None:
    """The point moved along one axis, or None when that leaves the range."""
    moved = point[axis] + by_mv
    if not settings.minimum_mv <= moved <= settings.maximum_mv:
        return None
    return (
        moved if axis == 0 else point[0],
        moved if axis == 1 else point[1],
        moved if axis == 2 else point[2],
        moved if axis == 3 else point[3],
    )

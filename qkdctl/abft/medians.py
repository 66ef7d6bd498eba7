"""Numbers that many nodes witness: a median with weights, which f liars cannot move out of the honest range."""

from collections.abc import Iterable, Sequence

from qkdctl.abft.quorum import FULL_PPM, capped


def data_weights(earned: Sequence[int], faults: int) -> list[int]:
    """Weights for medians: as earned, cut so that the f heaviest hold less than half.

    Args:
        earned: trust times fidelity of each node, 0 to 1 000 000.
        faults: f.

    Returns:
        Weights in the same order; all equal when fewer than 2f + 1 are positive, for then no cut is enough.
    """
    if sum(weight > 0 for weight in earned) < 2 * faults + 1:
        return [FULL_PPM] * len(earned)
    return capped(earned, faults, share=2, limit=FULL_PPM)


def weighted_median(weighted: Iterable[tuple[int, int]]) -> int:
    """The smallest value such that it and smaller ones hold at least half of the weight.

    Between the smallest and the largest value of the honest, if those hold more than half of the weight.

    Args:
        weighted: (value, weight) pairs, weights not negative.

    Raises:
        ValueError: nobody has any weight.
    """
    rising = sorted((value, weight) for value, weight in weighted if weight > 0)
    total, below = sum(weight for _, weight in rising), 0
    for value, weight in rising:
        below += weight
        if 2 * below >= total:
            return value
    raise ValueError("no value has any weight, so there is no median")

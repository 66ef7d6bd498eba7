"""Outcome of a consistency test, for any number of links at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from qkdctl.physics.arrays import Floats, floats


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed test of one link.

    Attributes:
        test: name of the test, the same in every release.
        statistic: what was compared.
        bound: what it was compared with.
        p_value: upper bound on the probability that an honest link looks at least as bad; 0 for the impossible.
        sigmas: the same as standard deviations of a normal variable (one-sided); infinite for the impossible.
        sentence: what is wrong, for people.
    """

    test: str
    statistic: float
    bound: float
    p_value: float
    sigmas: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Check:
    """One test of any number of links; the arrays have one shape.

    Attributes:
        test: name of the test.
        statistic: what was compared.
        bound: what it was compared with.
        p_value: as in `Finding`, also where the test was passed.
        failed: where the test accuses.
        reason: sentence of a failure, a format of `statistic`, `bound`, `p_value` and `sigmas`.
    """

    test: str
    statistic: Floats
    bound: Floats
    p_value: Floats
    failed: NDArray[np.bool_]
    reason: str

    def finding(self, index: int | tuple[int, ...] = ()) -> Finding | None:
        """The finding about one link, or None if it passed; a check of a single link needs no index."""
        if not self.failed[index]:
            return None
        numbers = {
            "statistic": float(self.statistic[index]),
            "bound": float(self.bound[index]),
            "p_value": float(self.p_value[index]),
            "sigmas": float(sigmas(self.p_value[index])),
        }
        return Finding(test=self.test, sentence=self.reason.format(**numbers), **numbers)


def make_check(
    test: str, statistic: ArrayLike, bound: ArrayLike, p_value: ArrayLike, failed: ArrayLike, reason: str
) -> Check:
    """A check of these numbers, broadcast to one shape."""
    seen, limit, p = np.broadcast_arrays(floats(statistic), floats(bound), floats(p_value))
    accused = np.broadcast_to(np.asarray(failed, dtype=np.bool_), seen.shape)
    return Check(test, seen, limit, p, accused, reason)


def sigmas(p_value: ArrayLike) -> Floats:
    """Standard deviations that a normal variable passes with this probability, at least 0; infinite for 0."""
    return np.asarray(np.maximum(-ndtri(floats(p_value)), 0.0))

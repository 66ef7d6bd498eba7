"""How far counts of a finite block may lie from what they stand for.

The secrecy parameter eps_sec is spent on several estimates at once; `terms` is the number of equal shares, 21 in Lim
et al. 2014 and 19 in Rusca et al. 2018.
"""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats


def hoeffding_deviation(total: ArrayLike, secrecy: ArrayLike, *, terms: int) -> Floats:
    """Distance delta = sqrt(n/2 ln(terms/eps_sec)) that n events, split by intensity, keep from their means.

    Source: Lim, Curty, Walenta, Xu, Zbinden, Phys. Rev. A 89, 022307 (2014), below eq. 2, from Hoeffding, J. Am. Stat.
    Assoc. 58, 13 (1963). The total counts all intensities, whichever one the deviation is applied to.
    """
    return np.asarray(np.sqrt(floats(total) / 2 * np.log(terms / floats(secrecy))))


def sampling_deviation(
    observed: ArrayLike, sample: ArrayLike, rest: ArrayLike, secrecy: ArrayLike, *, terms: int
) -> Floats:
    """Excess gamma of the error rate among the rest over the error rate seen in a random sample.

    For the rate b in a sample of c and the rest of d, gamma = sqrt{ (c+d)(1-b)b / (c d ln 2)
    log2[ (c+d) terms^2 / (c d (1-b) b eps_sec^2) ] } (Fung, Ma, Chau, Phys. Rev. A 81, 012318 (2010), as in Lim et al.
    2014, below eq. 5). It falls to zero at b = 0, where the approximation behind it ends: a sample without errors would
    prove too much. So b is held away from 0 and 1 by one event of the sample. Infinite where sample or rest are empty.

    Args:
        observed: error rate b in the sample.
        sample: size c of the sample.
        rest: size d of what is concluded about.
        secrecy: eps_sec.
        terms: shares that eps_sec is cut into.
    """
    c, d = floats(sample), floats(rest)
    usable = (c > 0) & (d > 0)
    c, d = np.where(usable, c, 1.0), np.where(usable, d, 1.0)
    event = np.minimum(1 / c, 0.5)
    b = np.clip(floats(observed), event, 1 - event)
    spread = (1 / c + 1 / d) / (b * (1 - b))
    certainty = np.log2(spread) + 2 * np.log2(terms / floats(secrecy))
    # a sample so large that its chance of misleading stays below eps_sec by itself needs no margin
    variance = (b * (1 - b)) ** 2 * spread * np.maximum(certainty, 0.0) / np.log(2.0)
    return np.asarray(np.where(usable, np.sqrt(variance), np.inf))

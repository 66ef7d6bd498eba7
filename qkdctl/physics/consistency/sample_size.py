"""How many disclosed bits it takes to tell a claimed error rate from the true one."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.consistency.binomial import relative_entropy


def expected_sample_size(claimed: ArrayLike, true: ArrayLike, significance: ArrayLike) -> Floats:
    """Bits a likelihood-ratio test needs on average, ln(1/a) / D(true || claimed), overshoot left out.

    Source: Wald, Ann. Math. Stat. 16, 117 (1945), section 4.

    Args:
        claimed: claimed error rate, in (0, 1).
        true: true error rate, other than the claimed one.
        significance: probability a of accusing an honest claim.
    """
    return np.asarray(-np.log(floats(significance)) / relative_entropy(true, claimed))


def hoeffding_sample_size(claimed: ArrayLike, true: ArrayLike, significance: ArrayLike) -> Floats:
    """Bits a test of fixed size needs by Hoeffding's inequality, ln(1/a) / (2 (true - claimed)^2).

    Source: Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963), theorem 1, eq. 2.3. Near error rates of 1 % it is an order of
    magnitude more than the sequential test needs.
    """
    return np.asarray(-np.log(floats(significance)) / (2 * (floats(true) - floats(claimed)) ** 2))

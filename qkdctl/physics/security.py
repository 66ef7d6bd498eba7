"""How unsafe a key of finite length may be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import floats


@dataclass(frozen=True, slots=True)
class Security:
    """Failure probabilities granted to one block of key (Renner, PhD thesis, ETH Zurich (2005), ch. 2).

    Attributes:
        secrecy: eps_sec, distance of the key from one that the adversary knows nothing of, in (0, 1).
        correctness: eps_cor, probability that the two ends hold different keys unnoticed, in (0, 1).
    """

    secrecy: ArrayLike = 1e-9
    correctness: ArrayLike = 1e-15

    def __post_init__(self) -> None:
        """Refuse what is no failure probability.

        Raises:
            ValueError: unless both lie in (0, 1).
        """
        for name in ("secrecy", "correctness"):
            value = floats(getattr(self, name))
            if not np.all((value > 0) & (value < 1)):
                raise ValueError(f"{name} must lie in (0, 1), got {value!r}")

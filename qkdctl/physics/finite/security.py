"""How unsafe a key of finite length may be."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from qkdctl.physics.ranges import Range, require


@dataclass(frozen=True, slots=True)
class Security:
    """Failure probabilities granted to one block of key (Renner, PhD thesis, ETH Zurich (2005), ch. 2).

    Attributes:
        secrecy: eps_sec, distance of the key from one that the adversary knows nothing of, in (0, 1).
        correctness: eps_cor, probability that the two ends hold different keys unnoticed, in (0, 1).

    Raises:
        ValueError: for a number outside (0, 1).
    """

    secrecy: ArrayLike = 1e-9
    correctness: ArrayLike = 1e-15

    def __post_init__(self) -> None:
        require(self, dict.fromkeys(self.__slots__, _BETWEEN))


_BETWEEN = Range(0.0, 1.0, above=True, below=True)

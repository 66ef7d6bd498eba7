"""One-time authentication: polynomial hash plus one-time pad over GF(2^128).

Source: Wegman and Carter, J. Comput. Syst. Sci. 22, 265 (1981), with the polynomial hash of den Boer, J. Comput. Secur.
2, 65 (1993). GHASH hashes the same way; bit order and length block differ (see `field`).
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from qkdctl.secretsharing.field import ELEMENT_BYTES, GF128, BinaryField, element, element_bytes
from qkdctl.secretsharing.shares import padded_length


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """Key of one tag: 32 bytes of secret, uniformly random key.

    The pad is for one message only: two tags under one pad give the point away, and with it every forgery. The point
    may stay the same from tag to tag, then the forging probabilities of all attempts add up.

    Attributes:
        point: where the message polynomial is evaluated, 16 bytes.
        pad: what hides its value, 16 bytes.

    Raises:
        ValueError: for any other number of bytes.
    """

    point: bytes
    pad: bytes

    def __post_init__(self) -> None:
        element(self.point)
        element(self.pad)

    def __repr__(self) -> str:
        """No key in logs and tracebacks."""
        return "OneTimeKey(...)"


def tag(key: OneTimeKey, message: bytes) -> bytes:
    """Tag of 16 bytes: the hash of the blocks of the message and of its length in bytes, plus the pad."""
    padded = message.ljust(padded_length(len(message)), b"\0")
    coefficients = [element(padded[i : i + ELEMENT_BYTES]) for i in range(0, len(padded), ELEMENT_BYTES)]
    hashed = polynomial_hash(GF128, element(key.point), [*coefficients, len(message)])
    return element_bytes(hashed ^ element(key.pad))


def verify(key: OneTimeKey, message: bytes, claimed: bytes) -> bool:
    """Whether the tag is that of the message under the key."""
    return hmac.compare_digest(tag(key, message), claimed)


def forging_probability(length: int) -> float:
    """Upper bound on the chance that a forged message of at most this many bytes passes, after one right tag was seen.

    Two messages of up to L blocks and the length block differ by a non-zero polynomial without constant term of degree
    L + 1 or less, of which a given difference of tags is the value at L + 1 points or fewer.
    """
    return (padded_length(length) // ELEMENT_BYTES + 1) / GF128.order


def polynomial_hash(field: BinaryField, point: int, coefficients: Iterable[int]) -> int:
    """Sum of c_i point^(n - i) over the n coefficients c_0 to c_(n-1), by Horner's rule."""
    value = 0
    for coefficient in coefficients:
        value = field.multiply(value ^ coefficient, point)
    return value

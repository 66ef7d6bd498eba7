"""Integer arithmetic that gives the same bits on every machine where floats would not.

Every function takes integers of any size, or arrays of 64-bit integers, of which each element gives what it gives
alone: a simulation of many links uses the formulas of the decision path as they stand.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

LOG_UNIT: Final = 256
"""Logarithms are given in 1/256 of a factor 2."""

Integers = NDArray[np.int64]
Number = TypeVar("Number", int, Integers)

_EXACT: Final = 2.0**53
_DOUBT: Final = 1e-14
"""Relative distance from a whole number within which a double does not tell on which side of it a value lies."""

_NEAR: Final = 1e-9
"""The same for logarithms, which reach 16 384."""


def at_least(value: Number, limit: int) -> Number:
    """The greater of both."""
    return np.asarray(np.maximum(value, limit)) if isinstance(value, np.ndarray) else max(value, limit)


def clip(value: Number, low: int, high: int) -> Number:
    """The nearest value within the limits."""
    # both bounds one by one: np.clip takes three times as long for short arrays
    return np.minimum(np.maximum(value, low), high) if isinstance(value, np.ndarray) else max(low, min(value, high))


def log2_256(value: Number) -> Number:
    """256 log2(value), rounded down, for value >= 1 (0 below).

    Exact to one unit: the mantissa is squared eight times with 64 bits, each squaring giving one bit of the logarithm.
    """
    if not isinstance(value, np.ndarray):
        return _log2_256(value)
    positive = np.maximum(value, 1)
    logarithm = LOG_UNIT * np.log2(positive)
    logs: Integers = np.floor(logarithm).astype(np.int64)
    # doubles know the logarithms of powers of two exactly, and they are common
    power_of_two = positive & (positive - 1) == 0
    doubtful = (np.abs(logarithm - np.rint(logarithm)) < _NEAR) & ~power_of_two
    for place in np.flatnonzero(doubtful):
        logs.flat[place] = _log2_256(int(value.flat[place]))
    return logs


def ratio_ppm(part: Number, whole: Number) -> Number:
    """Part of a whole in ppm, rounded down; 0 when there is no whole."""
    ratio: Number = product_ratio((part, 1_000_000), (whole,))
    return ratio


def product_ratio(above: Sequence[Any], below: Sequence[Any]) -> Any:
    """One product of numbers that are not negative over another, rounded down; 0 when the lower one is 0.

    The products may exceed 64 bits. An array among the factors makes it an array.
    """
    if not any(isinstance(factor, np.ndarray) for factor in (*above, *below)):
        whole = math.prod(below)
        return math.prod(above) // whole if whole else 0
    uppers, lowers = np.broadcast_arrays(*above), np.broadcast_arrays(*below)
    upper, lower = (math.prod(factor.astype(np.float64) for factor in factors) for factors in (uppers, lowers))
    quotient = upper / np.where(lower > 0, lower, 1.0)
    ratios = np.floor(np.where(lower > 0, quotient, 0.0)).astype(np.int64)
    doubtful = (np.maximum(upper, lower) >= _EXACT) & (np.abs(quotient - np.rint(quotient)) < _DOUBT * quotient)
    for place in np.flatnonzero(doubtful & (lower > 0)):
        of_ints = (math.prod(int(factor.flat[place]) for factor in factors) for factors in (uppers, lowers))
        top, bottom = of_ints
        ratios.flat[place] = top // bottom
    return ratios


@lru_cache(maxsize=4096)
def _log2_256(value: int) -> int:
    """Of one number; those of static facts come again and again."""
    if value < 1:
        return 0
    whole = value.bit_length() - 1
    mantissa = value << (63 - whole) if whole <= 63 else value >> (whole - 63)
    fraction = 0
    for _ in range(8):
        mantissa = (mantissa * mantissa) >> 63
        carry = mantissa >> 64
        mantissa >>= carry
        fraction = 2 * fraction + carry
    return whole * LOG_UNIT + fraction

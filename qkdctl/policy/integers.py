"""Integer arithmetic that gives the same bits on every machine where floats would not."""

from typing import Final

LOG_UNIT: Final = 256
"""Logarithms are given in 1/256 of a factor 2."""


def clip(value: int, low: int, high: int) -> int:
    """The nearest value within the limits."""
    return max(low, min(value, high))


def log2_256(value: int) -> int:
    """256 log2(value), rounded down, for value >= 1 (0 below).

    Exact to one unit: the mantissa is squared eight times with 64 bits, each squaring giving one bit of the logarithm.
    """
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


def ratio_ppm(part: int, whole: int) -> int:
    """Part of a whole in ppm, rounded down; 0 when there is no whole."""
    return part * 1_000_000 // whole if whole else 0

"""Reed-Solomon decoding: the polynomial behind values of which some are wrong."""

from collections.abc import Sequence

from qkdctl.secretsharing.field import BinaryField
from qkdctl.secretsharing.polynomials import Polynomial, add, divide, interpolate, multiply


def decode(field: BinaryField, points: Sequence[int], values: Sequence[int], k: int) -> Polynomial | None:
    """The polynomial of degree below k that differs from at most (m - k) // 2 of m values, if there is one.

    There is never more than one. Gao, in Communications, Information and Network Security (2003), p. 55, algorithm 1:
    the extended Euclidean algorithm on the product of all (X - point) and the polynomial through all values, stopped
    halfway, leaves the wanted polynomial times that whose zeros are the wrong points.

    Args:
        field: where points and values live.
        points: m >= k different elements.
        values: one for each point.
        k: number of coefficients, at least 1.
    """
    low, high = interpolate(field, points, values)
    low_factor, high_factor = [1], list[int]()
    while 2 * (len(low) - 1) >= len(points) + k:
        quotient, rest = divide(field, high, low)
        high, low = low, rest
        high_factor, low_factor = low_factor, add(high_factor, multiply(field, quotient, low_factor))
    polynomial, rest = divide(field, low, low_factor)
    return polynomial if not rest and len(polynomial) <= k else None

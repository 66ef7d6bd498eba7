"""Polynomials over a binary field: lists of coefficients, that of X^0 first, without zeros at the end; [] is 0."""

from collections.abc import Sequence

from qkdctl.secretsharing.field import BinaryField

Polynomial = list[int]


def evaluate(field: BinaryField, polynomial: Sequence[int], x: int) -> int:
    """Value at x."""
    value = 0
    for coefficient in reversed(polynomial):
        value = field.multiply(value, x) ^ coefficient
    return value


def add(a: Sequence[int], b: Sequence[int]) -> Polynomial:
    """Sum, which is also the difference."""
    short, long = sorted((a, b), key=len)
    return _trimmed([c ^ d for c, d in zip(short, long, strict=False)] + list(long[len(short) :]))


def multiply(field: BinaryField, a: Sequence[int], b: Sequence[int]) -> Polynomial:
    """Product."""
    product = [0] * (len(a) + len(b))
    for i, c in enumerate(a):
        for j, d in enumerate(b):
            product[i + j] ^= field.multiply(c, d)
    return _trimmed(product)


def divide(field: BinaryField, a: Sequence[int], b: Sequence[int]) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder; b is not 0."""
    rest, quotient = list(a), [0] * max(len(a) - len(b) + 1, 0)
    leading = field.inverse(b[-1])
    for shift in reversed(range(len(quotient))):
        quotient[shift] = factor = field.multiply(rest[shift + len(b) - 1], leading)
        for i, coefficient in enumerate(b):
            rest[shift + i] ^= field.multiply(factor, coefficient)
    return quotient, _trimmed(rest)


def interpolate(field: BinaryField, points: Sequence[int], values: Sequence[int]) -> tuple[Polynomial, Polynomial]:
    """The polynomial of lowest degree through the points (Newton), and the product of all (X - point)."""
    polynomial: Polynomial = []
    zero_at_points: Polynomial = [1]
    for x, y in zip(points, values, strict=True):
        missing = y ^ evaluate(field, polynomial, x)
        step = field.multiply(missing, field.inverse(evaluate(field, zero_at_points, x)))
        polynomial = add(polynomial, multiply(field, [step], zero_at_points))
        zero_at_points = multiply(field, [x, 1], zero_at_points)
    return polynomial, zero_at_points


def lagrange_weights(field: BinaryField, points: Sequence[int], at: int) -> list[int]:
    """Factors w_i such that sum w_i y_i is the value at `at` of the polynomial through all (point i, y_i)."""
    weights = []
    for x in points:
        numerator = denominator = 1
        for other in points:
            if other != x:
                numerator = field.multiply(numerator, at ^ other)
                denominator = field.multiply(denominator, x ^ other)
        weights.append(field.multiply(numerator, field.inverse(denominator)))
    return weights


def _trimmed(coefficients: Polynomial) -> Polynomial:
    while coefficients and coefficients[-1] == 0:
        coefficients.pop()
    return coefficients

"""Polynomials over small fields, checked at every point."""

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.secretsharing.field import BinaryField
from qkdctl.secretsharing.polynomials import add, divide, evaluate, interpolate, lagrange_weights, multiply

FIELD = BinaryField(degree=8, tail=0x1B)
coefficients = st.lists(st.integers(0, 255), max_size=7).map(lambda p: add(p, []))
points = st.lists(st.integers(0, 255), min_size=1, max_size=8, unique=True)


def everywhere(polynomial):
    return [evaluate(FIELD, polynomial, x) for x in range(256)]


@given(coefficients, coefficients)
def test_sums_and_products_are_those_of_the_values(a, b):
    assert everywhere(add(a, b)) == [x ^ y for x, y in zip(everywhere(a), everywhere(b), strict=True)]
    assert everywhere(multiply(FIELD, a, b)) == [
        FIELD.multiply(x, y) for x, y in zip(everywhere(a), everywhere(b), strict=True)
    ]


@given(coefficients, coefficients.filter(bool))
def test_quotient_and_remainder_give_the_dividend(a, b):
    quotient, rest = divide(FIELD, a, b)
    assert len(rest) < len(b)
    assert add(multiply(FIELD, quotient, b), rest) == a


@given(points, st.data())
def test_interpolation_hits_every_point_with_the_lowest_degree(xs, data):
    ys = data.draw(st.lists(st.integers(0, 255), min_size=len(xs), max_size=len(xs)))
    polynomial, vanishing = interpolate(FIELD, xs, ys)
    assert len(polynomial) <= len(xs)
    assert [evaluate(FIELD, polynomial, x) for x in xs] == ys
    assert {x for x, y in enumerate(everywhere(vanishing)) if y == 0} == set(xs)
    at = data.draw(st.integers(0, 255))
    value = 0
    for weight, y in zip(lagrange_weights(FIELD, xs, at), ys, strict=True):
        value ^= FIELD.multiply(weight, y)
    assert value == evaluate(FIELD, polynomial, at)

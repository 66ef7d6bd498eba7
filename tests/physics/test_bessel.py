from decimal import Decimal, localcontext

import numpy as np
import pytest

from qkdctl.physics.bessel import i0_beyond_parabola, i0m1
from tests.physics.exact import DIGITS, bessel_i0

ARGUMENTS = [1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.999999, 1.0, 1.000001, 2.5, 10.0]


def exact(z):
    with localcontext() as context:
        context.prec = DIGITS
        one, two = bessel_i0(Decimal(z)) - 1, bessel_i0(2 * Decimal(z)) - 1
        return float(one), float(two - 4 * one)


@pytest.mark.parametrize("z", ARGUMENTS)
def test_keeps_its_digits_at_any_argument(z):
    minus_one, beyond = exact(z)
    assert i0m1(z) == pytest.approx(minus_one, rel=2e-15)
    assert i0_beyond_parabola(z) == pytest.approx(beyond, rel=1e-14)


def test_is_even_and_zero_at_zero():
    z = np.array([0.0, 0.3, 3.0])
    for function in (i0m1, i0_beyond_parabola):
        assert function(0.0) == 0.0
        assert np.array_equal(function(z), function(-z))

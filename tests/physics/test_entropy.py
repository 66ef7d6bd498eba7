import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.entropy import h2

probabilities = st.floats(0, 1)


def test_is_exactly_zero_at_both_ends_and_never_minus_zero():
    ends = h2([0.0, 1.0])
    assert ends.tolist() == [0.0, 0.0]
    assert not np.signbit(ends).any()


def test_is_one_bit_at_one_half():
    assert h2(0.5) == 1.0


def test_clips_what_rounding_pushes_out_of_range():
    assert h2([-1e-18, 1 + 1e-15]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("p", [1e-300, 1e-17, 1e-9, 1e-3])
def test_keeps_its_relative_precision_for_tiny_arguments(p):
    # -p log2 p - (1-p) log2(1-p) with the second term expanded: (1-p) log(1-p) = -p + p^2/2 + p^3/6 + ...
    expected = (-p * math.log(p) + p - p**2 / 2 - p**3 / 6 - p**4 / 12) / math.log(2)
    assert h2(p) == pytest.approx(expected, rel=1e-12)


@given(probabilities)
def test_is_symmetric_and_lies_between_zero_and_one(p):
    assert 0 <= h2(p) <= 1
    assert h2(p) == pytest.approx(float(h2(1 - p)), abs=1e-12)


def test_passes_nan_on():
    assert np.isnan(h2(math.nan))

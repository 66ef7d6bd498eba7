"""Integer arithmetic in place of floats."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.policy.integers import clip, log2_256, ratio_ppm


@given(st.integers(1, 2**200))
def test_logarithm_is_that_of_the_library_within_one_unit(value: int) -> None:
    assert abs(log2_256(value) - 256 * math.log2(value)) < 1.01


@given(st.integers(1, 2**80), st.integers(1, 2**20))
def test_logarithm_never_falls(value: int, more: int) -> None:
    assert log2_256(value) <= log2_256(value + more)


@pytest.mark.parametrize(("value", "expected"), [(-5, 0), (0, 0), (1, 0), (2, 256), (3, 405), (1 << 63, 63 * 256)])
def test_logarithm_of_small_and_exact_values(value: int, expected: int) -> None:
    assert log2_256(value) == expected


def test_ratio_without_a_whole_is_nothing() -> None:
    assert ratio_ppm(1, 3) == 333_333
    assert ratio_ppm(5, 0) == 0


def test_clip() -> None:
    assert [clip(value, -2, 3) for value in (-9, 0, 9)] == [-2, 0, 3]

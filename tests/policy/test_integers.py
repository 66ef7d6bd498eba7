"""Integer arithmetic in place of floats."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.policy.integers import at_least, clip, log2_256, product_ratio, ratio_ppm


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


INT64 = st.integers(0, 2**62)


@given(st.lists(st.one_of(INT64, st.integers(-5, 40), st.integers(0, 61).map(lambda bit: 2**bit)), min_size=1))
def test_arrays_have_the_logarithms_of_their_elements(values: list[int]) -> None:
    assert log2_256(np.array(values)).tolist() == [log2_256(value) for value in values]


FACTOR = st.one_of(st.integers(0, 2**40), st.integers(0, 3))


@given(st.lists(st.tuples(FACTOR, FACTOR, FACTOR, FACTOR), min_size=1))
def test_arrays_have_the_ratios_of_their_elements(values: list[tuple[int, int, int, int]]) -> None:
    fitting = [(a, b, c, d) for a, b, c, d in values if not c * d or a * b // (c * d) < 2**53] or [(1, 1, 1, 1)]
    a, b, c, d = (np.array(column) for column in zip(*fitting, strict=True))
    assert product_ratio((a, b), (c, d)).tolist() == [product_ratio((a, b), (c, d)) for a, b, c, d in fitting]


@given(st.integers(1, 2**26), st.integers(2**27, 2**35), st.sampled_from([-1, 0, 1]))
def test_ratios_next_to_whole_numbers_are_rounded_down_exactly(ratio: int, whole: int, off: int) -> None:
    part = ratio * whole + off
    assert product_ratio((np.array([part]),), (np.array([whole]),)).tolist() == [part // whole]


def test_arrays_are_clipped_element_by_element() -> None:
    assert clip(np.array([-9, 0, 9]), -2, 3).tolist() == [-2, 0, 3]
    assert at_least(np.array([-9, 0, 9]), -2).tolist() == [-2, 0, 9]
    assert at_least(-9, -2) == -2

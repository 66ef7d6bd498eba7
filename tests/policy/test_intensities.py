"""The table of mean photon numbers and the moves on it."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6, STEPS, moved, step_below


def test_table_runs_from_a_twentieth_to_one_in_equal_ratios() -> None:
    assert len(MEAN_PHOTON_NUMBERS_E6) == STEPS == 48
    assert (MEAN_PHOTON_NUMBERS_E6[0], MEAN_PHOTON_NUMBERS_E6[-1]) == (50_000, 1_000_000)
    assert all(b / a == pytest.approx(20 ** (1 / 47), rel=3e-5) for a, b in pairwise(MEAN_PHOTON_NUMBERS_E6))


def test_every_value_is_the_exact_root_rounded_down() -> None:
    for step, value in enumerate(MEAN_PHOTON_NUMBERS_E6):
        exact_to_the_47 = Fraction(50_000) ** (47 - step) * Fraction(1_000_000) ** step
        assert value**47 <= exact_to_the_47 < (value + 1) ** 47


@pytest.mark.parametrize(
    ("value", "step"), [(49_999, -1), (50_000, 0), (53_289, 0), (53_290, 1), (1_000_000, 47), (2_000_000, 47)]
)
def test_step_below(value: int, step: int) -> None:
    assert step_below(value) == step


@pytest.mark.parametrize(
    ("value", "steps", "expected"),
    [
        (0, 4, 0),
        (0, -4, 0),
        (250_000, 0, 250_000),
        (246_040, 1, 262_233),
        (250_000, 1, 262_233),
        (250_000, -1, 246_040),
        (262_233, -1, 246_040),
        (250_000, 4, 317_492),
        (40_000, 1, 50_000),
        (40_000, -1, 40_000),
        (53_290, -4, 50_000),
        (1_000_000, 4, 1_000_000),
        (1_500_000, 1, 1_500_000),
        (1_500_000, -1, 1_000_000),
    ],
)
def test_moves(value: int, steps: int, expected: int) -> None:
    assert moved(value, steps) == expected


@given(st.integers(0, 2_000_000), st.integers(-60, 60))
def test_a_move_goes_the_way_it_says_and_no_further_than_its_steps(value: int, steps: int) -> None:
    target = moved(value, steps)
    if steps >= 0:
        assert target >= value
    if steps <= 0:
        assert target <= value
    if value >= 50_000:
        assert target <= value * 20 ** (max(steps, 0) / 47) * 1.0001


@given(st.integers(1, 999_999))
def test_up_always_moves_below_the_top(value: int) -> None:
    assert moved(value, 1) > value

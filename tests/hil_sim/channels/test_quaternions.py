import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hil_sim.channels.quaternions import (
    IDENTITY,
    basis_errors,
    conjugate,
    from_rotation_vector,
    multiply,
    normalized,
    to_matrix,
    uniform_rotations,
)
from hil_sim.world.polarization import basis_errors as errors_of_matrix
from hil_sim.world.polarization import controller_rotation
from tests.hil_sim.channels.laws import assert_mean, rng

VECTORS = arrays(float, 3, elements=st.floats(-10, 10))
TURNS = VECTORS.map(from_rotation_vector)


@given(TURNS, TURNS)
def test_products_are_products_of_matrices(left, right):
    assert to_matrix(multiply(left, right)) == pytest.approx(to_matrix(left) @ to_matrix(right), abs=1e-12)


@given(TURNS)
def test_a_turn_and_its_inverse_do_nothing(turn):
    assert multiply(turn, conjugate(turn)) == pytest.approx(IDENTITY, abs=1e-14)
    assert to_matrix(turn) @ to_matrix(turn).T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(to_matrix(turn)) == pytest.approx(1)


@given(VECTORS)
def test_a_vector_turns_about_itself_by_its_length(vector):
    length = np.linalg.norm(vector)
    matrix = to_matrix(from_rotation_vector(vector))
    assert matrix @ vector == pytest.approx(vector, abs=1e-11)
    assert np.trace(matrix) == pytest.approx(1 + 2 * math.cos(length), abs=1e-11)


def test_the_sense_of_a_turn_is_that_of_the_controller_plates():
    # the second plate turns about the X axis by pi V / V_half
    turn = from_rotation_vector([math.pi * 300 / 2500, 0, 0])
    assert to_matrix(turn) == pytest.approx(controller_rotation((0, 300, 0, 0), 2500.0), abs=1e-14)


def test_no_turn_is_exactly_none():
    assert np.array_equal(from_rotation_vector(np.zeros((2, 3))), [IDENTITY, IDENTITY])


@given(TURNS)
def test_basis_errors_are_those_of_the_matrix(turn):
    assert basis_errors(turn) == pytest.approx(errors_of_matrix(to_matrix(turn)), abs=1e-14)


@pytest.mark.parametrize(
    ("degrees", "percent", "half_digit"), [(1, 0.03, 5e-3), (4, 0.49, 5e-3), (5.74, 1.0, 5e-2), (10, 3.0, 5e-2)]
)
def test_an_angle_between_polarisations_errs_by_its_squared_sine(degrees, percent, half_digit):
    # on the Poincare sphere it counts twice
    errors = basis_errors(from_rotation_vector([0.0, 2 * math.radians(degrees), 0.0]))
    assert errors == pytest.approx([math.sin(math.radians(degrees)) ** 2] * 2, rel=1e-12)
    assert 100 * errors[0] == pytest.approx(percent, abs=half_digit)


def test_half_a_turn_flips_every_bit_and_no_more():
    flipped = np.array([0.0, 0.6, 0.8, 0.0]) * (1 + 1e-15)
    assert basis_errors(flipped) == (1.0, pytest.approx(0.64))


def test_many_rotations_are_handled_as_each_alone():
    left, right = uniform_rotations((4, 5), rng(1)), uniform_rotations((5,), rng(2))
    together = multiply(left, right)
    assert together.shape == (4, 5, 4)
    assert np.array_equal(together[2, 3], multiply(left[2, 3], right[3]))
    assert np.array_equal(to_matrix(left)[1, 4], to_matrix(left[1, 4]))


def test_uniform_rotations_prefer_nothing():
    matrices = to_matrix(uniform_rotations((100_000,), rng()))
    for i in range(3):
        for j in range(3):
            assert_mean(matrices[:, i, j], 0)
            assert_mean(matrices[:, i, j] ** 2, 1 / 3)


def test_normalized_keeps_the_direction():
    assert normalized([[0, 3, 0, 4], [2, 0, 0, 0]]) == pytest.approx(np.array([[0, 0.6, 0, 0.8], [1, 0, 0, 0]]))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.consistency.safe_minimum import LinearProgram, safe_minimum


def program(matrix, limits, tops):
    columns = np.shape(matrix)[1]
    return LinearProgram(
        np.array(matrix, float),
        np.array(limits, float),
        np.zeros((0, columns)),
        np.zeros(columns),
        np.array(tops, float),
    )


def test_a_small_program_is_solved():
    # least x + y with x + 2y >= 2 and x <= 1
    least, multipliers = safe_minimum(program([[-1, -2]], [-2], [1, 10]), np.array([1.0, 1.0]))
    assert least == pytest.approx(1)
    assert multipliers == pytest.approx([0.5])


def test_equalities_are_kept():
    tied = LinearProgram(
        np.array([[-1.0, 0.0]]), np.array([-3.0]), np.array([[1.0, -2.0]]), np.zeros(2), np.full(2, 9.0)
    )
    assert safe_minimum(tied, np.array([0.0, 1.0]))[0] == pytest.approx(1.5)


@given(st.integers(0, 2**32))
def test_the_bound_is_never_above_what_a_solution_has(seed):
    rng = np.random.default_rng(seed)
    scales = 10 ** rng.uniform(-9, 0, 12)
    matrix = rng.normal(size=(8, 12)) * scales
    inside = rng.random(12) / scales
    limits = matrix @ inside + rng.random(8) * 1e-3
    objective = rng.normal(size=12) * scales
    least, multipliers = safe_minimum(program(matrix, limits, 10 / scales), objective)
    assert least <= objective @ inside + 1e-9
    assert np.all(multipliers >= 0)


def test_without_a_solution_only_the_columns_bound():
    least, multipliers = safe_minimum(program([[1.0], [-1.0]], [1.0, -2.0], [10.0]), np.array([-1.0]))
    assert least == -10
    assert multipliers.tolist() == [0, 0]

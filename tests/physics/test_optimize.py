import numpy as np
import pytest

from qkdctl.physics.optimize import maximise


def test_finds_the_peak_of_each_problem_of_an_array():
    peaks = np.array([[0.0, 0.1, 1 / 3], [0.5, 0.77, 1.0]])
    (found,) = maximise(lambda x: -((x - peaks) ** 2), (0.0, 1.0))
    assert found == pytest.approx(peaks, abs=2e-8)


def test_finds_a_peak_that_leans_between_two_variables():
    def rate(x, y):
        return -((x - 0.3) ** 2) - (y - 2) ** 2 + 0.4 * (x - 0.3) * (y - 2)

    assert maximise(rate, (0.0, 1.0), (-5.0, 5.0)) == (pytest.approx(0.3, abs=1e-6), pytest.approx(2, abs=1e-6))


def test_looks_over_the_whole_range_before_it_climbs():
    (found,) = maximise(
        lambda x: np.exp(-(((x - 0.1) / 0.05) ** 2)) + 2 * np.exp(-(((x - 0.9) / 0.02) ** 2)), (0.0, 1.0)
    )
    assert found == pytest.approx(0.9, abs=1e-6)


def test_stays_inside_the_range():
    assert maximise(lambda x: x, (0.25, 0.75)) == (0.75,)
    assert maximise(lambda x: -x, (0.25, 0.75)) == (0.25,)

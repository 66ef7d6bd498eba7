import math

import numpy as np
import pytest
from scipy.stats import norm

from hil_sim.channels.misalignment import Misalignment, mean_angle_error, mean_basis_error
from hil_sim.channels.quaternions import basis_errors
from tests.hil_sim.channels.laws import assert_correlation, assert_law, assert_mean, rng

LINKS = 50_000


@pytest.mark.parametrize("deviation", [0.05, 0.3, 1.0])
def test_the_mean_error_of_either_basis_is_the_closed_form(deviation):
    held, noise = Misalignment(np.full(LINKS, deviation), 60.0), rng()
    path = held.walk(held.start(noise), 3, 25.0, noise)
    for errors in basis_errors(held.rotation(path[-1])):
        assert_mean(errors, float(mean_basis_error(deviation)))


def test_a_fluctuating_angle_errs_by_the_mean_of_its_squared_sine():
    assert mean_angle_error(0.1) == pytest.approx(0.0099, abs=5e-5)
    angle = np.linspace(-6, 6, 20_001) * 0.1
    weight = norm.pdf(angle / 0.1)
    assert mean_angle_error(0.1) == pytest.approx(np.sum(weight * np.sin(angle) ** 2) / weight.sum(), rel=1e-6)


def test_small_errors_are_not_lost_to_rounding():
    assert mean_basis_error(1e-7) == pytest.approx(0.5e-14, rel=1e-9)
    assert mean_angle_error(1e-7) == pytest.approx(1e-14, rel=1e-9)


def test_components_are_independent_stationary_and_exact_in_the_step():
    held, noise = Misalignment(np.full(LINKS, 0.2), np.full(LINKS, 30.0)), rng()
    start = held.start(noise)
    fine, coarse = held.walk(start, 10, 2.0, noise), held.walk(start, 1, 20.0, noise)
    for end in (fine[-1], coarse[-1]):
        assert_law(end, norm(0, 0.2).cdf)
        assert_correlation(start[:, 0], end[:, 0], math.exp(-20 / 30))
        assert_correlation(end[:, 0], end[:, 1], 0)

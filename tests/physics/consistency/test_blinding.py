import numpy as np
import pytest

from qkdctl.physics.consistency.blinding import check_double_clicks, check_saturation, double_click_probability


def test_double_clicks_of_independent_detectors():
    assert double_click_probability(0.0, 1e-6, 0.5) == pytest.approx(1e-12)
    assert double_click_probability(0.01, 0.0, 0.0) == 0
    assert double_click_probability(0.1, 0.0, 0.5) == pytest.approx((1 - np.exp(-0.05)) ** 2)
    matched, other = double_click_probability(0.1, 1e-6, [0.01, 0.5])
    assert matched < other / 20


def test_double_clicks_of_simulated_photons():
    rng = np.random.default_rng(51)
    gates = 400_000
    right, wrong = rng.poisson(0.3 * 0.9, gates) > 0, rng.poisson(0.3 * 0.1, gates) > 0
    expected = double_click_probability(0.3, 0.0, 0.1)
    assert check_double_clicks(expected, gates, (right & wrong).sum(), significance=1e-3).finding() is None


@pytest.mark.parametrize("doubles", [0, 400])
def test_too_few_and_too_many_double_clicks_are_seen(doubles):
    found = check_double_clicks(1e-4, 10**6, doubles, significance=1e-6).finding()
    assert (found.statistic, found.bound) == (doubles, pytest.approx(100))
    assert found.sigmas > 5


def test_more_double_clicks_than_gates_are_impossible():
    found = check_double_clicks(1e-4, 100, 101, significance=1e-6).finding()
    assert (found.p_value, found.sigmas) == (0, np.inf)


def test_an_uncertain_expectation_widens_the_test():
    assert check_double_clicks(1e-4, 10**6, 150, significance=1e-3).failed
    assert not check_double_clicks(1e-4, 10**6, 150, significance=1e-3, tolerance=0.4).failed
    assert check_double_clicks(1e-4, 10**6, 60, significance=1e-3).failed
    assert not check_double_clicks(1e-4, 10**6, 60, significance=1e-3, tolerance=0.4).failed


def test_honest_receivers_are_accused_no_more_often_than_stated():
    doubles = np.random.default_rng(52).binomial(10**6, 3e-5, 50_000)
    failed = check_double_clicks(3e-5, 10**6, doubles, significance=1e-2).failed
    assert 50 < failed.sum() <= 500 + 5 * 23
    assert check_double_clicks(3e-5, 10**6, doubles, significance=1e-6).failed.sum() <= 1


def test_no_detector_counts_faster_than_it_recovers():
    check = check_saturation([1000, 1025, 1026], 1.0, 2.0**-10)
    assert check.failed.tolist() == [False, False, True]
    assert check.p_value.tolist() == [1, 1, 0]
    assert check_saturation([2050, 2051], 1.0, 2.0**-10, detectors=2).failed.tolist() == [False, True]

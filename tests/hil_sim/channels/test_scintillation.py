import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from hil_sim.channels.scintillation import (
    gamma_gamma_fade_probability,
    gamma_gamma_orders,
    gamma_gamma_scintillation,
    log_normal_fade_probability,
    plane_wave_rytov_variance,
)


@pytest.mark.parametrize(("rytov", "alpha", "beta", "index"), [(0.2, 11.65, 10.12, 0.193), (1.6, 4.03, 1.91, 0.902)])
def test_orders_and_scintillation_of_weak_and_strong_turbulence(rytov, alpha, beta, index):
    orders = gamma_gamma_orders(rytov)
    assert orders == pytest.approx((alpha, beta), abs=0.005)
    assert gamma_gamma_scintillation(*orders) == pytest.approx(index, abs=5e-4)


@pytest.mark.parametrize(("rytov", "fade_db", "probability"), [(0.2, 3, 0.09), (1.6, 3, 0.36), (1.6, 10, 0.04)])
def test_fades_of_gamma_gamma_light(rytov, fade_db, probability):
    assert gamma_gamma_fade_probability(*gamma_gamma_orders(rytov), fade_db) == pytest.approx(probability, abs=0.005)


def test_fades_of_log_normal_light():
    half_db = 10 * math.log10(2)
    assert log_normal_fade_probability(1.0, half_db) == pytest.approx(norm.cdf(-math.sqrt(math.log(2)) / 2))
    # a variance of ln 2: the threshold lies 0.41343 standard deviations below the mean of the logarithm
    assert log_normal_fade_probability(1.0, 3.0) == pytest.approx(0.33965, abs=5e-6)


@given(st.floats(0.01, 0.1), st.floats(0, 6))
def test_both_laws_agree_in_weak_turbulence(rytov, fade_db):
    orders = gamma_gamma_orders(rytov)
    log_normal = log_normal_fade_probability(gamma_gamma_scintillation(*orders), fade_db)
    assert gamma_gamma_fade_probability(*orders, fade_db) == pytest.approx(log_normal, abs=0.01)


@given(st.floats(1e-4, 20))
def test_weak_turbulence_scintillates_with_its_rytov_variance_and_strong_turbulence_saturates(rytov):
    index = gamma_gamma_scintillation(*gamma_gamma_orders(rytov))
    assert index <= min(1.01 * rytov, 1.6)
    if rytov < 1e-2:
        assert index == pytest.approx(rytov, rel=0.02)


@given(st.floats(0.1, 5))
def test_deep_fades_are_rarer(rytov):
    chances = gamma_gamma_fade_probability(*gamma_gamma_orders(rytov), np.array([0.0, 3.0, 6.0, 10.0, 20.0]))
    assert np.all(np.diff(chances) <= 0)
    assert 0.5 < chances[0] < 1


def test_rytov_variance_of_a_kilometre():
    # k = 2 pi / 1550 nm = 4.0537e6 / m: 1.23e-14 * k^(7/6) * 1000^(11/6)
    expected = 1.23e-14 * np.exp(7 / 6 * np.log(4.0536681e6) + 11 / 6 * np.log(1000))
    assert plane_wave_rytov_variance(1e-14, 1550.0, 1000.0) == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(0.199, abs=5e-4)

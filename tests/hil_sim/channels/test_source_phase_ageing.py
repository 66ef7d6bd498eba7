import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from hil_sim.channels.detector_ageing import YEAR_S, DetectorAgeing
from hil_sim.channels.phase_noise import PhaseNoise, drifting_phase_error, phase_error
from hil_sim.channels.source_drift import SourceDrift
from tests.hil_sim.channels.laws import assert_correlation, assert_mean, assert_same_law, assert_variance, rng

LINKS = 40_000


def test_the_intensity_strays_around_its_set_value():
    source, noise = SourceDrift(np.full(LINKS, 0.05), 100.0, 0.02), rng()
    path = source.walk(source.start(noise), 3, 4.0, noise)
    assert_mean(source.factor(path)[-1], 1)
    # the white error of a step of four seconds is half of that of one second
    assert_variance(np.log(source.factor(path)[-1]), 0.05**2 + 0.01**2)
    slow = 0.05**2 * math.exp(-8 / 100)
    assert_correlation(np.log(source.factor(path)[0]), np.log(source.factor(path)[2]), slow / (0.05**2 + 0.01**2))


def test_however_far_it_strays_the_mean_intensity_is_the_set_value():
    source, noise = SourceDrift(np.full(LINKS, 0.4), 100.0, 0.8), rng()
    assert_mean(source.factor(source.walk(source.start(noise), 1, 4.0, noise)), 1)


def test_the_white_error_averages_as_white_noise_does():
    source = SourceDrift(np.full(LINKS, 0.0), 100.0, 0.02)
    fine = source.factor(source.walk(source.start(rng()), 5, 0.2, rng())).mean(axis=0)
    coarse = source.factor(source.walk(source.start(rng()), 1, 1.0, rng(2)))[0]
    assert_same_law(fine, coarse)


def test_a_perfect_source_is_off():
    assert SourceDrift([0.0, 0.0]).off
    assert not SourceDrift(0.0, white=0.01).off


@given(st.floats(1e-12, 0.02))
def test_small_phase_variance_errs_by_a_quarter_of_it(variance):
    assert phase_error(variance) == pytest.approx(variance / 4, rel=0.006)


def test_a_lost_phase_errs_by_one_half():
    assert phase_error(1e3) == 0.5
    assert drifting_phase_error(0.0, 1e9) == pytest.approx(0.5)


@given(st.floats(0, 3), st.floats(1e-9, 30))
def test_a_growing_variance_errs_by_its_mean_over_time(start, grown):
    expected, _ = quad(lambda t: float(phase_error(start + grown * t)), 0, 1, epsabs=0, epsrel=1e-10)
    assert drifting_phase_error(start, grown) == pytest.approx(expected, rel=1e-6)


def test_the_simulated_wiener_phase_errs_as_computed():
    steps, grown = 400, 0.8
    phase = np.cumsum(math.sqrt(grown / steps) * rng().standard_normal((steps, 5000)), axis=0)
    errors = ((1 - np.cos(phase)) / 2).mean(axis=0)
    # the sum over 400 end points lies half a point later than the integral
    expected = drifting_phase_error(0.0, grown) + (phase_error(grown)) / 2 / steps
    assert_mean(errors, float(expected))


def test_the_diffusion_is_modulated_around_its_mean():
    phase, noise = PhaseNoise(np.full(LINKS, 10.0), 1e-4, 0.0, 0.5, 100.0), rng()
    errors = phase.error(phase.walk(phase.start(noise), 4, 25.0, noise))
    # errors so small are proportional to the diffusion: a quarter of half the variance grown; less by that over 6
    assert_mean(errors[-1] / (10.0 * 1e-4 / 8), 1 - 1e-3 / 6 * math.exp(0.25))
    assert_correlation(np.log(errors[0]), np.log(errors[-1]), math.exp(-75 / 100))


def test_what_the_reference_misses_stays_until_the_next_one():
    assert PhaseNoise(reference_error_rad=0.3).error(np.zeros(())) == pytest.approx(float(phase_error(0.09)))
    both = PhaseNoise(200.0, 5e-4, 0.3).error(np.zeros(()))
    assert both == pytest.approx(float(drifting_phase_error(0.09, 0.1)))


def test_a_reference_without_error_and_a_still_phase_are_off():
    assert PhaseNoise([0.0, 0.0]).off
    assert not PhaseNoise(0.0, reference_error_rad=0.1).off


def test_ageing_without_events_is_steady():
    two_years_s = (365 + 366) * 24 * 3600.0
    ageing = DetectorAgeing([0.02, 0.0], [0.1, 0.0])
    state = ageing.walk(ageing.start(rng()), 3, 1e6, rng())[-1]
    assert ageing.efficiency_factor(state, two_years_s) == pytest.approx([math.exp(-0.04), 1], rel=1e-4)
    assert ageing.dark_factor(state, two_years_s) == pytest.approx([math.exp(0.2), 1], rel=2e-4)


@pytest.mark.parametrize("steps", [1, 20])
def test_events_come_as_a_poisson_process_whatever_the_steps(steps):
    rates = np.repeat([0.5, 0.0, 2.0], LINKS)
    ageing = DetectorAgeing(0.0, 0.0, rates, 0.02, 0.3)
    end = ageing.walk(ageing.start(rng()), steps, 2 * YEAR_S / steps, rng(steps))[-1].reshape(3, LINKS, 2)
    for row, mean in ((0, 1.0), (2, 4.0)):
        assert_mean(end[row, :, 0] == 0, math.exp(-mean))
        assert_mean(end[row, :, 0], mean * 0.02)
        assert_variance(end[row, :, 1], mean * 2 * 0.3**2)
    assert not np.any(end[1])


def test_what_is_broken_stays_broken():
    ageing = DetectorAgeing(0.0, 0.0, np.full(50, 5.0), 0.1, 0.1)
    path = ageing.walk(ageing.start(rng()), 30, YEAR_S / 10, rng())
    assert np.all(np.diff(path, axis=0) >= 0)
    later = ageing.walk(path[-1], 5, YEAR_S / 10, rng(2))
    assert np.all(later[0] >= path[-1])
    assert np.all(np.diff(ageing.efficiency_factor(path, 0.0), axis=0) <= 0)

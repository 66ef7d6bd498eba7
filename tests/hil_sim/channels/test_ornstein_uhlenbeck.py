import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from hil_sim.channels.fibre_loss import FibreLossDrift, fibre_loss_db
from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from tests.hil_sim.channels.laws import assert_correlation, assert_law, assert_same_law, rng

LINKS = 20_000
SPAN_S, TAU_S, DEVIATION = 3.0, 5.0, 0.4


@pytest.mark.parametrize("steps", [1, 7, 300])
def test_the_law_after_a_time_does_not_depend_on_the_steps(steps):
    wander = OrnsteinUhlenbeck(np.full(LINKS, DEVIATION), TAU_S)
    end = wander.walk(np.full(LINKS, 2.0), steps, SPAN_S / steps, rng(steps))[-1]
    mean = 2.0 * math.exp(-SPAN_S / TAU_S)
    spread = DEVIATION * math.sqrt(-math.expm1(-2 * SPAN_S / TAU_S))
    assert_law(end, norm(mean, spread).cdf)


def test_a_path_in_two_parts_has_the_law_of_one():
    wander, noise = OrnsteinUhlenbeck(np.full(LINKS, DEVIATION), TAU_S), rng()
    start = wander.start(noise)
    whole = wander.walk(start, 10, 1.0, noise)
    part = wander.walk(start, 4, 1.0, noise)
    rest = wander.walk(part[-1], 6, 1.0, noise)
    assert_same_law(whole[-1], rest[-1])
    assert_correlation(start, rest[-1], math.exp(-10 / TAU_S))


def test_it_is_stationary_and_each_link_has_its_own_pace():
    noise, tau_s = rng(), np.repeat([1.0, 20.0], LINKS)
    wander = OrnsteinUhlenbeck(np.repeat([0.1, 0.7], LINKS), tau_s)
    path = wander.walk(wander.start(noise), 40, 0.5, noise)
    for deviation, tau, links in ((0.1, 1.0, slice(0, LINKS)), (0.7, 20.0, slice(LINKS, None))):
        assert_law(path[0, links], norm(0, deviation).cdf)
        assert_law(path[-1, links], norm(0, deviation).cdf)
        assert_correlation(path[10, links], path[13, links], math.exp(-1.5 / tau))


@given(links=st.sampled_from([1, 3, 50, 1500]), steps=st.integers(1, 70), step_s=st.floats(1e-3, 1e3))
def test_blocks_of_steps_are_the_plain_recursion(links, steps, step_s):
    wander = OrnsteinUhlenbeck(np.linspace(0.1, 1, links), np.linspace(1, 50, links))
    path = wander.walk(np.ones(links), steps, step_s, rng(3))
    kicks = rng(3).standard_normal((steps, links))
    x, keep = np.ones(links), np.exp(-step_s / np.linspace(1, 50, links))
    for row, kick in zip(path, kicks, strict=True):
        x = keep * x + np.linspace(0.1, 1, links) * np.sqrt(1 - keep**2) * kick
        np.testing.assert_allclose(row, x, rtol=1e-9, atol=1e-9)


def test_a_seed_replays_bit_for_bit_and_another_does_not():
    wander = OrnsteinUhlenbeck(np.full(5, 1.0), 3.0)
    paths = [wander.walk(np.zeros(5), 50, 1.0, rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(paths[0], paths[1])
    assert not np.any(paths[0] == paths[2])


def test_one_link_is_many_links_of_one():
    alone = OrnsteinUhlenbeck(0.5, 3.0).walk(np.zeros(()), 20, 1.0, rng())
    among = OrnsteinUhlenbeck([0.5], [3.0]).walk(np.zeros(1), 20, 1.0, rng())
    assert alone.shape == (20,)
    assert np.array_equal(alone, among[:, 0])


@pytest.mark.parametrize(("field", "value"), [("deviation", -1), ("time_s", 0), ("time_s", math.nan)])
def test_impossible_parameters_are_named(field, value):
    with pytest.raises(ValueError, match=rf"OrnsteinUhlenbeck.{field} must lie in .*, got"):
        OrnsteinUhlenbeck(**{"deviation": 1.0, "time_s": 1.0, field: value})


@pytest.mark.parametrize(("steps", "step_s"), [(0, 1.0), (3, 0.0), (3, math.inf)])
def test_a_walk_without_steps_or_time_is_refused(steps, step_s):
    with pytest.raises(ValueError, match="1 or more steps of positive length"):
        OrnsteinUhlenbeck(1.0, 1.0).walk(np.zeros(()), steps, step_s, rng())


def test_parameters_cannot_be_changed_afterwards():
    deviations = np.ones(3)
    wander = OrnsteinUhlenbeck(deviations, 1.0)
    deviations[0] = 7.0
    assert wander.deviation.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        wander.deviation[0] = 2.0


def test_loss_has_wander_ramp_and_a_day_with_a_phase():
    drift = FibreLossDrift(ramp_db_per_hour=[0.5, 0.0], day_amplitude_db=0.3, day_phase_rad=[0.0, math.pi / 2])
    times = np.array([[0.0], [6 * 3600.0], [18 * 3600.0]])
    expected = np.array([[0, 0.3], [3.3, 0], [8.7, 0]]) + 0.1
    assert drift.excess_db(np.full(2, 0.1), times) == pytest.approx(expected, abs=1e-12)


def test_no_fibre_amplifies():
    assert fibre_loss_db([10.0, 0.1], [-0.5, -0.5]).tolist() == [9.5, 0]

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import weibull_min

from hil_sim.channels.bursts import BURST_POINTS, DEVIATION, GAP_POINTS, HOLD_POINTS, Bursts
from hil_sim.channels.heavy_tails import TruncatedPareto, Weibull
from tests.hil_sim.channels.laws import assert_law, assert_mean, assert_same_law, rng


def test_the_laws_keep_to_the_calibration():
    # length 95, 20, 242 points; gap 5315, 2080, 16 399; deviation .0045, .024, .25, .595: 31 bursts scatter by 15 %
    lengths = [BURST_POINTS.mean, BURST_POINTS.quantile(0.5), BURST_POINTS.quantile(0.9)]
    gaps = [GAP_POINTS.mean, GAP_POINTS.quantile(0.5), GAP_POINTS.quantile(0.9)]
    assert lengths == pytest.approx([95, 20, 242], rel=0.03)
    assert gaps == pytest.approx([5315, 2080, 16_399], rel=0.13)
    assert DEVIATION.quantile(np.array([0.5, 0.9, 1.0])) == pytest.approx([0.0045, 0.024, 0.595], rel=0.07)
    assert DEVIATION.quantile(0.99) == pytest.approx(0.25, rel=0.2)
    # the longest of 31 was 583 points: neither certain to be longer nor certain to be shorter
    longest_within = (1 - math.exp(-(((583 - 1) / BURST_POINTS.scale) ** BURST_POINTS.shape))) ** 31
    assert 0.1 < longest_within < 0.9


@pytest.fixture(scope="module")
def series():
    """States at each point of 400 links for 20 000 points, that is about 1300 bursts."""
    bursts, noise = Bursts(np.ones(400), 1.0), rng()
    state, chunks = bursts.start(noise), []
    for _ in range(20):
        chunks.append(bursts.walk(state, 1000, 1.0, noise))
        state = chunks[-1][-1]
    return np.concatenate(chunks)


def whole_bursts(error):
    """Numbers of points of the bursts, first and last spell of each link left out."""
    lengths = []
    for link in error.T:
        edges = np.flatnonzero(np.diff(link > 0)) + 1
        lengths.extend(np.diff(edges)[link[edges[:-1]] > 0])
    return np.array(lengths)


def test_simulated_bursts_have_the_statistics_of_the_calibration(series):
    rest, error = series[..., 0], series[..., 1]
    lengths, deviations = whole_bursts(error), error[error > 0]
    gaps = rest[1:][(error[1:] == 0) & (error[:-1] > 0)]
    assert len(lengths) > 1000
    for found, expected in ((lengths.mean(), 95), (np.median(lengths), 20), (np.quantile(lengths, 0.9), 242)):
        assert found == pytest.approx(expected, rel=0.2)
    for found, expected in ((gaps.mean(), 5315), (np.median(gaps), 2080), (np.quantile(gaps, 0.9), 16_399)):
        assert found == pytest.approx(expected, rel=0.25)
    for share, expected, tolerance in ((0.5, 0.0045, 0.1), (0.9, 0.024, 0.15), (0.99, 0.25, 0.3)):
        assert np.quantile(deviations, share) == pytest.approx(expected, rel=tolerance)
    assert deviations.max() <= 0.595
    assert np.mean(error > 0) == pytest.approx(0.018, rel=0.25)


def test_the_share_of_disturbed_time_is_stationary():
    bursts, noise = Bursts(np.ones(100_000), 1.0), rng()
    expected = BURST_POINTS.mean / (BURST_POINTS.mean + GAP_POINTS.mean)
    start = bursts.start(noise)
    for state in (start, bursts.walk(start, 3, 300.0, noise)[-1]):
        assert_mean(bursts.added_error(state) > 0, expected)
    assert_law(start[start[:, 1] > 0, 1], lambda x: np.interp(x, DEVIATION.quantile(_SHARES), _SHARES))


_SHARES = np.linspace(0, 1, 20_001)


def test_states_after_a_time_do_not_depend_on_the_steps():
    links = 60_000
    start = np.tile([40.0, 0.0], (links, 1))
    bursts = Bursts(np.ones(links), 2.0)
    coarse, fine = (bursts.walk(start, steps, 200.0 / steps, rng(steps))[-1] for steps in (1, 50))
    assert_same_law(coarse[:, 0], fine[:, 0])
    assert_same_law(coarse[:, 1], fine[:, 1])


def test_within_a_burst_the_error_jumps_at_its_rate():
    links = 40_000
    start = np.tile([1e9, 0.01], (links, 1))
    for steps in (1, 10):
        held = Bursts(np.ones(links), 3.0).walk(start, steps, 15.0 / steps, rng(steps))[-1, :, 1] == 0.01
        assert_mean(held, math.exp(-15 / 30))


def test_quiet_links_wait_for_their_time():
    path = Bursts([1.0, 1.0], 1.0).walk(np.array([[5.5, 0.0], [1e6, 0.0]]), 10, 1.0, rng())
    error = Bursts([1.0, 1.0], 1.0).added_error(path)
    assert not np.any(error[:5, 0])
    assert error[5, 0] > 0
    assert not np.any(error[:, 1])
    assert path[:, 1, 0] == pytest.approx(1e6 - np.arange(1, 11))


def test_strength_scales_and_zero_is_off():
    assert Bursts([0.0, 0.0]).off
    state = np.array([[9.0, 0.4], [9.0, 0.4], [9.0, 0.0]])
    assert Bursts([1.0, 0.25, 1.0]).added_error(state).tolist() == pytest.approx([0.4, 0.1, 0.0])


@pytest.mark.parametrize("step_s", [0.3, 1.0, 10.0, 200.0])
def test_calm_steps_taken_at_once_are_the_steps_one_by_one_to_the_last_bit(step_s):
    for seed in range(40):
        ours, theirs = rng(seed), rng(seed)
        point_s = ours.choice([0.1, 1.0, 10.0], 9)
        theirs.choice([0.1, 1.0, 10.0], 9)
        bursts = Bursts(np.ones(9), point_s)
        state, expected = bursts.start(ours), bursts.start(theirs)
        for steps in (1, 60, 7):
            path = bursts.walk(state, steps, step_s, ours)
            reference = one_by_one(expected, steps, step_s, point_s, theirs)
            assert path.tobytes() == reference.tobytes()
            state, expected = path[-1], reference[-1]
        assert ours.random() == theirs.random()


def one_by_one(state, steps, step_s, point_s, chance):
    """The law of `Bursts.walk`, a step at a time."""
    rest, error = state[:, 0].copy(), state[:, 1].copy()
    path = np.zeros((steps, rest.size, 2))
    path[:, :, 0] = rest - step_s * np.arange(1, steps + 1)[:, np.newaxis]
    busy = np.flatnonzero((error > 0) | (rest <= steps * step_s))
    if not busy.size:
        return path
    rest, error, point_s = rest[busy], error[busy], point_s[busy]
    jumps = chance.random((steps, busy.size)) < -np.expm1(-step_s / (HOLD_POINTS * point_s))
    for step in range(steps):
        rest -= step_s
        while (due := np.flatnonzero(rest <= 0)).size:
            begin, end = due[error[due] == 0], due[error[due] != 0]
            rest[begin] += point_s[begin] * BURST_POINTS.draw(begin.size, chance)
            error[begin] = DEVIATION.draw(begin.size, chance)
            rest[end] += point_s[end] * GAP_POINTS.draw(end.size, chance)
            error[end] = 0.0
        if (jumping := np.flatnonzero(jumps[step] & (error > 0))).size:
            error[jumping] = DEVIATION.draw(jumping.size, chance)
        path[step, busy, 0], path[step, busy, 1] = rest, error
    return path


def test_a_seed_replays_bit_for_bit():
    bursts = Bursts(np.ones(200), 1.0)
    paths = [bursts.walk(bursts.start(rng(1)), 30, 200.0, rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(paths[0], paths[1])
    assert not np.array_equal(paths[0], paths[2])


@pytest.mark.parametrize("law", [Weibull(3.0, 0.5), Weibull(3.0, 0.9, least=2.0)])
def test_durations_and_their_rests(law):
    whole = weibull_min(law.shape, loc=law.least, scale=law.scale)
    assert_law(law.draw(50_000, rng()), whole.cdf)
    assert law.mean == pytest.approx(whole.mean())
    assert law.quantile(0.9) == pytest.approx(whole.ppf(0.9))
    grid = np.concatenate([[0], np.geomspace(1e-4, 2000, 200)])
    pieces = [quad(whole.sf, a, b)[0] for a, b in pairwise(grid)]
    assert_law(law.draw_rest(50_000, rng()), lambda t: np.interp(t, grid, np.cumsum([0, *pieces]) / law.mean))


def test_truncated_sizes_stay_between_their_bounds():
    law = TruncatedPareto(0.1, 10.0, 1.5)
    assert law.quantile([0.0, 1.0]) == pytest.approx([0.1, 10.0])
    kept = 1 - 0.01**1.5
    assert_law(law.draw(50_000, rng()), lambda x: (1 - (0.1 / x) ** 1.5) / kept)

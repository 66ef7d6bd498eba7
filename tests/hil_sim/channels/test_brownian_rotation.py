import math

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from hil_sim.channels.brownian_rotation import BrownianRotation, _running_product
from hil_sim.channels.quaternions import IDENTITY, multiply, to_matrix, uniform_rotations
from tests.hil_sim.channels.laws import assert_law, assert_mean, assert_same_law, rng

LINKS = 100_000


def turned(spread, steps, links=LINKS, seed=1):
    """Ends of walks of unit duration."""
    return BrownianRotation(np.full(links, spread)).walk(
        np.broadcast_to(IDENTITY, (links, 4)), steps, 1 / steps, rng(seed)
    )[-1]


def angles(rotation):
    return 2 * np.arccos(np.minimum(np.abs(rotation[..., 0]), 1))


def heat_kernel_angles(spread):
    """Distribution function of the angle: (1 - cos theta)/pi sum_l (2l+1) exp(-l(l+1) s^2/2) chi_l(theta)."""
    theta = np.linspace(0, math.pi, 20_001)
    half = np.sin(theta[1:] / 2)
    density = np.zeros_like(theta)
    for order in range(int(9 / spread) + 3):
        character = np.sin((order + 0.5) * theta[1:]) / half
        density[1:] += (2 * order + 1) * math.exp(-order * (order + 1) * spread**2 / 2) * character
    cumulative = cumulative_simpson((1 - np.cos(theta)) / math.pi * density, x=theta, initial=0)
    assert cumulative[-1] == pytest.approx(1, abs=1e-9)
    return lambda at: np.interp(at, theta, cumulative)


@pytest.mark.parametrize("spread", [0.02, 0.5, 1.0, 1.01, 1.6, 3.0])
@pytest.mark.parametrize("steps", [1, 5])
def test_the_angle_follows_the_heat_kernel_whatever_the_steps(spread, steps):
    assert_law(angles(turned(spread, steps)), heat_kernel_angles(spread))


@pytest.mark.parametrize("spread", [0.003, 0.3, 0.8, 1.0, 1.2, 2.0, 10.0])
def test_overlaps_decay_as_the_eigenvalues_of_the_sphere(spread):
    matrices = to_matrix(turned(spread, 1))
    for axis in range(3):
        overlap = matrices[:, axis, axis]
        assert_mean(overlap, math.exp(-(spread**2)))
        assert_mean(1.5 * overlap**2 - 0.5, math.exp(-3 * spread**2))


def test_no_direction_is_preferred():
    x, y, z = turned(0.7, 1)[:, 1:].T
    for one, other in ((x, y), (y, z), (z, x)):
        assert_mean(one, 0)
        assert_mean(one * other, 0)
        assert_same_law(one[::2], other[1::2])


def test_a_path_in_two_parts_has_the_law_of_one():
    process, noise = BrownianRotation(np.full(20_000, 0.2)), rng()
    part = process.walk(process.start(noise), 3, 1.0, noise)
    rest = process.walk(part[-1], 5, 1.0, noise)
    assert_law(angles(rest[-1]), heat_kernel_angles(0.2 * math.sqrt(8)))


def test_the_state_before_is_turned_on_and_later_turns_come_from_the_left():
    start = uniform_rotations((7,), rng(9))
    process = BrownianRotation(np.full(7, 0.1))
    moved = process.walk(start, 40, 1.0, rng())
    from_origin = process.walk(process.start(rng()), 40, 1.0, rng())
    assert moved == pytest.approx(multiply(from_origin, start), abs=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 13, 64])
def test_doubling_is_the_plain_product(steps):
    turns = uniform_rotations((steps, 3), rng())
    products, total = _running_product(turns.copy()), np.broadcast_to(IDENTITY, (3, 4))
    for turn, product in zip(turns, products, strict=True):
        total = multiply(turn, total)
        np.testing.assert_allclose(product, total, atol=1e-13)


def test_slow_and_fast_links_stand_side_by_side():
    rates = np.tile([0.0, 0.01, 0.9, 1.5, 40.0], 4000)
    end = BrownianRotation(rates).walk(np.broadcast_to(IDENTITY, (rates.size, 4)), 3, 1.0, rng())[-1]
    assert np.array_equal(end[::5], np.broadcast_to(IDENTITY, (4000, 4)))
    for number, rate in enumerate([0.01, 0.9, 1.5, 40.0], start=1):
        assert_mean(to_matrix(end[number::5])[:, 2, 2], math.exp(-3 * rate**2))


def test_it_stays_a_rotation_for_long():
    process, state = BrownianRotation([0.05, 0.5]), np.broadcast_to(IDENTITY, (2, 4))
    for seed in range(50):
        path = process.walk(state, 1000, 1.0, rng(seed))
        assert np.sum(path**2, axis=-1) == pytest.approx(1, abs=1e-12)
        state = path[-1]
    assert np.sum(state**2, axis=-1) == pytest.approx(1, abs=1e-15)


def test_a_seed_replays_bit_for_bit():
    process = BrownianRotation([0.3, 1.7])
    paths = [process.walk(process.start(rng()), 30, 1.0, rng(seed)) for seed in (4, 4, 5)]
    assert np.array_equal(paths[0], paths[1])
    assert not np.any(paths[0] == paths[2])


def test_one_link_is_many_links_of_one():
    alone = BrownianRotation(0.3).walk(IDENTITY, 30, 1.0, rng())
    among = BrownianRotation([0.3]).walk(IDENTITY[np.newaxis], 30, 1.0, rng())
    assert alone.shape == (30, 4)
    assert np.array_equal(alone, among[:, 0])

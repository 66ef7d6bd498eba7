import math

import numpy as np
import pytest

from hil_sim.channels.coexistence import ClassicalLight
from hil_sim.channels.telegraph import Telegraph
from tests.hil_sim.channels.laws import assert_mean, rng

LINKS = 50_000


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("start", [0.0, 1.0])
def test_the_chance_to_be_on_after_a_time_does_not_depend_on_the_steps(steps, start):
    telegraph = Telegraph(np.full(LINKS, 0.3), 10.0)
    end = telegraph.walk(np.full(LINKS, start), steps, 6.0 / steps, rng(steps))[-1]
    assert_mean(end, 0.3 + (start - 0.3) * math.exp(-0.6))


def test_it_stays_on_and_off_for_its_mean_times():
    path = Telegraph(0.25, 30.0).walk(np.zeros(()), 100_000, 0.5, rng())
    switches = np.flatnonzero(np.diff(path))
    spells = np.diff(switches) * 0.5
    # a spell is missed when it ends within a step; the grid lengthens what it sees by that
    off, on = spells[1::2], spells[::2]
    assert_mean(on, 0.5 / (1 - math.exp(-0.5 / 30)) / 0.75)
    assert_mean(off, 0.5 / (1 - math.exp(-0.5 / 30)) / 0.25)


def test_it_starts_stationary():
    assert_mean(Telegraph(np.full(LINKS, 0.3), 10.0).start(rng()), 0.3)


def test_always_and_never():
    path = Telegraph([0.0, 1.0], 5.0).walk(np.array([0.0, 1.0]), 1000, 1.0, rng())
    assert not np.any(path[:, 0])
    assert np.all(path[:, 1])


def test_noise_photons_follow_the_switch():
    light = ClassicalLight([1e-3, 2e-3], [0.5, 0.5], 10.0)
    path = light.walk(light.start(rng()), 100, 5.0, rng())
    assert np.array_equal(light.background(path), path * [1e-3, 2e-3])
    assert set(np.unique(light.background(path)[:, 1])) == {0, 2e-3}


def test_dark_fibre_is_off():
    assert ClassicalLight([0.0, 0.0]).off
    assert ClassicalLight([1e-3, 0.0], [0.0, 1.0]).off
    assert not ClassicalLight([1e-3, 0.0]).off

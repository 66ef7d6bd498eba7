import numpy as np
import pytest

from qkdctl.physics.search import climb, spread_points, survey


def hill(top):
    """Narrow in one direction, wide in the others, one hill per problem."""
    weights = np.array([1.0, 30.0, 3.0, 1.0])
    return lambda points: -(weights * (points - np.asarray(top)[..., np.newaxis, :]) ** 2).sum(axis=-1)


def test_points_fill_the_cube_evenly():
    points = spread_points(4096, 3)
    assert points.shape == (4096, 3)
    assert points.min() >= 0
    assert points.max() < 1
    octants = (points > 0.5).astype(int) @ [1, 2, 4]
    assert np.bincount(octants) == pytest.approx([512] * 8, rel=0.05)


def test_many_hills_are_climbed_at_once():
    tops = np.random.default_rng(1).uniform(size=(50, 4))
    start = survey(hill(tops), 4)
    found = climb(hill(tops), start, reach=0.25, precision=1e-5)
    assert found == pytest.approx(tops, abs=1e-4)


def test_tops_on_the_border_are_found():
    tops = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert climb(hill(tops), np.full((2, 4), 0.5), reach=0.5, precision=1e-5) == pytest.approx(tops, abs=1e-4)


def test_a_climb_never_ends_below_its_start():
    generator = np.random.default_rng(2)
    phases = generator.uniform(0, 6, size=(20, 1, 4))

    def rugged(points):
        return np.sin(40 * points + phases).sum(axis=-1)

    start = survey(rugged, 4, number=64)
    end = climb(rugged, start, reach=0.3, precision=0.01)
    value = lambda at: rugged(at[:, np.newaxis, :])[:, 0]  # noqa: E731
    assert np.all(value(end) >= value(start))

"""The replay keeps the newest rows, draws by error, and corrects for it."""

import numpy as np
import pytest
from qkdctl_policies.learning.replay import LEAST_ERROR, Replay, Transitions
from scipy.stats import chisquare


def rows(first, count):
    """Transitions whose every number tells which one it is."""
    number = np.arange(first, first + count)
    table = number[:, np.newaxis].astype(np.float32)
    return Transitions(
        observation=table.repeat(2, axis=1),
        action=number.astype(np.int64),
        reward=number.astype(np.float32),
        next_observation=table.repeat(2, axis=1) + 0.5,
        next_legal=np.ones((count, 3), dtype=np.bool_),
        discount=np.ones(count, dtype=np.float32),
    )


def replay_of(*parts, capacity=10, alpha=1.0):
    replay = Replay(capacity, 2, 3, alpha)
    for part in parts:
        replay.add(part)
    return replay


def stored(replay):
    return sorted(replay.state()["action"].tolist())


def test_it_wraps_around_and_forgets_the_oldest():
    replay = replay_of(*(rows(3 * part, 3) for part in range(5)), capacity=7)
    assert replay.size == 7
    assert stored(replay) == list(range(8, 15))


def test_more_rows_than_fit_leave_the_newest():
    assert stored(replay_of(rows(0, 25), capacity=10)) == list(range(15, 25))


def test_rows_stay_together():
    sample = replay_of(rows(0, 4), rows(4, 4)).sample(64, 1.0, np.random.default_rng(1)).transitions
    np.testing.assert_array_equal(sample.observation[:, 0], sample.action)
    np.testing.assert_array_equal(sample.next_observation[:, 1], sample.action + 0.5)
    np.testing.assert_array_equal(sample.reward, sample.action)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_rows_are_drawn_by_the_power_of_their_error(alpha):
    replay, rng = replay_of(rows(0, 10), alpha=alpha), np.random.default_rng(3)
    errors = np.linspace(-2, 2, 10)
    replay.update(np.arange(10), errors)
    drawn = np.concatenate([replay.sample(32, 1.0, rng).places for _ in range(500)])
    chances = (np.abs(errors) + LEAST_ERROR) ** alpha
    # one draw per equal part scatters less than independent ones, so only a wrong mean can fail here
    assert chisquare(np.bincount(drawn, minlength=10), drawn.size * chances / chances.sum()).pvalue > 1e-3


@pytest.mark.parametrize("beta", [0.4, 1.0])
def test_weights_correct_the_bias_and_none_exceeds_1(beta):
    replay = replay_of(rows(0, 10))
    replay.update(np.arange(10), np.arange(1.0, 11.0))
    sample = replay.sample(200, beta, np.random.default_rng(4))
    assert sample.weights.max() == 1.0
    chances = np.arange(1.0, 11.0)[sample.places] ** -beta
    np.testing.assert_allclose(sample.weights, chances / chances.max(), rtol=1e-3)


def test_new_rows_come_with_the_highest_priority_seen():
    replay = replay_of(rows(0, 5))
    replay.update(np.arange(5), np.array([0.1, 0.1, 9.0, 0.1, 0.1]))
    replay.add(rows(5, 1))
    priorities = replay.state()["priorities"]
    assert priorities[5] == priorities.max()


def test_a_restored_replay_goes_on_alike():
    one = replay_of(rows(0, 10), rows(10, 4))
    one.update(np.arange(10), np.linspace(0, 3, 10))
    other = replay_of()
    other.load(one.state())
    for replay in (one, other):
        replay.add(rows(20, 3))
    first, second = (replay.sample(16, 0.5, np.random.default_rng(5)) for replay in (one, other))
    np.testing.assert_array_equal(first.places, second.places)
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.transitions.reward, second.transitions.reward)

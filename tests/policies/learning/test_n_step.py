"""Returns over n epochs are those of the definition, and the end of an episode is not the end of value."""

import numpy as np
import pytest
from qkdctl_policies.learning.n_step import NStep
from qkdctl_policies.learning.replay import Transitions

GAMMA = 0.9
LINKS = 3
LEGAL = np.ones((LINKS, 2), dtype=np.bool_)


def episode(n, rewards):
    """Transitions of one episode; observation k is k everywhere."""
    past, found = NStep(n, GAMMA), []
    for epoch, reward in enumerate(rewards):
        made = past.push(
            np.full((LINKS, 1), epoch, dtype=np.float32),
            np.full(LINKS, epoch),
            reward.astype(np.float32),
            (np.full((LINKS, 1), epoch + 1, dtype=np.float32), LEGAL),
            last=epoch == len(rewards) - 1,
        )
        found += [] if made is None else [made]
    return Transitions.joined(found)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_returns_are_those_of_the_definition(n):
    rewards = np.random.default_rng(n).random((12, LINKS))
    found = episode(n, rewards)
    assert found.action.size == 12 * LINKS, "every epoch of every link gives one transition"
    for row in range(found.action.size):
        start, link = found.action[row], row % LINKS
        end = min(start + n, 12)
        expected = sum(GAMMA ** (epoch - start) * rewards[epoch, link] for epoch in range(start, end))
        assert found.reward[row] == pytest.approx(expected, rel=1e-5)
        assert found.observation[row, 0] == start
        assert found.next_observation[row, 0] == end
        assert found.discount[row] == pytest.approx(GAMMA ** (end - start), rel=1e-5)


def test_values_count_beyond_the_end_of_an_episode():
    assert (episode(4, np.ones((9, LINKS))).discount > 0).all()


def test_nothing_of_one_episode_reaches_the_next():
    past = NStep(5, GAMMA)
    observation = np.zeros((LINKS, 1), dtype=np.float32)
    for _ in range(3):
        past.push(
            observation,
            np.zeros(LINKS, dtype=np.int64),
            np.full(LINKS, 9, np.float32),
            (observation, LEGAL),
            last=False,
        )
    past.push(
        observation, np.zeros(LINKS, dtype=np.int64), np.full(LINKS, 9, np.float32), (observation, LEGAL), last=True
    )
    fresh = past.push(
        observation, np.zeros(LINKS, dtype=np.int64), np.ones(LINKS, np.float32), (observation, LEGAL), last=True
    )
    assert fresh.reward.tolist() == [1.0] * LINKS

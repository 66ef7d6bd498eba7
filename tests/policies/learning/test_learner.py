"""The update is double, masked and bootstraps with the target; on a small decision problem it finds the values."""

from copy import deepcopy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.learning.config_sections import LearnerSection  # noqa: E402
from qkdctl_policies.learning.gain_slopes import gain_loss  # noqa: E402
from qkdctl_policies.learning.learner import Learner  # noqa: E402
from qkdctl_policies.learning.lessons import Lessons  # noqa: E402
from qkdctl_policies.learning.replay import Replay, Sample, Transitions  # noqa: E402

from qkdctl.policy.actions import ACTIONS, HOLD  # noqa: E402
from qkdctl.policy.schema import FEATURES  # noqa: E402

F, A = len(FEATURES), len(ACTIONS)


def transitions(rows, rng, legal=None, discount=0.9):
    return Transitions(
        observation=rng.uniform(-1, 1, (rows, F)).astype(np.float32),
        action=rng.integers(A, size=rows),
        reward=rng.normal(size=rows).astype(np.float32),
        next_observation=rng.uniform(-1, 1, (rows, F)).astype(np.float32),
        next_legal=np.ones((rows, A), dtype=np.bool_) if legal is None else legal,
        discount=np.full(rows, discount, dtype=np.float32),
    )


def sample(part):
    rows = part.action.size
    return Sample(np.arange(rows), part, np.ones(rows, dtype=np.float32))


def test_the_error_is_that_of_double_learning_over_legal_actions():
    rng = np.random.default_rng(1)
    learner = Learner(LearnerSection(hidden=(16,), target_rate=1e-3), 3)
    for _ in range(30):
        learner.update(sample(transitions(64, rng)), 0.0)
    legal = rng.random((64, A)) < 0.5
    legal[:, 0] = True
    part = transitions(64, rng, legal)
    online, target = (
        learner.network.values(part.next_observation),
        learner._target(torch.from_numpy(part.next_observation)),
    )
    chosen = np.where(legal, online, -np.inf).argmax(axis=1)
    following = target.detach().numpy()[np.arange(64), chosen]
    expected = part.reward + 0.9 * following - learner.network.values(part.observation)[np.arange(64), part.action]
    _, errors = learner.update(sample(part), 0.0)
    np.testing.assert_allclose(errors, expected, rtol=1e-4, atol=1e-5)
    assert (chosen != target.detach().numpy().argmax(axis=1)).any(), "or double and single would be the same"


class ByTheBook(Learner):
    """Every layer for itself, with what PyTorch brings along."""

    def __init__(self, settings, weights):
        super().__init__(settings, 0)
        for network in (self.network, self._target):
            network.load_state_dict({name: torch.from_numpy(part) for name, part in weights.items()})
        self.network = deepcopy(self.network)
        for part in self.network.parameters():
            part.grad = torch.zeros_like(part)
        self._plain = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)

    def _descend(self, progress):
        left = 1 - (1 - self._settings.final_learning_rate) * progress
        self._plain.param_groups[0]["lr"] = self._settings.learning_rate * left
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._settings.gradient_norm)
        self._plain.step()
        self._plain.zero_grad(set_to_none=False)


@pytest.mark.parametrize("longest", [10.0, 0.1])
def test_all_weights_in_one_vector_learn_as_layer_by_layer(longest):
    rng = np.random.default_rng(4)
    settings = LearnerSection(hidden=(16, 16), gradient_norm=longest, final_learning_rate=0.5)
    learner = Learner(settings, 3)
    first = learner.weights()
    plain = ByTheBook(settings, first)
    for step in range(20):
        part = sample(transitions(64, rng))
        assert learner.update(part, step / 20)[0] == pytest.approx(plain.update(part, step / 20)[0], rel=1e-5)
    for name, weights in plain.weights().items():
        np.testing.assert_allclose(learner.weights()[name], weights, rtol=1e-4, atol=1e-6)
        assert not np.allclose(first[name], weights, atol=1e-4), "or nothing was learned"


@pytest.mark.parametrize(
    ("hidden", "tolerance", "told"),
    [((16,), 0.02, 0.5), ((16, 8, 24), 0.2, 0.5), ((8, 8), 5.0, 0.9), ((8,), 0.02, 0.0)],
)
def test_gains_are_learned_down_the_slope_that_automatic_differentiation_finds(hidden, tolerance, told):
    rng = np.random.default_rng(5)
    network = Learner(LearnerSection(hidden=hidden), 3).network
    seen = torch.from_numpy(rng.uniform(-1, 1, (32, F)).astype(np.float32))
    gain = torch.from_numpy(rng.normal(0, 0.3, (32, A)).astype(np.float32))
    known = torch.from_numpy((rng.random((32, A)) < told).astype(np.float32))
    values = network(seen)
    errors = torch.nn.functional.smooth_l1_loss(
        values - values[:, [HOLD.index]], gain, reduction="none", beta=tolerance
    )
    expected = (errors * known).sum() / known.sum().clamp(min=1)
    learned = [part for name, part in network.named_parameters() if "value" not in name]
    slopes = torch.autograd.grad(expected, learned)
    for part in network.parameters():
        part.grad.fill_(7.0)
    assert gain_loss(network, seen, gain, known, tolerance).item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-9)
    for part, slope in zip(learned, slopes, strict=True):
        torch.testing.assert_close(part.grad, slope, rtol=1e-4, atol=1e-6)
        assert bool(slope.any()) == (told > 0)
    assert (network.value.weight.grad == 7.0).all(), "it has no say"


def test_what_was_learned_is_taken_over_and_learned_on_from():
    rng = np.random.default_rng(5)
    settings = LearnerSection(hidden=(16,))
    one, other = Learner(settings, 3), Learner(settings, 4)
    parts = [sample(transitions(64, rng)) for _ in range(20)]
    for part in parts[:10]:
        one.update(part, 0.0)
    other.load(deepcopy(one.state()))
    for part in parts[10:]:
        assert one.update(part, 0.0)[0] == other.update(part, 0.0)[0]
    for name, weights in one.weights().items():
        assert np.array_equal(other.weights()[name], weights)


def test_rows_of_no_weight_teach_nothing():
    rng = np.random.default_rng(2)
    learner = Learner(LearnerSection(hidden=(8,)), 3)
    part = transitions(32, rng)
    before = learner.network.values(part.observation)
    learner.update(Sample(np.arange(32), part, np.zeros(32, dtype=np.float32)), 0.0)
    np.testing.assert_array_equal(learner.network.values(part.observation), before)


def test_the_target_follows_slowly():
    rng = np.random.default_rng(3)
    learner = Learner(LearnerSection(hidden=(8,), target_rate=0.25), 3)
    before = [weights.clone() for weights in learner._target.parameters()]
    learner.update(sample(transitions(32, rng)), 0.0)
    for old, new, fast in zip(before, learner._target.parameters(), learner.network.parameters(), strict=True):
        torch.testing.assert_close(new, old + 0.25 * (fast - old))


def test_it_finds_the_values_of_a_walk_on_a_line():
    """Five places in a row; up and down move, the last place pays 1 per epoch, nothing ever ends."""
    rng = np.random.default_rng(4)
    settings = LearnerSection(hidden=(32,), gamma=0.8, learning_rate=3e-3, target_rate=0.05, final_learning_rate=0.1)
    learner, replay = Learner(settings, 1), Replay(2000, F, A, 0.6)
    places = np.eye(F, dtype=np.float32)[:5]
    legal = np.zeros((1, A), dtype=np.bool_)
    legal[0, [0, 1, 3]] = True
    place = rng.integers(5, size=2000)
    action = rng.choice([0, 1, 3], size=2000)
    after = np.clip(place + (action == 1) - (action == 3), 0, 4)
    reward = (after == 4).astype(np.float32)
    discount = np.full(2000, 0.8, dtype=np.float32)
    replay.add(Transitions(places[place], action, reward, places[after], legal.repeat(2000, axis=0), discount))
    for step in range(400):
        drawn = replay.sample(64, 1.0, rng)
        _, errors = learner.update(drawn, step / 400)
        replay.update(drawn.places, errors)
    best = np.where(legal, learner.network.values(places), -np.inf)
    np.testing.assert_allclose(best.max(axis=1), 5 * 0.8 ** np.array([3, 2, 1, 0, 0]), atol=0.1)
    assert best.argmax(axis=1)[:4].tolist() == [1] * 4


def test_gains_over_hold_are_learned_where_they_are_known():
    rng = np.random.default_rng(5)
    learner = Learner(LearnerSection(hidden=(32,), learning_rate=5e-3, final_learning_rate=0.05), 1)
    rows = rng.uniform(-1, 1, (4000, F)).astype(np.float32)
    gain = np.outer(rows[:, 0], np.arange(A)).astype(np.float32) / A
    known = rng.random((4000, A)) < 0.6
    for step in range(500):
        drawn = rng.integers(4000, size=128)
        told = Lessons(rows[drawn], np.where(known, gain, 7.0).astype(np.float32)[drawn], known[drawn])
        learner.learn_gains(told, 0.1, step / 500)
    values = learner.network.values(rows)
    np.testing.assert_allclose(values - values[:, :1], gain, atol=0.15)


def test_what_is_not_known_teaches_nothing():
    rng = np.random.default_rng(6)
    learner = Learner(LearnerSection(hidden=(8,)), 3)
    rows = rng.uniform(-1, 1, (32, F)).astype(np.float32)
    before = learner.network.values(rows)
    loss = learner.learn_gains(Lessons(rows, np.ones((32, A), np.float32), np.zeros((32, A), dtype=np.bool_)), 0.1, 0.0)
    assert loss == 0.0
    np.testing.assert_array_equal(learner.network.values(rows), before)

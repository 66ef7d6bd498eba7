"""The exported integers decide as the learned network does, are proven exact, and can be run by the daemon."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv  # noqa: E402
from qkdctl_policies.learning.export import FINEST_BITS, FULL_TRUST, TRUST, export, folded  # noqa: E402
from qkdctl_policies.learning.play import link_inputs  # noqa: E402
from qkdctl_policies.learning.q_network import QNetwork  # noqa: E402
from qkdctl_policies.learning.scenarios import network as network_of_scenario  # noqa: E402

from qkdctl.policy.execution import OnnxPolicy  # noqa: E402
from qkdctl.policy.failure import PolicyRejected  # noqa: E402
from qkdctl.policy.layers import value_bound  # noqa: E402
from qkdctl.policy.schema import FEATURES, GRID  # noqa: E402


def network(hidden=(32, 32), seed=1, factor=1.0):
    torch.manual_seed(seed)
    made = QNetwork(hidden)
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(factor)
    return made


TRUSTED = [place for place, feature in enumerate(FEATURES) if feature.name in TRUST]


def rows(count, seed=2):
    grid = np.random.default_rng(seed).integers(-8 * GRID, 8 * GRID + 1, (count, len(FEATURES))) / GRID
    grid[:, TRUSTED] = FULL_TRUST
    return grid


def learned(made, observation):
    with torch.no_grad():
        return made.double()(torch.from_numpy(observation)).numpy()


def test_folding_both_heads_into_one_layer_changes_nothing():
    made, observation = network(), rows(50)
    values = observation
    layers = folded(made)
    for place, (weights, biases) in enumerate(layers):
        values = values @ weights + biases
        values = np.maximum(values, 0) if place < len(layers) - 1 else values
    np.testing.assert_allclose(values, learned(made, observation), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("hidden", [(16,), (64, 64), (32, 16, 8)])
def test_rounding_loses_next_to_nothing(hidden):
    made = network(hidden)
    exported = export(made, {})
    observation = rows(500)
    values = np.array(OnnxPolicy(exported.vetted).values(observation)) / (GRID * exported.scale)
    expected = learned(made, observation)
    assert np.abs(values - expected).max() < 1e-3 * np.abs(expected).max()
    assert (values.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.99


def test_trust_has_no_say_since_it_was_always_full():
    assert len(TRUSTED) == 2
    policy, trusted = OnnxPolicy(export(network(), {}).vetted), rows(50)
    distrusted = trusted.copy()
    distrusted[:, TRUSTED] = 0.0
    np.testing.assert_array_equal(policy.values(distrusted), policy.values(trusted))


def test_full_trust_is_seen_as_the_environment_shows_it():
    env = NetworkEnv([network_of_scenario("fast", 1)], EnvSettings(epochs=1))
    observation, _ = env.reset(seed=1)
    seen, _ = link_inputs(env, observation)
    assert (seen[:, TRUSTED] == FULL_TRUST).all()


def test_scaling_takes_what_the_proof_leaves():
    small, large = export(network(factor=0.5), {}), export(network(factor=8.0), {})
    assert small.scale == 2 ** (3 * FINEST_BITS)
    assert 1 <= large.scale < small.scale
    for exported in (small, large):
        assert value_bound(exported.vetted.layers) == exported.vetted.value_bound


def test_weights_too_large_for_exact_integers_are_refused():
    with pytest.raises(PolicyRejected, match="exact") as refused:
        export(network(factor=1e4), {})
    assert refused.value.code == "not-exact"

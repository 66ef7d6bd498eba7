"""The exported integers decide as the learned network does, are proven exact, and can be run by the daemon."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.learning.export import FINEST_BITS, export, folded  # noqa: E402
from qkdctl_policies.learning.q_network import QNetwork  # noqa: E402

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


def rows(count, seed=2):
    grid = np.random.default_rng(seed).integers(-8 * GRID, 8 * GRID + 1, (count, len(FEATURES)))
    return grid / GRID


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
    values = OnnxPolicy(exported.vetted).values(observation) / (GRID * exported.scale)
    expected = learned(made, observation)
    assert np.abs(values - expected).max() < 1e-3 * np.abs(expected).max()
    assert (values.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.99


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

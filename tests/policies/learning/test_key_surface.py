"""Sums over the levels of a key surface are those over all epochs."""

import numpy as np
import pytest
from qkdctl_policies.learning.key_surface import LEVELS, weights_of


@pytest.mark.parametrize("links", [1, 7])
def test_key_of_many_epochs_is_one_sum_over_the_levels(links):
    rng = np.random.default_rng(links)
    levels = rng.uniform(-0.02, LEVELS[-1] + 0.05, (60, links))
    levels[:3] = LEVELS[[0, 3, -1], np.newaxis]
    weight, key = rng.random((60, links)), rng.random((LEVELS.size, links))
    found = weights_of(levels, weight)
    for link in range(links):
        each = np.interp(levels[:, link], LEVELS, key[:, link])
        assert found[:, link] @ key[:, link] == pytest.approx(each @ weight[:, link])
    np.testing.assert_allclose(found.sum(axis=0), weight.sum(axis=0))

"""The bound: no way of sending keys over honest relays beats it, and one attains it."""

from itertools import product

import numpy as np
import pytest
from qkdctl_policies.experiments.bound import bound_keys
from qkdctl_policies.experiments.capacity import most_key_bps

from tests.policies.experiments.tiny import diamond

PATHS = {
    ("a", "d"): (("a-b", "b-d"), ("a-c", "c-d")),
    ("a", "e"): (("a-b", "b-d", "d-e"), ("a-c", "c-d", "d-e")),
    ("b", "c"): (("a-b", "a-c"), ("b-d", "c-d")),
}
RELAYS = {("a-b", "b-d"): "b", ("a-c", "c-d"): "c", ("a-b", "b-d", "d-e"): "bd", ("a-c", "c-d", "d-e"): "cd",
          ("a-b", "a-c"): "a", ("b-d", "c-d"): "d"}  # fmt: skip


def most_by_trying(capacity, demands, asked, byzantine) -> int:
    """Every whole number of keys over every simple path."""
    honest = [demand for demand in demands if not set(demand) & set(byzantine)]
    paths = [(d, path) for d in honest for path in PATHS[d] if not set(RELAYS[path]) & set(byzantine)]
    best = 0
    for keys in product(*(range(min(asked, *(capacity[link] for link in path)) + 1) for _, path in paths)):
        load = dict.fromkeys(capacity, 0)
        served = dict.fromkeys(honest, 0)
        for (demand, path), count in zip(paths, keys, strict=True):
            served[demand] += count
            for link in path:
                load[link] += count
        fits = all(load[link] <= capacity[link] for link in load) and all(n <= asked for n in served.values())
        best = max(best, sum(keys)) if fits else best
    return best


@pytest.mark.parametrize("byzantine", ["", "b", "c", "d", "e", "bc"])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_what_trying_everything_finds(tmp_path, byzantine, seed) -> None:
    demands = (("a", "d"), ("a", "e"), ("b", "c"))
    stage = diamond(tmp_path, byzantine=byzantine, demands=demands, bits=3 * 256)
    keys = np.random.default_rng(seed).integers(0, 4, len(stage.network.link_names))
    periods = np.stack([np.zeros(keys.size), keys * 256.0])
    found = bound_keys(stage, periods, warm_up=1, epochs=1)
    capacity = dict(zip(stage.network.link_names, keys.tolist(), strict=True))
    tried = most_by_trying(capacity, demands, 3, byzantine)
    # whole keys may come to less than the linear program, which may split them
    assert tried <= sum(found.values()) + 1e-9 < tried + 1
    assert len(found) == sum(not set(demand) & set(byzantine) for demand in demands)


def test_key_of_the_warm_up_is_there_as_far_as_its_demands_leave_it(tmp_path) -> None:
    stage = diamond(tmp_path, byzantine="c", bits=3 * 256)
    keys = np.full((2, len(stage.network.link_names)), 2 * 256.0)
    # a to d over b alone once it counts; before, in the epochs that have routes, over b and c
    totals = [sum(bound_keys(stage, keys, warm_up=warm_up, epochs=2).values()) for warm_up in (1, 2, 3)]
    assert totals == pytest.approx([4, 3, 2], abs=1e-4)


def test_no_link_makes_more_key_than_with_the_best_settings(tmp_path) -> None:
    stage = diamond(tmp_path)
    world = stage.world()
    made = np.zeros(5)
    best = np.zeros(5)
    for _ in range(12):
        epoch = world.step(world.holding())
        made += epoch.key.proven_bits
        best += most_key_bps(world, epoch) * world.epoch_s
    assert (made > 0).all()
    assert (made <= best).all()

"""How much key links can make at most, against how much they make."""

from dataclasses import replace

import numpy as np
from qkdctl_policies.experiments.capacity import most_key_bits

from tests.policies.experiments.tiny import diamond

EPOCHS = 12


def test_links_with_good_settings_make_nearly_as_much_key_as_is_possible_and_no_more(tmp_path) -> None:
    stage = diamond(tmp_path)
    world = stage.world()
    made = np.zeros(len(stage.network.link_names))
    for _ in range(EPOCHS):
        made += world.step(world.holding()).key.proven_bits
    most = most_key_bits(stage.network, stage.cell.seed, epoch_s=world.epoch_s, epochs=EPOCHS)
    most = most.sum(axis=0)
    assert (made <= most).all()
    assert (made >= 0.9 * most).all()


def test_authentication_takes_its_part_of_what_is_possible(tmp_path) -> None:
    network = diamond(tmp_path).network
    dear = replace(network, authentication_bps=network.authentication_bps + 1000.0)
    most, less = (most_key_bits(one, 1, epoch_s=10.0, epochs=3) for one in (network, dear))
    np.testing.assert_allclose(most - less, 10.0 * 1000.0)

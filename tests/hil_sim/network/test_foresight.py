"""What a setting is said to be worth is what it makes when it is tried."""

from dataclasses import replace

import numpy as np
import pytest

from hil_sim.channels.presets import DEMONSTRATION
from hil_sim.channels.quaternions import IDENTITY, from_rotation_vector
from hil_sim.network.foresight import UNSEEN, aligned, key_bps, present_settings
from hil_sim.network.hardware import PROTOCOLS, KeyBlocks
from hil_sim.network.world import NetworkWorld
from tests.hil_sim.network.networks import chain, commanded, hardware

WHOLE = KeyBlocks(sifted_bits=20_000_000)
ASYMPTOTIC = KeyBlocks(security="asymptotic", sifted_bits=3_000_000)


def steady(blocks=WHOLE, **parts):
    """Links whose channels stay as they are, after their first epoch."""
    world = NetworkWorld([chain([3.0, 8.0, 14.0], hardware(blocks=blocks, calibration_uncertainty=0.0, **parts))], [1])
    return world, world.step(world.holding())


@pytest.mark.parametrize("blocks", [WHOLE, ASYMPTOTIC], ids=["finite", "asymptotic"])
@pytest.mark.parametrize("power_e6", [150_000, 450_000])
def test_a_power_is_worth_what_it_makes_over_many_blocks(blocks, power_e6):
    world, epoch = steady(blocks, protocols=("bb84",))
    wanted = np.full(3, power_e6)
    foreseen = key_bps(world, epoch, replace(present_settings(world), mean_photon_number_e6=wanted))
    world.step(commanded(world, mean_photon_number_e6=wanted))
    epochs = 120
    made = sum(world.step(world.holding()).key.proven_bits for _ in range(epochs)) / (epochs * world.epoch_s)
    np.testing.assert_allclose(made, foreseen, rtol=0.06)


def test_a_protocol_is_worth_what_it_makes():
    world, epoch = steady(ASYMPTOTIC, protocols=("bb84", "mdi"), switch_s=0.0, dwell_s=0.0)
    mdi = np.full(3, PROTOCOLS.index("mdi"), dtype=np.int8)
    foreseen = key_bps(world, epoch, replace(present_settings(world), protocol=mdi))
    world.step(commanded(world, protocol=mdi))
    made = sum(world.step(world.holding()).key.proven_bits for _ in range(100)) / (100 * world.epoch_s)
    np.testing.assert_allclose(made, foreseen, rtol=0.1)


def test_a_turned_link_is_worth_less_and_its_alignment_all_of_it():
    world, epoch = steady(realign_residual_rad=0.0)
    straight = present_settings(world)
    turned = replace(straight, controller=np.broadcast_to(from_rotation_vector([0.5, 0.2, 0.0]), (3, 4)))
    best = key_bps(world, epoch, straight)
    assert (key_bps(world, epoch, turned) < best).all()
    np.testing.assert_allclose(aligned(world), np.broadcast_to(IDENTITY, (3, 4)))
    np.testing.assert_allclose(key_bps(world, epoch, replace(turned, controller=aligned(world))), best)


def test_looking_changes_nothing():
    def history(looks):
        world = NetworkWorld([chain([3.0, 8.0], hardware(), channel=DEMONSTRATION)], [5])
        bits = []
        for _ in range(12):
            epoch = world.step(world.holding())
            if looks:
                key_bps(world, epoch, replace(present_settings(world), controller=aligned(world)))
            bits.append(epoch.counted.errors.tolist())
        return bits

    assert history(looks=True) == history(looks=False)


@pytest.mark.parametrize("protocols", [("bb84",), ("mdi", "bb84"), ("tf", "bb84")])
def test_a_link_that_nobody_asks_about_makes_no_key_and_the_others_make_what_they_would(protocols):
    world, epoch = steady(protocols=protocols)
    now = present_settings(world)
    asked = np.array([True, False, True])
    found = key_bps(world, epoch, replace(now, protocol=np.where(asked, now.protocol, np.int8(UNSEEN))))
    everything = key_bps(world, epoch, now)
    assert (everything > 0).all()
    np.testing.assert_array_equal(found, np.where(asked, everything, 0.0))


def test_nothing_is_known_before_the_first_epoch():
    _, epoch = steady()
    fresh = NetworkWorld([chain([3.0], hardware())], [1])
    with pytest.raises(ValueError, match="before the first epoch"):
        aligned(fresh)
    with pytest.raises(ValueError, match="before the first epoch"):
        key_bps(fresh, epoch, present_settings(fresh))

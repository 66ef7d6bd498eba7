"""A network and its seed determine its story, wherever it stands and whatever happens around it; its books close."""

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from hil_sim.channels.quaternions import basis_errors, from_rotation_vector
from hil_sim.network.detection import CELLS, CLICKS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import NetworkWorld
from qkdctl.physics.photons import transmittance
from tests.hil_sim.network.networks import chain, commanded, demand, hardware, ring
from tests.hil_sim.network.optics import optics
from tests.hil_sim.network.stories import EPOCH_S, KINDS, NETWORKS, begin, happened, play, same

EPOCHS = 40


def history(names, seeds, number=0, epochs=EPOCHS):
    world, players = begin(names, seeds)
    return [happened(world, play(world, players), number) for _ in range(epochs)]


@pytest.fixture(scope="module")
def alone():
    return {name: history([name], [7]) for name in KINDS}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_same_seed_gives_the_same_story(alone, name):
    assert same(history([name], [7]), alone[name])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_another_seed_gives_another_story(alone, name):
    other = history([name], [8])
    for part in (".counted.detected", ".light.loss_db"):
        equal = [np.array_equal(a[part], b[part]) for a, b in zip(alone[name], other, strict=True)]
        # a lone link that is dead counts nothing in any story
        assert sum(equal) < EPOCHS / 2


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_network_has_the_same_story_at_any_place_of_a_stack(alone, name):
    others = [other for other in sorted(KINDS) if other != name]
    for place in (0, 2, 4):
        names = [*others[:place], name, *others[place:]]
        seeds = [7 if number == place else number for number in range(5)]
        assert same(history(names, seeds, place), alone[name])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_it_does_not_notice_when_its_neighbours_begin_anew(alone, name):
    names = ["villains", name, "everything"]
    world, players = begin(names, [1, 7, 2])
    story = []
    for epoch in range(EPOCHS):
        if epoch in (5, 11):
            world.reset(0, 100 + epoch)
        if epoch == 23:
            world.reset(2, 5)
        story.append(happened(world, play(world, players), 1))
    assert same(story, alone[name])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_it_begins_anew_as_if_nothing_had_been(alone, name):
    names = ["bb84", name, "villains"]
    world, players = begin(names, [1, 3, 2])
    for _ in range(17):
        play(world, players)
    world.reset(1, 7)
    players[1] = type(players[1])(world, 1, 7)
    assert same([happened(world, play(world, players), 1) for _ in range(EPOCHS)], alone[name])


def test_two_equal_networks_of_different_seeds_go_their_own_ways():
    world, players = begin(["everything", "everything"], [1, 2])
    epoch = play(world, players)
    here, there = (happened(world, epoch, number) for number in (0, 1))
    assert not np.array_equal(here[".counted.sent"], there[".counted.sent"])


def test_counts_of_every_epoch_fit_each_other():
    names = sorted(KINDS)
    world, players = begin(names, range(5))
    sent_any = np.zeros(world.stack.links.count, dtype=bool)
    for _ in range(EPOCHS):
        epoch = play(world, players)
        counted = epoch.counted
        assert (counted.errors >= 0).all()
        assert (counted.errors <= counted.detected).all()
        assert (counted.detected <= counted.sent).all()
        assert (counted.sent.sum(axis=(0, 1)) <= counted.pulses).all()
        assert (counted.pulses <= epoch.changes.live_s * world.stack.links.pulse_rate_hz).all()
        sent_any |= counted.sent.any(axis=(0, 1))
        assert ((epoch.light.errors >= 0) & (epoch.light.errors <= 1)).all()
        assert (epoch.key.known_bits <= epoch.key.stored_bits).all()
        assert (epoch.served.leaked <= epoch.served.delivered).all()
    assert sent_any.all()


def test_the_books_of_key_and_of_demands_close():
    names = sorted(KINDS)
    world, players = begin(names, range(5))
    buffers, queue = world.buffers, world.blocks.queue
    start = buffers.bits.copy()
    totals = {}
    for _ in range(60):
        epoch = play(world, players)
        for part, owner in (
            (epoch.key, ("proven_bits", "stored_bits", "known_bits")),
            (epoch.served, ("asked", "delivered", "spoilt", "given_up", "used", "authenticated")),
        ):
            for name in owner:
                totals[name] = totals.get(name, 0) + getattr(part, name)
        assert ((buffers.bits >= 0) & (buffers.known_bits <= buffers.bits)).all()
    assert (totals["proven_bits"] == totals["stored_bits"] + queue.key_bits() + queue.lost_bits).all()
    assert (
        buffers.bits
        == start + totals["stored_bits"] - totals["used"] - totals["authenticated"] - buffers.discarded_bits
    ).all()
    assert (totals["asked"] == totals["delivered"] + totals["given_up"] + epoch.served.waiting).all()
    assert totals["spoilt"].any()
    assert totals["proven_bits"].astype(bool).sum() > 5


def test_demands_never_touch_the_reserve():
    network = chain([60.0, 60.0], demands=[demand(0, 2, 1e6)], start_bits=2_000_000, authentication_bps=10_000.0)
    world = NetworkWorld([network], [1], epoch_s=EPOCH_S)
    served = [world.step(world.holding()).served for _ in range(30)]
    assert sum(int(epoch.delivered[0]) for epoch in served) > 0
    # the reserve of a million bits went to authentication alone
    spent = sum(epoch.used for epoch in served)
    assert (spent <= 1_000_000).all()
    assert (served[-1].used == 0).all()
    assert (world.buffers.bits < 1_000_000).all()


def test_an_empty_buffer_neither_goes_below_zero_nor_runs_up_a_debt():
    world = NetworkWorld([chain([80.0], start_bits=250, authentication_bps=10.0)], [1], epoch_s=EPOCH_S)
    used = [int(world.step(world.holding()).served.authenticated[0]) for _ in range(6)]
    assert used == [100, 100, 50, 0, 0, 0]
    world.buffers.store(np.array([1000]), np.array([0]))
    # what could not be had is asked for once, not six times
    assert int(world.step(world.holding()).served.authenticated[0]) <= 200


def test_refused_commands_change_nothing():
    one, other = (NetworkWorld([NETWORKS["everything"]], [4], epoch_s=EPOCH_S) for _ in range(2))
    for wrong in (
        {"mean_photon_number_e6": 10**6},
        {"mean_photon_number_e6": -1},
        {"protocol": 7},
        {"route": 1},
        {"route": -1},
    ):
        with pytest.raises(ValueError):
            one.step(commanded(one, **wrong))
    epochs = [world.step(world.holding()) for world in (one, other)]
    assert same([happened(one, epochs[0], 0)], [happened(other, epochs[1], 0)])


def test_no_true_mean_photon_number_of_a_steady_source_exceeds_the_cap():
    # calibrations of a thousand links, none of them further off than promised
    parts = hardware(calibration_uncertainty=0.2, attenuator_step_db=0.0)
    world = NetworkWorld([chain([10.0] * 1000, parts)], [3], epoch_s=EPOCH_S)
    highest_e6 = world.stack.links.highest_e6[0]
    epoch = world.step(commanded(world, mean_photon_number_e6=highest_e6))
    mean = epoch.light.mean_photon_number
    assert mean.max() <= 0.8
    assert mean.max() > 0.79
    assert (mean / (highest_e6 * 1e-6)).std() == pytest.approx(0.2 / 3, rel=0.1)
    assert epoch.measured_e6.tolist() == highest_e6.tolist()


def test_a_shared_secret_uses_key_on_all_of_its_paths():
    world = NetworkWorld([ring(4, demands=[demand(0, 2, 1e5)])], [1], epoch_s=EPOCH_S)
    served = world.step(world.holding()).served
    assert served.delivered[0] > 0
    assert (served.used == served.delivered[0]).all()


class Fixed:
    """A channel on which everything stays as it is."""

    VALUES: ClassVar = {
        "excess_loss_db": 1.5,
        "rotation": from_rotation_vector(np.array([0.1, 0.2, 0.3])),
        "background_photons": 1e-3,
        "extra_error": 0.02,
        "source_factor": 1.1,
        "phase_error": 0.03,
        "efficiency_factor": 0.9,
        "dark_factor": 40.0,
    }

    def __init__(self, links, **changes):
        self.shape, self.values = (links,), self.VALUES | changes

    def start(self, _):
        return ()

    def trace(self, _state, steps, *_):
        rows = {name: self._row(name, steps) for name in self.values}
        return SimpleNamespace(**rows, end=())

    def _row(self, name, steps):
        last = (4,) if name == "rotation" else ()
        return np.broadcast_to(self.values[name], (steps, *self.shape, *last))


@pytest.mark.parametrize("protocol", range(4))
def test_a_fibre_may_turn_every_bit_around(protocol):
    # quaternions of half turns whose rounded squares sum to more than 1
    angle = np.linspace(0, 2 * np.pi, 300)
    half_turns = np.stack([0 * angle, np.cos(angle), np.sin(angle), 0 * angle], axis=-1) * (1 + 4e-16)
    channel = Fixed(300, rotation=half_turns, extra_error=0.0)
    parts = hardware(intrinsic_error=0.0, dwell_s=0.0, switch_s=0.0, cap_mean_pairs=0.8)
    world = NetworkWorld([replace(chain([10.0] * 300, parts), channel=channel)], [1])
    epoch = world.step(commanded(world, protocol=protocol))
    assert epoch.light.errors[0] == pytest.approx(1.0)
    assert epoch.counted.detected.any()


@pytest.mark.parametrize("protocol", range(4))
def test_everything_that_happens_on_a_channel_takes_effect(protocol):
    parts = hardware(
        calibration_uncertainty=0.0, switch_s=0.0, duty=0.5, reference_share=0.3, dwell_s=0.0, cap_mean_pairs=0.8
    )
    network = replace(chain([10.0] * 3, parts), channel=Fixed(3))
    world = NetworkWorld([network], [1], epoch_s=EPOCH_S)
    epoch = world.step(commanded(world, protocol=protocol))
    light, counted = epoch.light, epoch.counted
    assert light.mean_photon_number == pytest.approx(0.33)
    assert light.loss_db == pytest.approx(11.5)
    assert (epoch.measured_e6 == 330_000).all()
    turned = np.array(basis_errors(Fixed.VALUES["rotation"]))
    flips = np.stack([np.full(2, parts.intrinsic_error), turned, np.full(2, 0.02)])
    # an even number of flips is none
    errors = (1 - np.prod(1 - 2 * flips, axis=0)) / 2
    assert light.errors == pytest.approx(np.repeat(errors[:, np.newaxis], 3, axis=1))
    assert (counted.pulses == EPOCH_S * 1e9 * 0.5 * (0.7 if PROTOCOLS[protocol] == "tf" else 1.0)).all()
    light = optics(
        11.5,
        0.33,
        errors=tuple(errors),
        phase_error=0.03,
        efficiency=world.stack.links.efficiency[0] * 0.9,
        dark_rate_hz=world.stack.links.dark_rate_hz[0] * 40
        + 1e-3 * transmittance(3.0) * world.stack.links.efficiency[0] * 0.9 / 2 * 1e9,
        dead_time_s=30e-9,
        gated=False,
        sending=parts.sending_probability,
    )
    name = PROTOCOLS[protocol]
    clicks, cells = CLICKS[name](light), CELLS[name]
    expected = counted.pulses[0] * clicks.sent * np.stack([clicks.right + clicks.wrong, clicks.wrong])
    seen = np.stack([counted.detected, counted.errors])[:, :, :cells].sum(axis=-1)
    expected = 3 * np.broadcast_to(expected[..., 0], seen.shape)
    assert (np.abs(seen - expected) < 6 * np.sqrt(expected) + 3).all()


def test_memory_does_not_grow_with_time():
    world, players = begin(["everything", "villains"], [1, 2])
    for _ in range(50):
        play(world, players)
    tracemalloc.start()
    for _ in range(20):
        play(world, players)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(100):
        play(world, players)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # a table kept of every epoch would be half a million bytes
    assert after - before < 150_000


@pytest.mark.parametrize(
    ("seeds", "epoch_s", "message"),
    [([1, 2], 10.0, "1 networks need as many seeds, got 2"), ([1], 0.0, "epoch_s"), ([1], np.inf, "epoch_s")],
)
def test_worlds_that_cannot_be_are_refused(seeds, epoch_s, message):
    with pytest.raises(ValueError, match=message):
        NetworkWorld([NETWORKS["one link"]], seeds, epoch_s=epoch_s)


def test_a_world_needs_a_network():
    with pytest.raises(ValueError, match="at least one network"):
        NetworkWorld([], [])

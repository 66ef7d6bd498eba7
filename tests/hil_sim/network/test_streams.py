"""Every network draws from streams of its own, whatever stands beside it and however far ahead it draws."""

import numpy as np
import pytest

from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.network.network import Stack
from hil_sim.network.streams import COUNTING_CHUNK, ChannelStep, ChannelStreams, CountingStreams, Noise, chunk_steps
from hil_sim.world.streams import quick_stream
from tests.hil_sim.network.networks import chain
from tests.hil_sim.network.stories import EPOCH_S, NETWORKS

NAMES = ("bb84", "everything", "pairs")


def counting(*names, seed=3):
    streams = CountingStreams(Stack.of([NETWORKS[name] for name in names]))
    for number in range(len(names)):
        streams.reset(number, seed)
    return streams


def test_counting_noise_is_standard_normal_and_never_repeats():
    streams = counting("everything")
    steps = []
    for _ in range(300):
        noise = streams.step()
        steps.append(np.concatenate([noise.counting.ravel(), noise.alignment.ravel(), noise.demands]))
    values = np.array(steps)
    assert values.mean() == pytest.approx(0, abs=5 / values.size**0.5)
    assert values.var() == pytest.approx(1, abs=5 * (2 / values.size) ** 0.5)
    assert np.unique(values).size == values.size
    # neither from draw to draw nor from step to step
    assert abs(np.mean(values[1:] * values[:-1])) < 5 / values.size**0.5
    assert abs(np.mean(values[:, 1:] * values[:, :-1])) < 5 / values.size**0.5


@pytest.mark.parametrize("begins", [3, COUNTING_CHUNK, COUNTING_CHUNK + 5])
def test_a_network_that_begins_anew_shifts_no_other(begins):
    one, other = counting(*NAMES), counting(*NAMES)
    stack = Stack.of([NETWORKS[name] for name in NAMES])
    for step in range(2 * COUNTING_CHUNK + 3):
        if step == begins:
            one.reset(1, 99)
        a, b = one.step(), other.step()
        for number, (links, demands) in enumerate(zip(stack.links_of, stack.demands_of, strict=True)):
            equal = np.array_equal(a.counting[:, links], b.counting[:, links]) and np.array_equal(
                a.demands[demands], b.demands[demands]
            )
            assert equal == (number != 1 or step < begins)


def test_a_network_that_begins_anew_has_the_noise_of_its_seed_from_then_on():
    late, fresh = counting("everything", seed=1), counting("everything", seed=2)
    for _ in range(COUNTING_CHUNK - 3):
        late.step()
    late.reset(0, 2)
    for _ in range(2 * COUNTING_CHUNK):
        ours, theirs = late.step(), fresh.step()
        for name in Noise.__slots__:
            assert np.array_equal(getattr(ours, name), getattr(theirs, name))


def test_steps_take_the_deviates_of_the_stream_one_after_the_other():
    network, streams, rng = NETWORKS["everything"], counting("everything"), quick_stream(3, "network", "counting")
    for _ in range(COUNTING_CHUNK + 2):
        noise = streams.step()
        for part in (noise.counting, noise.alignment, noise.demands):
            assert np.array_equal(part, rng.standard_normal(part.shape))
    assert noise.counting.shape == (6 * network.cells(), network.links.count)


@pytest.mark.parametrize("place", [0, 2])
def test_channels_are_the_same_alone_and_beside_others_over_many_chunks(place):
    large = Stack.of(
        [NETWORKS[name] for name in (("one link", "pairs") if place == 0 else ("pairs", "bb84", "one link"))]
    )
    alone = Stack.of([NETWORKS["one link"]])
    streams = ChannelStreams(large, EPOCH_S), ChannelStreams(alone, EPOCH_S)
    for number in range(len(large.networks)):
        streams[0].reset(number, 7)
    streams[1].reset(0, 7)
    links = large.links_of[place]
    for step in range(2 * chunk_steps(1) + 5):
        if step in (1, chunk_steps(1)):
            streams[0].reset(1, step)
        ours, theirs = (part.step() for part in streams)
        for name in ChannelStep.__slots__:
            assert np.array_equal(getattr(ours, name)[links], getattr(theirs, name))


def test_time_goes_on_from_chunk_to_chunk():
    ramp = ChannelProcesses(loss=FibreLossDrift(ramp_db_per_hour=3.6))
    streams = ChannelStreams(Stack.of([chain([5.0], channel=ramp)]), EPOCH_S)
    streams.reset(0, 1)
    excess_db = [float(streams.step().excess_loss_db[0]) for _ in range(2 * chunk_steps(1) + 5)]
    assert excess_db == pytest.approx(1e-3 * EPOCH_S * np.arange(1, len(excess_db) + 1))

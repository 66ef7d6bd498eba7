"""The bench of one link and a network of many draw their drift with the same code."""

import numpy as np
import pytest

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.channels.presets import BURIED_METRO, DEMONSTRATION
from hil_sim.channels.quaternions import IDENTITY, to_matrix
from hil_sim.world.drift import ExcessLoss
from hil_sim.world.grid import CHUNK_STEPS
from hil_sim.world.parameters import LossDrift
from hil_sim.world.polarization import RotationWalk
from hil_sim.world.presets import PRESETS
from hil_sim.world.streams import random_stream

STEP_S = 0.5


def test_a_seed_turns_the_fibre_of_the_bench_as_the_shared_kernel_does():
    bench = RotationWalk(7, ("a", "polarization"), STEP_S, 0.05)
    state, kernel = IDENTITY, BrownianRotation(0.05)
    for chunk in range(2):
        path = kernel.walk(state, CHUNK_STEPS, STEP_S, random_stream(7, "a", "polarization", chunk))
        for step in (0, 1, 500, CHUNK_STEPS - 1):
            time_s = (chunk * CHUNK_STEPS + step + 1) * STEP_S
            assert np.array_equal(bench.at(time_s), to_matrix(path[step]))
        state = path[-1]


def test_a_seed_drifts_the_loss_of_the_bench_as_the_shared_kernel_does():
    numbers = {"wander_db": 0.5, "wander_time_s": 20.0, "ramp_db_per_hour": 2.0, "day_amplitude_db": 0.3}
    bench = ExcessLoss(7, ("a", "loss"), STEP_S, LossDrift(**numbers))
    kernel = FibreLossDrift(**numbers)
    path = kernel.walk(np.zeros(()), CHUNK_STEPS, STEP_S, random_stream(7, "a", "loss", 0))
    times = STEP_S * np.arange(1, CHUNK_STEPS + 1)
    expected = kernel.excess_db(path, times)
    for step in (0, 99, CHUNK_STEPS - 1):
        assert bench.at(times[step]) == expected[step]


@pytest.mark.parametrize(
    ("channel", "link"), [(BURIED_METRO, "snspd-50km"), (DEMONSTRATION, "snspd-50km-demo")], ids=["buried", "demo"]
)
def test_presets_of_both_worlds_drift_alike(channel: ChannelProcesses, link):
    bench = PRESETS[link]
    for name, value in bench.loss_drift.model_dump().items():
        assert getattr(channel.loss, name) == value
    assert channel.rotation.rate_rad_per_sqrt_s == bench.polarization.walk_rad_per_sqrt_s

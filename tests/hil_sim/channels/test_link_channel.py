from dataclasses import fields, replace

import numpy as np
import pytest

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.impairments import IMPAIRMENTS, Impairment
from hil_sim.channels.link_channel import ChannelProcesses, ChannelState, ChannelTrace
from hil_sim.channels.misalignment import Misalignment
from hil_sim.channels.presets import AERIAL, BURIED_METRO, COEXISTENCE, DEMONSTRATION, PRESETS
from hil_sim.channels.quaternions import IDENTITY, basis_errors
from tests.hil_sim.channels.laws import assert_mean, assert_same_law, rng

MIXED = ChannelProcesses.of(list(PRESETS.values()))
QUANTITIES = [field.name for field in fields(ChannelTrace) if field.name != "end"]


def traced(processes, seed=1, steps=20, step_s=1.0):
    return processes.trace(processes.start(rng(seed)), steps, step_s, 0.0, rng(seed + 100))


def test_a_trace_has_a_row_per_step_and_a_column_per_link():
    trace = traced(MIXED)
    for name in QUANTITIES:
        expected = (20, len(PRESETS), 4) if name == "rotation" else (20, len(PRESETS))
        assert getattr(trace, name).shape == expected


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_alone_is_a_link(name):
    trace = traced(PRESETS[name])
    assert trace.excess_loss_db.shape == (20,)
    assert trace.rotation.shape == (20, 4)


@pytest.mark.parametrize("name", PRESETS)
def test_what_a_preset_does_stays_physical(name):
    trace = traced(ChannelProcesses.of([PRESETS[name]] * 500), step_s=60.0)
    assert np.all(np.abs(trace.excess_loss_db) < 12)
    assert np.sum(trace.rotation**2, axis=-1) == pytest.approx(1, abs=1e-12)
    assert np.all(trace.background_photons >= 0)
    assert np.all((trace.extra_error >= 0) & (trace.extra_error <= 0.595))
    assert np.all((trace.phase_error >= 0) & (trace.phase_error <= 0.5))
    assert np.all((trace.source_factor > 0.8) & (trace.source_factor < 1.25))
    assert np.all((trace.efficiency_factor > 0) & (trace.efficiency_factor <= 1))
    assert np.all(trace.dark_factor >= 1)


def test_equal_generators_give_equal_traces():
    traces = [traced(MIXED, seed) for seed in (1, 1, 2)]
    for name in QUANTITIES:
        assert np.array_equal(getattr(traces[0], name), getattr(traces[1], name))
    assert not np.any(traces[0].excess_loss_db == traces[2].excess_loss_db)


def test_switching_one_process_shifts_no_other():
    with_bursts, without = BURIED_METRO, replace(BURIED_METRO, bursts=type(BURIED_METRO.bursts)())
    one, other = traced(with_bursts), traced(without)
    assert not np.any(other.extra_error)
    for name in ("excess_loss_db", "rotation", "source_factor", "phase_error"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_the_generator_moves_on_by_the_same_amount_whatever_is_on():
    left, right = rng(), rng()
    for processes, noise in ((BURIED_METRO, left), (ChannelProcesses(), right)):
        processes.trace(processes.start(noise), 3, 1.0, 0.0, noise)
    assert left.random() == right.random()


def test_a_still_link_is_ideal_and_costs_no_memory():
    trace = traced(ChannelProcesses.of([ChannelProcesses()] * 1000), steps=5)
    for name in QUANTITIES:
        values = getattr(trace, name)
        neutral = IDENTITY if name == "rotation" else float(name.endswith("factor"))
        assert np.all(values == neutral)
        assert values.strides[0] == 0


def test_going_on_from_the_end_is_one_longer_trace():
    links = ChannelProcesses.of([DEMONSTRATION] * 20_000)
    start = links.start(rng())
    whole = links.trace(start, 8, 1.0, 0.0, rng(5))
    part = links.trace(start, 3, 1.0, 0.0, rng(6))
    rest = links.trace(part.end, 5, 1.0, 3.0, rng(7))
    assert_same_law(whole.excess_loss_db[-1], rest.excess_loss_db[-1])
    assert_same_law(whole.rotation[-1, :, 0], rest.rotation[-1, :, 0])


def test_links_in_a_crowd_have_the_law_of_links_alone():
    crowd = ChannelProcesses.of([BURIED_METRO, AERIAL] * 3000)
    alone = ChannelProcesses.of([AERIAL] * 3000)
    together, apart = traced(crowd, 1, steps=2, step_s=100.0), traced(alone, 2, steps=2, step_s=100.0)
    for name in ("excess_loss_db", "source_factor", "phase_error"):
        assert_same_law(getattr(together, name)[-1, 1::2], getattr(apart, name)[-1])
    assert_same_law(basis_errors(together.rotation[-1, 1::2])[0], basis_errors(apart.rotation[-1])[0])


def test_a_held_and_a_free_rotation_work_together():
    both = ChannelProcesses(rotation=BrownianRotation(0.1), misalignment=Misalignment(0.2, 30.0))
    trace = traced(ChannelProcesses.of([both] * 20_000), steps=4, step_s=2.0)
    overlap = 1 - 2 * basis_errors(trace.rotation[-1])[0]
    held = (1 + 2 * (1 - 0.2**2) * np.exp(-(0.2**2) / 2)) / 3
    assert_mean(overlap, held * np.exp(-(0.1**2) * 8))


def test_time_goes_on_between_traces():
    ramp = ChannelProcesses(loss=FibreLossDrift(ramp_db_per_hour=1.0))
    trace = ramp.trace(ramp.start(rng()), 3, 3600.0, 7200.0, rng())
    assert trace.excess_loss_db == pytest.approx([3, 4, 5])


def test_an_impairment_adds_to_what_drifts():
    healthy = ChannelProcesses.of([COEXISTENCE, BURIED_METRO])
    hurt = healthy.with_impairment(Impairment([4.8, 0.0], [0.0, 1e-3]))
    before, after = traced(healthy), traced(hurt)
    assert after.excess_loss_db - before.excess_loss_db == pytest.approx(np.tile([4.8, 0.0], (20, 1)))
    assert after.background_photons - before.background_photons == pytest.approx(np.tile([0.0, 1e-3], (20, 1)))


def test_one_impairment_can_strike_every_link():
    hurt = MIXED.with_impairment(IMPAIRMENTS["photon-loss-46"])
    assert hurt.shape == MIXED.shape
    assert np.all(hurt.impairment.loss_db == pytest.approx(2.676, abs=1e-3))


def test_every_process_has_a_state_of_its_name():
    assert {field.name for field in fields(ChannelState)} == {
        field.name for field in fields(ChannelProcesses) if field.name != "impairment"
    }


def test_networks_of_different_sizes_do_not_mix():
    with pytest.raises(ValueError, match="shape mismatch"):
        ChannelProcesses(loss=FibreLossDrift([0.1, 0.2]), rotation=BrownianRotation([0.1, 0.2, 0.3]))
    with pytest.raises(ValueError, match="at least one link"):
        ChannelProcesses.of([])

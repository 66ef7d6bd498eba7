from dataclasses import fields, replace

import numpy as np
import pytest

from hil_sim.channels.brownian_rotation import BrownianRotation
from hil_sim.channels.bursts import Bursts
from hil_sim.channels.coexistence import ClassicalLight
from hil_sim.channels.detector_ageing import DetectorAgeing
from hil_sim.channels.epoch_fading import EpochFading
from hil_sim.channels.fibre_loss import FibreLossDrift
from hil_sim.channels.impairments import IMPAIRMENTS, Impairment
from hil_sim.channels.link_channel import ChannelProcesses, ChannelState, ChannelTrace
from hil_sim.channels.misalignment import Misalignment
from hil_sim.channels.phase_noise import PhaseNoise
from hil_sim.channels.presets import AERIAL, BURIED_METRO, COEXISTENCE, PRESETS
from hil_sim.channels.quaternions import IDENTITY, basis_errors, conjugate, multiply
from hil_sim.channels.source_drift import SourceDrift
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
    moves = [name != "still" for name in PRESETS]
    assert not np.any(traces[0].excess_loss_db[:, moves] == traces[2].excess_loss_db[:, moves])


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


RESTLESS = ChannelProcesses(
    loss=FibreLossDrift(wander_db=0.5, wander_time_s=20.0, ramp_db_per_hour=10.0, day_amplitude_db=0.3),
    fading=EpochFading(rytov_variance=0.5, coherence_time_s=3.0),
    rotation=BrownianRotation(0.1),
    misalignment=Misalignment(deviation_rad=0.2, time_s=10.0),
    classical=ClassicalLight(photons_per_gate=1e-3, lit_share=0.3, switching_time_s=10.0),
    bursts=Bursts(strength=1.0, point_s=0.002),
    source=SourceDrift(drift=0.02, drift_time_s=10.0, white=0.01),
    phase=PhaseNoise(diffusion_rad2_per_s=200.0, reference_interval_s=5e-4, modulation=0.5, modulation_time_s=10.0),
    ageing=DetectorAgeing(steps_per_year=1e6, efficiency_step=0.02, dark_step=0.3),
)
"""Everything changes within the eight steps of a trace."""


def in_chunks(processes, sizes):
    """Quantities of a trace drawn in chunks, one after the other."""
    state, elapsed_s, traces = processes.start(rng(sum(sizes))), 0.0, []
    for number, size in enumerate(sizes):
        traces.append(processes.trace(state, size, 1.0, elapsed_s, rng(100 * len(sizes) + number)))
        state, elapsed_s = traces[-1].end, elapsed_s + size
    return {name: np.concatenate([getattr(trace, name) for trace in traces]) for name in QUANTITIES}


@pytest.mark.parametrize("sizes", [(3, 5), (1,) * 8], ids=str)
def test_a_trace_in_chunks_has_the_law_of_a_whole_one(sizes):
    links = ChannelProcesses.of([RESTLESS] * 20_000)
    whole, parts = in_chunks(links, (8,)), in_chunks(links, sizes)
    for name in QUANTITIES:
        one, other = whole[name], parts[name]
        assert one.shape == other.shape
        # within a chunk, across a seam, and over all of it: where a link stands, and how far it went since row 2
        for early, late in ((1, 2), (2, 3), (2, 7)):
            if name == "rotation":
                assert_same_law(one[late, :, 0], other[late, :, 0])
                went = [multiply(turn[late], conjugate(turn[early]))[:, 0] for turn in (one, other)]
            else:
                assert_same_law(one[late], other[late])
                went = [path[late] - path[early] for path in (one, other)]
            assert_same_law(*went)


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


@pytest.mark.parametrize("name", [field.name for field in fields(ChannelState)])
def test_no_process_walks_without_steps_or_time(name):
    process = getattr(RESTLESS, name)
    for steps, step_s in ((0, 1.0), (2, 0.0), (2, np.nan)):
        with pytest.raises(ValueError, match="1 or more steps of positive length"):
            process.walk(process.start(rng()), steps, step_s, rng())


def test_networks_of_different_sizes_do_not_mix():
    with pytest.raises(ValueError, match="shape mismatch"):
        ChannelProcesses(loss=FibreLossDrift([0.1, 0.2]), rotation=BrownianRotation([0.1, 0.2, 0.3]))
    with pytest.raises(ValueError, match="at least one link"):
        ChannelProcesses.of([])

"""No command makes a link too bright, and changes cost the time that they should."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.channels.quaternions import IDENTITY, basis_errors, multiply, uniform_rotations
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.operation import Commands, Operation
from tests.hil_sim.network.networks import hardware

EPOCH_S = 10.0
QUIET = np.tile(IDENTITY, (3, 1))
BB84, MDI = PROTOCOLS.index("bb84"), PROTOCOLS.index("mdi")


def operation(parts=None, links=3, epoch_s=EPOCH_S):
    return Operation(LinkArrays.of([parts or hardware()] * links, [10.0] * links), epoch_s)


def commands(of, *, e6=None, protocol=None, realign=None):
    """What holds, with single values changed for all links."""
    links = of.protocol.size

    def column(value, now):
        return now.copy() if value is None else np.broadcast_to(np.asarray(value, now.dtype), links).copy()

    return Commands(
        column(e6, of.mean_photon_number_e6),
        column(protocol, of.protocol),
        column(realign, np.zeros(links, dtype=np.bool_)),
        np.zeros(0, dtype=np.int64),
    )


def applied(of, wanted, fibre=None, noise=None):
    of.check(wanted)
    links = of.protocol.size
    fibre = np.tile(IDENTITY, (links, 1)) if fibre is None else fibre
    return of.apply(wanted, fibre, np.zeros((3, links)) if noise is None else noise)


def state(of):
    return [
        values.tolist()
        for values in (of.mean_photon_number_e6, of.protocol, of.controller, of.dead_left_s, of.since_switch_s)
    ]


@given(
    cap=st.integers(1, 10**6),
    uncertainty=st.floats(0, 0.9),
    step_db=st.floats(0, 3),
    wanted=st.integers(-(2**40), 2**40) | st.integers(0, 10**6),
)
def test_no_command_that_passes_can_come_out_above_the_cap(cap, uncertainty, step_db, wanted):
    parts = hardware(
        cap_mean_photon_number=cap * 1e-6,
        start_mean_photon_number=1e-9,
        calibration_uncertainty=uncertainty,
        attenuator_step_db=step_db,
    )
    of = operation(parts, links=1)
    brightest = wanted * 1e-6 * (1 + uncertainty) * 10 ** (step_db / 10)
    before = state(of)
    try:
        of.check(commands(of, e6=wanted))
    except ValueError:
        assert wanted < 0 or brightest > cap * 1e-6 * (1 - 1e-9) - 1e-6 * (1 + uncertainty) * 2
    else:
        assert 0 <= brightest <= cap * 1e-6 * (1 + 1e-12)
    assert state(of) == before


@pytest.mark.parametrize("cap", [0.29, 0.57, 0.07, 0.3, 1.0])
def test_a_source_without_error_may_be_commanded_to_the_cap(cap):
    parts = hardware(
        cap_mean_photon_number=cap, start_mean_photon_number=cap, calibration_uncertainty=0, attenuator_step_db=0
    )
    assert parts.start_e6() == parts.cap_e6("bb84") == parts.highest_e6("bb84") == round(cap * 1e6)
    of = operation(parts)
    of.check(commands(of))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"e6": [300_000, 300_000, 800_000]}, "link 2 .*mean photon number outside 0 and the cap"),
        ({"e6": [-1, 0, 0]}, "link 0 .*mean photon number outside 0 and the cap"),
        ({"protocol": [BB84, 9, BB84]}, "link 1 .*protocol that it does not have"),
        ({"protocol": [BB84, BB84, -1]}, "link 2 .*protocol that it does not have"),
        ({"protocol": [BB84, MDI, BB84]}, "link 1 .*protocol that it does not have"),
        ({"realign": [False, False, True]}, "link 2 .*re-alignment without a controller"),
    ],
)
def test_commands_that_no_link_may_be_given_are_refused_and_change_nothing(change, message):
    of = operation(hardware(protocols=("bb84",), can_realign=False))
    before = state(of)
    with pytest.raises(ValueError, match=message):
        of.check(commands(of, **change))
    assert state(of) == before


def test_commands_of_another_shape_or_kind_are_refused():
    of = operation()
    good = commands(of)
    short = Commands(good.mean_photon_number_e6[:1], good.protocol, good.realign, good.route)
    with pytest.raises(ValueError, match=r"mean_photon_number_e6 must hold whole numbers of shape \(3,\)"):
        of.check(short)
    broken = Commands(np.full(3, math.nan), good.protocol, good.realign, good.route)
    with pytest.raises(ValueError, match="must hold whole numbers"):
        of.check(broken)
    with pytest.raises(ValueError, match="realign must hold flags"):
        of.check(Commands(good.mean_photon_number_e6, good.protocol, good.protocol, good.route))


@pytest.mark.parametrize(("dwell_s", "epoch_s"), [(600.0, 10.0), (0.7, 0.1), (25.0, 10.0), (0.0, 10.0)])
def test_a_protocol_is_kept_for_its_dwell_time_and_not_longer(dwell_s, epoch_s):
    of = operation(hardware(dwell_s=dwell_s, switch_s=0.0), epoch_s=epoch_s)
    applied(of, commands(of, protocol=MDI))
    back = commands(of, protocol=BB84)
    for _ in range(max(math.ceil(round(dwell_s / epoch_s, 6)) - 1, 0)):
        with pytest.raises(ValueError, match="before its dwell time is over"):
            of.check(back)
        applied(of, commands(of))
    applied(of, back)
    assert of.protocol.tolist() == [BB84] * 3


def test_the_first_switch_needs_no_dwell():
    of = operation(hardware(dwell_s=1e9))
    of.check(commands(of, protocol=MDI))


class Timeline:
    """What one link loses, in whole milliseconds."""

    def __init__(self, switch_ms, realign_ms, epoch_ms):
        self.switch_ms, self.realign_ms, self.epoch_ms = switch_ms, realign_ms, epoch_ms
        self.left_ms, self.aligning = 0, False

    def epoch(self, switch, realign):
        """Live milliseconds, whether a re-alignment began, and whether one ended."""
        began = realign and not self.aligning
        if switch:
            self.left_ms = max(self.left_ms, self.switch_ms)
        if began:
            self.left_ms += self.realign_ms
        self.aligning |= began
        live = max(self.epoch_ms - self.left_ms, 0)
        self.left_ms = max(self.left_ms - self.epoch_ms, 0)
        ended = self.aligning and not self.left_ms
        self.aligning &= not ended
        return live, began, ended


@given(
    switch_ms=st.integers(0, 400),
    realign_ms=st.integers(0, 400),
    epoch_ms=st.integers(1, 150),
    story=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30),
)
def test_dead_time_is_kept_to_the_millisecond(switch_ms, realign_ms, epoch_ms, story):
    parts = hardware(switch_s=switch_ms / 1000, realign_s=realign_ms / 1000, dwell_s=0.0)
    of, line = operation(parts, links=1, epoch_s=epoch_ms / 1000), Timeline(switch_ms, realign_ms, epoch_ms)
    for switch, realign in story:
        protocol = MDI - of.protocol if switch else of.protocol
        changes = applied(of, commands(of, protocol=protocol, realign=realign))
        live_ms = 1000 * changes.live_s[0]
        assert abs(live_ms - round(live_ms)) < 1e-6
        assert (round(live_ms), changes.realigning[0], changes.realigned[0]) == line.epoch(switch, realign)
        assert changes.switched[0] == switch


def test_a_realignment_undoes_the_fibre_as_it_is_when_it_ends():
    rng = np.random.default_rng(4)
    of = operation(hardware(realign_s=25.0, realign_residual_rad=0.02), links=200)
    fibres = [uniform_rotations((200,), rng) for _ in range(4)]
    noise = rng.standard_normal((3, 200))
    done = []
    for fibre, start in zip(fibres, (True, False, False, False), strict=True):
        done.append(applied(of, commands(of, realign=start), fibre, noise).realigned.all())
        if done[-1]:
            break
    assert done == [False, False, True]
    z, x = basis_errors(multiply(of.controller, fibres[2]))
    # a small turn v reads Z wrong with (v1^2 + v2^2)/4 and X with (v2^2 + v3^2)/4
    assert z == pytest.approx(0.02**2 * (noise[0] ** 2 + noise[1] ** 2) / 4, rel=1e-2, abs=1e-9)
    assert x == pytest.approx(0.02**2 * (noise[1] ** 2 + noise[2] ** 2) / 4, rel=1e-2, abs=1e-9)


def test_a_second_realignment_begins_only_after_the_first():
    of = operation(hardware(realign_s=25.0))
    began = [bool(applied(of, commands(of, realign=True)).realigning[0]) for _ in range(7)]
    assert began == [True, False, False, True, False, False, True]


def test_blocks_are_cut_by_power_protocol_and_realignment_alone():
    of = operation()
    assert not applied(of, commands(of)).cut_blocks().any()
    assert applied(of, commands(of, e6=[300_000, 400_000, 0])).cut_blocks().tolist() == [False, True, True]
    assert applied(of, commands(of, protocol=[MDI, BB84, BB84])).cut_blocks().tolist() == [True, False, False]
    assert applied(of, commands(of, realign=[False, True, False])).cut_blocks().tolist() == [False, True, False]


def test_some_links_begin_anew_and_the_others_go_on():
    of = operation()
    applied(of, commands(of, e6=400_000, protocol=MDI, realign=True))
    before = state(of)
    of.reset(slice(1, 2))
    for after, old, new in zip(state(of), before, state(operation()), strict=True):
        assert after == [old[0], new[1], old[2]]
    assert applied(of, commands(of)).live_s.tolist() == [0.0, EPOCH_S, 0.0]

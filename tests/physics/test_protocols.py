from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.bounds import plob_bound, single_repeater_bound
from qkdctl.physics.hardware import PRESETS, Hardware
from qkdctl.physics.photons import transmittance
from qkdctl.physics.protocols import PROTOCOLS, rate_at_loss, reach_db

NANOWIRES, QUIET_NANOWIRES, DIODES = PRESETS["snspd-a"], PRESETS["snspd-b"], PRESETS["ingaas"]
OLD_DIODES = replace(PRESETS["gobby-yuan-shields"], correction=1.16, sift=1.0)

hardware = st.builds(
    Hardware,
    efficiency=st.floats(0.01, 1.0),
    dark_probability=st.one_of(st.just(0.0), st.floats(-12, -3).map(lambda exponent: 10**exponent)),
    misalignment=st.floats(0, 0.2),
    correction=st.floats(1.0, 1.3),
    sift=st.floats(0.1, 1.0),
    interference_error=st.floats(0, 0.3),
    phase_reference_duty=st.floats(0.1, 1.0),
)
losses = st.floats(0, 150)


def rates(kind, loss_db):
    return {protocol: rate_at_loss(protocol, kind, loss_db).rate for protocol in PROTOCOLS}


def overtaking_db(kind, protocol):
    """Least loss at which the protocol makes more key than BB84."""
    first = 90.0
    for step in (2.0, 0.1, 0.01):
        loss = np.arange(max(first - 45 * step, 0.0), first + step, step)
        ahead = rate_at_loss(protocol, kind, loss).rate > np.maximum(rate_at_loss("bb84", kind, loss).rate, 0.0)
        first = loss[ahead][0]
    return first


@pytest.mark.parametrize(
    ("kind", "protocol", "printed_db", "half_digit"),
    [
        (NANOWIRES, "bb84", 54.2, 0.05),
        (NANOWIRES, "tf", 77.0, 0.05),
        (QUIET_NANOWIRES, "bb84", 74.0, 0.05),
        (QUIET_NANOWIRES, "tf", 117.7, 0.05),
        (DIODES, "bb84", 38.6, 0.05),
        (DIODES, "tf", 46.8, 0.05),
        (OLD_DIODES, "bb84", 30, 0.5),
        (OLD_DIODES, "tf", 35, 0.5),
    ],
)
def test_how_far_each_reaches(kind, protocol, printed_db, half_digit):
    assert reach_db(protocol, kind) == pytest.approx(printed_db, abs=half_digit)


@pytest.mark.parametrize(
    ("kind", "printed_db"), [(NANOWIRES, 21.75), (QUIET_NANOWIRES, 19.9), (DIODES, 22.0), (OLD_DIODES, 16.3)]
)
def test_where_twin_fields_overtake_bb84(kind, printed_db):
    assert overtaking_db(kind, "tf") == pytest.approx(printed_db, abs=0.06)


@pytest.mark.parametrize("kind", [NANOWIRES, QUIET_NANOWIRES, DIODES, OLD_DIODES])
@pytest.mark.parametrize("protocol", ["mdi", "bbm92"])
def test_mdi_and_pairs_win_only_where_bb84_is_dying(kind, protocol):
    assert reach_db("bb84", kind) - 1 < overtaking_db(kind, protocol) <= reach_db("bb84", kind) + 0.05


@pytest.mark.parametrize(
    ("kind", "loss_db", "printed", "half_digits"),
    [
        (NANOWIRES, 10, (1.97e-2, 5.8e-3, 2.05e-3), (5e-5, 5e-5, 5e-6)),
        (NANOWIRES, 30, (1.95e-4, 4.9e-4, 1.9e-5), (5e-7, 5e-6, 5e-7)),
        (NANOWIRES, 50, (1.1e-6, 4.2e-5, 1.9e-7), (5e-8, 5e-7, 5e-9)),
        (OLD_DIODES, 10, (5.3e-4, 2.8e-4, 1.8e-6), (5e-6, 5e-6, 5e-8)),
        (OLD_DIODES, 30, (3.2e-7, 1.0e-5, 1.3e-8), (5e-9, 5e-7, 5e-10)),
    ],
)
def test_rates_at_common_hardware(kind, loss_db, printed, half_digits):
    got = [rate_at_loss(protocol, kind, loss_db).rate for protocol in ("bb84", "tf", "mdi")]
    assert np.all(np.abs(np.array(got) - printed) <= half_digits)


def test_nothing_is_left_of_old_diodes_at_50_db():
    assert all(rate_at_loss(protocol, OLD_DIODES, 50.0).rate <= 0 for protocol in ("bb84", "tf", "mdi"))


def test_by_how_much_bb84_wins_on_short_links():
    of = rates(NANOWIRES, np.array([0.0, 10.0, 20.0]))
    assert of["bb84"] / of["tf"] == pytest.approx([7.4, 3.4, 1.2], abs=0.05)
    assert np.all(of["bb84"] / of["mdi"] == pytest.approx(10, abs=1.5))


@pytest.mark.parametrize(("duty", "shift_db"), [(0.6, 4.4), (0.25, 12.0)])
def test_phase_references_move_the_crossover(duty, shift_db):
    shifted = overtaking_db(replace(NANOWIRES, phase_reference_duty=duty), "tf")
    assert shifted - overtaking_db(NANOWIRES, "tf") == pytest.approx(shift_db, abs=0.55)


@pytest.mark.parametrize(
    ("protocol", "share"), [("bb84", 0.5), ("mdi", 0.5), ("bbm92", 0.5), ("tf", 0.3), ("sns", 0.3)]
)
def test_only_slots_that_are_left_count(protocol, share):
    all_slots = rate_at_loss(protocol, NANOWIRES, 20.0, 0.1).rate
    some = rate_at_loss(protocol, replace(NANOWIRES, sift=0.5, phase_reference_duty=0.6), 20.0, 0.1).rate
    assert some == pytest.approx(share * float(all_slots))


@pytest.mark.parametrize(
    ("protocol", "slope"), [("bb84", 1.0), ("mdi", 1.04), ("bbm92", 1.02), ("tf", 0.5), ("sns", 0.5)]
)
def test_how_steeply_each_falls(protocol, slope):
    loss = np.array([10.0, 40.0])
    fall = rate_at_loss(protocol, QUIET_NANOWIRES, loss).rate
    assert -np.diff(np.log10(fall)) / 3 == pytest.approx(slope, abs=0.035)


def test_the_reaches_of_the_literature_in_kilometres():
    assert reach_db("mdi", PRESETS["lo-curty-qi"]) / 0.2 == pytest.approx(231.94, abs=0.5)
    assert reach_db("bbm92", PRESETS["ma-fung-lo"]) / 0.2 == pytest.approx(308.1, abs=0.5)
    assert reach_db("bb84", PRESETS["gobby-yuan-shields"]) / 0.21 == pytest.approx(142.2, abs=0.5)


@pytest.mark.parametrize(("length_km", "printed", "half_digit"), [(100, 3.87e-4, 5e-7), (700, 2.80e-10, 5e-13)])
def test_rates_of_sending_or_not_sending_in_the_literature(length_km, printed, half_digit):
    point = rate_at_loss("sns", PRESETS["wang-yu-hu"], 0.2 * length_km)
    assert point.rate == pytest.approx(printed, abs=half_digit)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=25)
@given(kind=hardware, loss_db=losses, light=st.one_of(st.none(), st.floats(0.01, 1.0)))
def test_every_operating_point_is_possible(protocol, kind, loss_db, light):
    point = rate_at_loss(protocol, kind, loss_db, light)
    ceiling = single_repeater_bound if protocol in {"tf", "sns"} else plob_bound
    assert point.rate <= ceiling(transmittance(loss_db))
    assert 0 <= point.gain <= 1
    assert 0 <= point.qber <= (1 if protocol == "sns" else 0.5 + 1e-12)
    assert 0 <= point.phase_error <= 0.5 + 1e-12
    assert point.mean_photon_number > 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=25)
@given(kind=hardware, loss_db=losses, light=st.floats(0.01, 0.5), more_db=st.floats(0, 30))
def test_no_choice_of_light_beats_the_best_and_loss_never_helps(protocol, kind, loss_db, light, more_db):
    best, farther = rate_at_loss(protocol, kind, [loss_db, loss_db + more_db]).rate
    slack = 1e-6 * abs(best) + 1e-15
    assert rate_at_loss(protocol, kind, loss_db, light).rate <= best + slack
    assert farther <= max(best, 0.0) + slack


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_grid_of_losses_and_light_gives_what_single_calls_give(protocol):
    loss, light = np.array([[0.0], [15.0], [60.0]]), np.array([0.05, 0.2])
    grid = rate_at_loss(protocol, NANOWIRES, loss, light)
    for part in ("rate", "gain", "qber", "phase_error", "mean_photon_number"):
        assert getattr(grid, part).shape == (3, 2)
    assert grid.mean_photon_number == pytest.approx(np.broadcast_to(light, (3, 2)))
    one = rate_at_loss(protocol, NANOWIRES, 15.0, 0.2)
    assert grid.rate[1, 1] == pytest.approx(float(one.rate), rel=1e-9)
    assert one.rate.shape == ()


def test_without_dark_counts_and_errors_the_reach_has_no_end():
    perfect = Hardware(efficiency=1.0, dark_probability=0.0, misalignment=0.0, interference_error=0.0)
    assert reach_db("bb84", perfect) == pytest.approx(400, abs=0.01)


def test_hopeless_hardware_reaches_nowhere():
    assert reach_db("bb84", Hardware(efficiency=0.1, dark_probability=0.0, misalignment=0.4)) == 0.0


def test_refuses_what_makes_no_sense():
    with pytest.raises(ValueError, match="bb84, mdi, tf, sns, bbm92"):
        rate_at_loss("bb92", NANOWIRES, 10.0)
    with pytest.raises(ValueError, match="at least 0 dB"):
        rate_at_loss("bb84", NANOWIRES, [10.0, -1.0])
    with pytest.raises(ValueError, match="must be positive"):
        rate_at_loss("bb84", NANOWIRES, 10.0, [0.5, 0.0])

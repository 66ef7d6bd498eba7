import math

import numpy as np
import pytest

from hil_sim.channels.ornstein_uhlenbeck import OrnsteinUhlenbeck
from hil_sim.world.drift import ExcessLoss
from hil_sim.world.grid import CHUNK_STEPS, GridProcess
from hil_sim.world.parameters import LossDrift, Polarization
from hil_sim.world.polarization import RotationWalk
from hil_sim.world.streams import random_stream
from tests.hil_sim.world.links import STILL, HandClock, lit_link

RESTLESS = STILL.model_copy(
    update={
        "loss_drift": LossDrift(wander_db=0.5, wander_time_s=20.0),
        "polarization": Polarization(walk_rad_per_sqrt_s=0.05),
    }
)


def wander_of(seed, step_s, deviation, time_s):
    return GridProcess(seed, ("wander",), step_s, OrnsteinUhlenbeck(deviation, time_s), np.zeros(()))


def test_streams_depend_on_seed_and_labels_only():
    def draw(*labels):
        return random_stream(*labels).random(4).tolist()

    assert draw(1, "loss", 3) == draw(1, "loss", 3)
    others = [draw(2, "loss", 3), draw(1, "counts", 3), draw(1, "loss", 4), draw(1, "loss")]
    assert all(other != draw(1, "loss", 3) for other in others)


def test_a_walk_is_the_same_however_often_and_in_whatever_order_it_is_read():
    def walk():
        return RotationWalk(5, ("a",), 0.1, 0.05)

    times = np.linspace(0, 5 * CHUNK_STEPS * 0.1, 97)
    often = walk()
    for time_s in np.linspace(0, times[-1], 3000):
        often.at(time_s)
    fresh = [walk().at(time_s) for time_s in times]
    backwards = [often.at(time_s) for time_s in times[::-1]][::-1]
    assert np.array_equal(fresh, backwards)


def test_a_process_stands_still_between_grid_points_and_moves_at_them():
    wander = wander_of(5, 0.1, 1.0, 5.0)
    assert wander.at(0.3) == wander.at(0.399)
    assert wander.at(0.3) != wander.at(0.4)


def test_a_time_before_the_start_is_refused():
    with pytest.raises(ValueError, match="before the link existed"):
        wander_of(5, 0.1, 1.0, 5.0).at(-0.1)


@pytest.mark.parametrize("step_s", [0.1, 2.0, 30.0])
def test_the_wander_has_its_stationary_deviation_and_time_constant_on_any_grid(step_s):
    tau_s, deviation = 10.0, 0.5
    wander = wander_of(7, step_s, deviation, tau_s)
    span = max(round(tau_s / step_s), 1)
    values = np.array([float(wander.at(n * step_s)) for n in range(span * 8, span * 6000, span)])
    samples = len(values)
    # neighbours, one span apart, correlate by exp(-dt/tau); that widens the scatter of the variance accordingly
    correlation = math.exp(-span * step_s / tau_s)
    spread = math.sqrt(2 / samples * (1 + correlation**2) / (1 - correlation**2))
    assert abs(np.var(values) / deviation**2 - 1) < 5 * spread
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1] - correlation) < 5 / math.sqrt(samples)


def test_the_wander_starts_at_zero_and_spreads_as_it_should():
    tau_s, deviation, time_s = 10.0, 0.5, 3.0
    ends = [float(wander_of(seed, 0.1, deviation, tau_s).at(time_s)) for seed in range(400)]
    expected = deviation**2 * -math.expm1(-2 * time_s / tau_s)
    assert wander_of(1, 0.1, deviation, tau_s).at(0.0) == 0
    assert abs(np.mean(np.square(ends)) / expected - 1) < 5 * math.sqrt(2 / 400)


def test_ramp_and_day_cycle():
    loss = ExcessLoss(1, ("a",), 60.0, LossDrift(ramp_db_per_hour=0.5, day_amplitude_db=0.3))
    assert loss.at(0.0) == 0
    assert loss.at(6 * 3600) == pytest.approx(3.0 + 0.3)
    assert loss.at(18 * 3600) == pytest.approx(9.0 - 0.3)


def test_the_walk_decorrelates_like_brownian_motion_on_the_sphere():
    rate, time_s = 0.1, 20.0
    overlaps = np.array([RotationWalk(seed, ("w",), 0.1, rate).at(time_s).diagonal() for seed in range(400)])
    expected = math.exp(-(rate**2) * time_s)
    assert abs(overlaps.mean() - expected) < 5 * overlaps.mean(axis=1).std() / math.sqrt(400)
    for axis in range(3):
        assert abs(overlaps[:, axis].mean() - expected) < 5 * overlaps[:, axis].std() / math.sqrt(400)


def test_the_walk_stays_a_rotation_for_a_month():
    rotation = RotationWalk(3, ("w",), 10.0, 0.05).at(30 * 86400)
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_without_a_walk_nothing_turns():
    assert np.array_equal(RotationWalk(3, ("w",), 0.1, 0.0).at(1000.0), np.eye(3))


def drift_of(link):
    return link.channel_loss_db(), link.misalignment_errors()


def test_the_same_seed_gives_the_same_world():
    histories = []
    for _ in range(2):
        link = lit_link(RESTLESS, clock=(clock := HandClock()))
        history = []
        for _ in range(20):
            clock.go_on(1.7)
            history += [drift_of(link), link.draw_counts(0, 0.1)]
            history += link.detect(10**8, (1.0, 0.2, 0.0), (0.7, 0.2, 0.1), (0.8, 0.2)).detected.tolist()
        histories.append(history)
    assert histories[0] == histories[1]


def test_drift_does_not_depend_on_what_is_set_or_measured():
    left = lit_link(RESTLESS, clock=(left_clock := HandClock(3.0)))
    right = lit_link(RESTLESS, clock=(right_clock := HandClock(5000.0)))
    for n in range(30):
        left_clock.go_on(0.5)
        left.set_polarization_voltages_mv((100 * n, 0, -50 * n, 7))
        left.set_attenuation_db(0.1 * n)
        left.detect(10**6, (1.0,), (1.0,), (0.5, 0.5))
        left.draw_counts(1, 0.1)
    left.set_polarization_voltages_mv(RESTLESS.polarization.start_mv)
    right_clock.go_on(15.0)
    assert drift_of(left) == drift_of(right)
    assert right.channel_loss_db() != 10.0
    assert right.misalignment_error() > 0.01


def test_other_seeds_and_other_links_drift_differently():
    drifts = []
    for seed, name in ((1, "alice-bob"), (2, "alice-bob"), (1, "charlie-dave")):
        link = lit_link(RESTLESS, seed=seed, name=name, clock=(clock := HandClock()))
        clock.go_on(30)
        drifts.append(drift_of(link))
    assert len(set(drifts)) == 3


def test_loss_shows_at_the_detectors_and_never_becomes_gain():
    wild = STILL.model_copy(update={"fibre_length_km": 0.0, "loss_drift": LossDrift(wander_db=3.0, wander_time_s=1.0)})
    link = lit_link(wild, clock=(clock := HandClock()))
    losses, rates = [], []
    for _ in range(50):
        clock.go_on(1.0)
        losses.append(link.channel_loss_db())
        rates.append(link.count_rate_hz(0))
    assert min(losses) == 0
    assert np.corrcoef(losses, np.log(rates))[0, 1] < -0.99

"""One story, told by simulated instruments on an optical link and by the network: light, counts and key agree."""

from types import SimpleNamespace

import numpy as np
import pytest

from hil_sim.channels.link_channel import ChannelState, ChannelTrace
from hil_sim.network.demands import DemandArrays
from hil_sim.network.hardware import KeyBlocks, LinkHardware
from hil_sim.network.key_buffers import LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.quantum_layer import Counted
from hil_sim.network.routes import Routes
from hil_sim.network.world import NetworkWorld
from hil_sim.world.parameters import LossDrift, Polarization
from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from tests.hil_sim.world.links import HandClock, lit_link

EPOCHS = 60
BLOCK_S = 7.0
POWERS_E6 = [*[500_000] * 20, *[300_000] * 15, *[0] * 5, *[620_000] * 20]
"""Commanded in each epoch of a second; dark in between."""

LINKS = {
    name: PRESETS[name].model_copy(
        update={
            "loss_drift": LossDrift(wander_db=1.0, wander_time_s=10.0, ramp_db_per_hour=60.0),
            "polarization": Polarization(walk_rad_per_sqrt_s=0.01),
        }
    )
    for name in ("snspd-50km-demo", "ingaas-25km-demo")
}


def by_instruments(parameters):
    """Light at the middle of each epoch, session records, and the link."""
    clock = HandClock()
    link = lit_link(parameters, clock=clock, mean_photon_number=POWERS_E6[0] * 1e-6, seed=4)
    watts_per_photon = link.settings.laser_power_w / link.mean_photon_number()
    session = KeySession(link, SessionParameters(block_s=BLOCK_S))
    session.configure(running=True, mean_photon_number_e6=POWERS_E6[0])
    light = []
    for power_e6 in POWERS_E6:
        link.set_laser_power_w(power_e6 * 1e-6 * watts_per_photon)
        session.configure(mean_photon_number_e6=power_e6)
        middle = clock.monotonic() + 0.5
        clock.go_on(1.0)
        session.advance()
        light.append((link.mean_photon_number(), link.channel_loss_db(middle), *link.misalignment_errors(middle)))
    return np.array(light), session.records("bob", 0, 1000)


class Recorded:
    """A channel that replays what the fibre of the instruments did."""

    shape = (1,)

    def __init__(self, parameters, light):
        nominal_db = parameters.fibre_length_km * parameters.fibre_loss_db_per_km
        share = (light[:, 2:] - parameters.intrinsic_error) / (1 - 2 * parameters.intrinsic_error)
        z, x = share.T
        turn = np.stack([np.sqrt(1 - z - x), np.sqrt(z), np.zeros(len(z)), np.sqrt(x)], axis=-1)
        self.excess_db, self.rotation = light[:, 1] - nominal_db, turn
        self.nominal_db = nominal_db

    def start(self, _):
        return ChannelState(*[np.zeros(1)] * 9)

    def trace(self, state, steps, step_s, elapsed_s, _):
        rows = (round(elapsed_s / step_s) + np.arange(steps)).clip(max=EPOCHS - 1)
        zero, one = np.zeros((steps, 1)), np.ones((steps, 1))
        return ChannelTrace(
            self.excess_db[rows, np.newaxis], self.rotation[rows, np.newaxis], zero, zero, one, zero, one, one, state
        )


def network_of(parameters, recorded):
    hardware = LinkHardware(
        pulse_rate_hz=parameters.pulse_rate_hz,
        gate_s=parameters.gate_s,
        detector=parameters.detectors[0],
        receiver_loss_db=parameters.receiver_loss_db,
        intrinsic_error=parameters.intrinsic_error,
        start_mean_photon_number=POWERS_E6[0] * 1e-6,
        calibration_uncertainty=0.0,
        blocks=KeyBlocks(credit="running", security="asymptotic", sifted_bits=2**50, longest_s=BLOCK_S),
    )
    none = DemandArrays.of([])
    return Network(
        name="one",
        node_names=("alice", "bob"),
        link_names=("alice-bob",),
        ends=np.array([[0], [1]]),
        links=LinkArrays.of([hardware], [recorded.nominal_db]),
        channel=recorded,
        buffers=LimitArrays(*(np.array([bits]) for bits in (0, 1, 0, 2**50))),
        authentication_bps=np.zeros(1),
        demands=none,
        routes=Routes.of([]),
        relays=np.array([-1]),
    )


def by_network(world):
    for power_e6 in POWERS_E6:
        holding = world.holding()
        yield world.step(Commands(np.array([power_e6]), holding.protocol, holding.realign, holding.route))


def tables(record):
    """Counts of a session record as (sent, detected, errors), each of shape (2, 3, 1)."""
    return (
        np.array([getattr(record.z, name), getattr(record.x, name)])[..., np.newaxis]
        for name in ("sent", "detected", "errors")
    )


@pytest.fixture(params=sorted(LINKS))
def story(request):
    parameters = LINKS[request.param]
    light, records = by_instruments(parameters)
    assert len(records) == EPOCHS
    world = NetworkWorld([network_of(parameters, Recorded(parameters, light))], [9], epoch_s=1.0)
    return SimpleNamespace(light=light, records=records, world=world, parameters=parameters)


def test_the_light_is_the_same(story):
    for (mean, loss_db, error_z, error_x), epoch in zip(story.light, by_network(story.world), strict=True):
        assert epoch.light.mean_photon_number[0] == pytest.approx(mean, rel=1e-12)
        assert epoch.light.loss_db[0] == pytest.approx(loss_db, rel=1e-12)
        assert epoch.light.errors[:, 0] == pytest.approx((error_z, error_x), rel=1e-9)


def test_the_counts_are_the_same_within_their_scatter(story):
    ours, theirs = (np.zeros((3, EPOCHS, 2, 3)) for _ in range(2))
    for number, (record, epoch) in enumerate(zip(story.records, by_network(story.world), strict=True)):
        assert epoch.counted.pulses[0] == record.pulses
        theirs[:, number] = [table[..., 0] for table in tables(record)]
        ours[:, number] = [t[..., 0] for t in (epoch.counted.sent, epoch.counted.detected, epoch.counted.errors)]
    lit = np.array(POWERS_E6) > 0
    for part in (lit, ~lit):
        mine, others = ours[:, part].sum(axis=1), theirs[:, part].sum(axis=1)
        deviation = (mine - others) / np.sqrt(np.maximum(mine + others, 1))
        assert np.abs(deviation).max() < 5
        assert (deviation**2).mean() < 2.5
    assert ours[1, :20].sum() > 1e5


def test_equal_counts_make_equal_key(story, monkeypatch):
    records = iter(story.records)

    def counted(*_):
        record = next(records)
        return Counted(np.array([record.pulses]), *tables(record)), None

    monkeypatch.setattr(story.world.quantum, "count", counted)
    made = [int(epoch.key.stored_bits[0]) for epoch in by_network(story.world)]
    assert made == [record.secret_key_bits for record in story.records]
    assert sum(made) > 100_000
    assert 0 < sum(bits == 0 for bits in made) < EPOCHS / 2

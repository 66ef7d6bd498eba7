"""Links with dead time, afterpulses, double clicks and drift, counted by the simulated receivers, are honest links."""

import numpy as np
import pytest

from hil_sim.world.presets import PRESETS
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters
from qkdctl.physics.consistency.bookkeeping import check_nested, check_within_pulses
from qkdctl.physics.consistency.ceilings import check_repeaterless
from qkdctl.physics.consistency.decoy_yields import check_passive, check_yields
from qkdctl.physics.consistency.link_model import Readings, check_link
from qkdctl.physics.consistency.tally import Tally
from tests.hil_sim.world.links import HandClock, lit_link

SECONDS = 20


@pytest.fixture(params=sorted(PRESETS))
def session(request):
    """Parameters of a link, its records of 20 s, and their summed counts per basis and intensity."""
    parameters, clock = PRESETS[request.param], HandClock()
    link = lit_link(parameters, clock=clock)
    session = KeySession(link, SessionParameters())
    session.configure(mean_photon_number_e6=round(link.mean_photon_number() * 1e6))
    session.configure(running=True)
    clock.go_on(SECONDS)
    records = session.records("alice", 0, SECONDS)
    cells = ([[getattr(basis, kind) for basis in (r.z, r.x)] for r in records] for kind in Tally.__slots__)
    return parameters, records, Tally(*(np.sum(part, axis=0) for part in cells))


def claimed(records):
    return np.array(records[0].mean_photon_numbers_e6) / 1e6


def test_its_counts_are_explained(session):
    _, records, tally = session
    assert not check_nested(tally).failed.any()
    assert not check_within_pulses(sum(r.pulses for r in records), tally).failed
    assert check_yields(claimed(records), tally, significance=1e-3).finding() is None
    assert check_passive(claimed(records), tally, significance=1e-3).finding() is None


def test_its_reports_fit_a_channel_to_one_percent(session):
    parameters, records, tally = session
    detector = parameters.detectors[0]
    pulses = sum(r.pulses for r in records)
    clicks = np.sum(tally.detected) / np.sum(tally.sent)
    background = 2 * detector.dark_count_rate_hz * parameters.gate_s + detector.afterpulse_probability * clicks
    loss_db = parameters.fibre_length_km * parameters.fibre_loss_db_per_km + parameters.receiver_loss_db
    readings = Readings(loss_db - 10 * np.log10(detector.efficiency), 0.5, background, 0.3)
    key_basis = Tally(tally.sent[0], tally.detected[0], tally.errors[0])
    assert check_link(claimed(records), key_basis, readings, significance=1e-6, tolerance=0.01).finding() is None
    rate = sum(r.secret_key_bits for r in records) / pulses
    assert check_repeaterless(rate, readings.loss_db).finding() is None


def test_a_power_monitor_that_reads_too_little_shows_in_the_loss(session):
    parameters, records, tally = session
    key_basis = Tally(tally.sent[0], tally.detected[0], tally.errors[0])
    loss_db = parameters.fibre_length_km * parameters.fibre_loss_db_per_km + parameters.receiver_loss_db
    loss_db -= 10 * np.log10(parameters.detectors[0].efficiency)
    readings = Readings(loss_db, 0.3, 1e-5, 3.0)
    found = check_link(claimed(records) / 3, key_basis, readings, significance=1e-9, tolerance=0.01).finding()
    assert found is not None

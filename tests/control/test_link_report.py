"""What a node reports about a link: sums, rates of the present setting only, loss against hand calculation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.control.link_report import LinkReadings, channel_loss_mdb, link_report
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.session import BasisCounts, SessionRecord

FACTS = LinkFacts(
    link="a-b",
    nodes=("bench",),
    protocols=(ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=900_000, qber_limit_ppm=60_000),),
    pulse_rate_hz=1_000_000,
    detector_efficiency_ppm=500_000,
    receiver_loss_mdb=3_000,
    background_yield_e9=200,
    aligned_qber_ppm=12_000,
    attenuator_step_mdb=1,
    calibration_uncertainty_ppm=50_000,
    can_realign=1,
    realign_dead_ms=1_000,
    dwell_epochs=0,
)
READINGS = LinkReadings(
    mode="running",
    protocol="bb84",
    mean_photon_number_e6=480_000,
    measured_mean_photon_number_e6=481_000,
    assumed_mean_photon_number_e6=0,
    attenuation_db=22.5,
    age_ms=100,
    realigns=0,
    trusted=True,
)


def session(sequence: int, mu_e6: int = 480_000, detected: int = 1000, errors: int = 10) -> SessionRecord:
    z = BasisCounts(sent=(70_000, 20_000, 10_000), detected=(detected, 60, 2), errors=(errors, 3, 1))
    x = BasisCounts(sent=(17_500, 5_000, 2_500), detected=(250, 15, 1), errors=(5, 1, 0))
    return SessionRecord(
        link="a-b", end="alice", sequence=sequence, block=1, started_ms=0, duration_ms=250, protocol="bb84",
        pulses=125_000, mean_photon_numbers_e6=(mu_e6, mu_e6 // 5, 0), z=z, x=x, secret_key_bits=400, dead_ms=0,
    )  # fmt: skip


def test_adds_up_the_records_of_an_epoch() -> None:
    row = link_report(FACTS, [session(1), session(2)], READINGS)
    assert (row.sifted_bits, row.test_bits, row.detected, row.pulses) == (2000, 500, 2656, 250_000)
    assert (row.qber_z_ppm, row.qber_x_ppm) == (10_000, 20_000)
    assert (row.secret_key_bits, row.duration_ms, row.valid) == (800, 500, 1)
    assert (row.vacuum_sent, row.vacuum_detected) == (25_000, 6)
    assert row.attenuation_mdb == 22_500


def test_rates_are_those_of_the_present_setting_but_key_is_all_of_it() -> None:
    row = link_report(FACTS, [session(1, errors=500), session(2, mu_e6=600_000)], READINGS)
    assert row.qber_z_ppm == 10_000
    assert row.sifted_bits == 1000
    assert row.secret_key_bits == 800


def test_no_records_make_an_invalid_row_without_numbers() -> None:
    row = link_report(FACTS, [], READINGS)
    assert (row.valid, row.sifted_bits, row.qber_z_ppm, row.loss_mdb, row.records) == (0, 0, 0, 0, "")


def test_a_row_the_node_does_not_trust_is_invalid() -> None:
    distrusted = LinkReadings(**{**{f: getattr(READINGS, f) for f in READINGS.__slots__}, "trusted": False})
    assert link_report(FACTS, [session(1)], distrusted).valid == 0


def test_loss_by_hand() -> None:
    # 13 dB fibre, 3 dB receiver, efficiency 1/2 (3.01 dB): eta = 10^-1.6 / 2; background 2e-7
    eta = 10**-1.6 * 0.5
    gain = 2e-7 + (1 - 2e-7) * (1 - math.exp(-eta * 0.48))
    assert channel_loss_mdb(FACTS, 10**9, round(gain * 10**9), 0.48) == pytest.approx(13_000, abs=2)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.0, 2.0))
def test_loss_never_fails_and_is_never_negative(sent: int, detected: int, mu: float) -> None:
    assert channel_loss_mdb(FACTS, sent, min(sent, detected), mu) >= 0

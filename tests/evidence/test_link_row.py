"""The agreed row of a link: sums, rates of the present setting only, and caution where the ends differ."""

from typing import Any

import pytest

from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import Pair
from qkdctl.records.report import EndReport, LinkReport
from qkdctl.records.session import BasisCounts
from tests.records.samples import end_report, facts, session

ALICE, BOB = end_report(), end_report(end="bob")


def pair(number: int = 1, *, bob: dict[str, Any] | None = None, **both: Any) -> Pair:
    return Pair(session(number, **both), session(number, "bob", **(both | (bob or {}))))


def row_of(*pairs: Pair, alice: EndReport | None = ALICE, bob: EndReport | None = BOB) -> LinkReport:
    row = link_row(facts(), alice, bob, pairs)
    assert row is not None
    return row


def errors(z: int, x: int) -> dict[str, Any]:
    plain = session()
    return {
        "z": plain.z.model_copy(update={"errors": (z, 200, 1)}),
        "x": plain.x.model_copy(update={"errors": (x, 3, 0)}),
    }


def test_adds_up_the_records_of_an_epoch() -> None:
    row = row_of(pair(1), pair(2))
    assert (row.sifted_bits, row.test_bits, row.detected, row.pulses) == (800_000, 10_000, 830_264, 200_000_000)
    assert (row.qber_z_ppm, row.qber_x_ppm) == (10_000, 11_000)
    assert (row.secret_key_bits, row.duration_ms, row.valid) == (500_000, 2_000, 1)
    assert (row.vacuum_sent, row.vacuum_detected) == (16_200_000, 4)
    assert (row.attenuation_mdb, row.measured_mean_photon_number_e6) == (31_250, 249_000)


def test_rates_are_those_of_the_present_setting_but_key_is_all_of_it() -> None:
    moved = end_report(end="bob", mean_photon_number_e6=300_000)
    row = row_of(pair(1, **errors(100_000, 0)), pair(2, mean_photon_numbers_e6=(300_000, 60_000, 0)), bob=moved)
    assert (row.qber_z_ppm, row.sifted_bits, row.secret_key_bits, row.valid) == (10_000, 400_000, 500_000, 1)


def test_a_row_of_records_with_another_intensity_than_the_engine_was_told_is_invalid() -> None:
    assert row_of(pair(), bob=end_report(end="bob", mean_photon_number_e6=300_000)).valid == 0


def test_no_records_make_an_invalid_row_without_numbers() -> None:
    row = row_of()
    assert (row.valid, row.sifted_bits, row.qber_z_ppm, row.loss_mdb, row.records) == (0, 0, 0, 0, "")


@pytest.mark.parametrize("end", ["alice", "bob"])
def test_one_end_that_does_not_trust_itself_makes_the_row_invalid(end: str) -> None:
    ends = {"alice": ALICE, "bob": BOB}
    ends[end] = ends[end].model_copy(update={"trusted": 0})
    assert row_of(pair(), **ends).valid == 0


def test_ends_in_different_protocols_make_the_row_invalid_but_silence_on_it_does_not() -> None:
    assert row_of(pair(), bob=end_report(end="bob", protocol="tf")).valid == 0
    row = row_of(pair(), alice=end_report(protocol="none"))
    assert (row.protocol, row.valid) == ("bb84", 1)


def test_nothing_is_known_of_a_link_whose_sender_says_nothing_and_nothing_measured_without_its_receiver() -> None:
    assert link_row(facts(), None, BOB, ()) is None
    row = row_of(bob=None)
    assert (row.mode, row.valid, row.mean_photon_number_e6) == ("running", 0, 250_000)


@pytest.mark.parametrize("mode", ["hold", "starting", "safe", "manual-safe", "fault"])
def test_a_link_runs_only_when_both_ends_do(mode: Any) -> None:
    assert row_of(bob=end_report(end="bob", mode=mode)).mode == mode
    assert row_of(alice=end_report(mode=mode)).mode == mode


def test_where_claims_differ_the_key_is_the_smaller_and_the_error_rate_the_larger_whoever_lies() -> None:
    flattered: dict[str, Any] = {"secret_key_bits": 390_000, **errors(400, 5)}
    for lied in (pair(bob=flattered), pair(**flattered, bob={"secret_key_bits": 250_000, **errors(4_000, 55)})):
        row = row_of(lied)
        assert (row.secret_key_bits, row.qber_z_ppm, row.qber_x_ppm, row.valid) == (250_000, 10_000, 11_000, 1)


def test_the_largest_claims_make_no_row_that_cannot_be_written() -> None:
    most = 2**63 - 1
    counts = BasisCounts(sent=(most,), detected=(most,), errors=(most,))
    record: dict[str, Any] = {"pulses": most, "duration_ms": most, "z": counts, "x": counts, "secret_key_bits": most}
    row = row_of(pair(1, **record), pair(2, **record))
    assert (row.pulses, row.detected, row.secret_key_bits, row.qber_z_ppm) == (most, most, most, 1_000_000)


def test_records_of_different_shape_never_meet_in_one_sum() -> None:
    short = BasisCounts(sent=(10,), detected=(5,), errors=(1,))
    row = row_of(pair(1), pair(2, z=short))
    assert (row.sifted_bits, row.secret_key_bits) == (5, 500_000)


def test_the_row_names_its_records() -> None:
    assert row_of(pair(1)).records != row_of(pair(2)).records
    assert len(row_of(pair(1)).records) == 64

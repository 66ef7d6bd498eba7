"""Rows of the network say what a node would report of the same counts, and the loss in them is the true one."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.detection import CELLS, CLICKS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.rows import channel_loss_mdb, link_rows
from qkdctl.evidence import channel_loss as of_nodes
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from tests.hil_sim.network.networks import NANOWIRE, hardware
from tests.hil_sim.network.optics import optics

LOSSES_DB = np.array([5.0, 10.0, 20.0, 30.0, 40.0])
PULSES = 10**13
MEANS = {"bb84": 0.4, "mdi": 0.4, "tf": 0.4, "bbm92": 0.1}


def links_of(losses_db=LOSSES_DB, **parameters):
    return LinkArrays.of([hardware(**parameters)] * len(losses_db), list(losses_db))


def counts_of(protocol, losses_db=LOSSES_DB, *, pulses=PULSES, mean=None, cells=9, **light):
    """Counts on average, as tables for all protocols."""
    light = {"errors": (0.01, 0.02), "efficiency": links_of(losses_db).efficiency, "dark_rate_hz": 105.0} | light
    clicks = CLICKS[protocol](optics(losses_db, MEANS[protocol] if mean is None else mean, **light))
    sent = np.broadcast_to(pulses * clicks.sent, clicks.right.shape)
    tables = SimpleNamespace()
    for name, values in (
        ("sent", sent),
        ("detected", sent * (clicks.right + clicks.wrong)),
        ("errors", sent * clicks.wrong),
    ):
        table = np.zeros((2, cells, len(losses_db)), dtype=np.int64)
        table[:, : CELLS[protocol]] = np.rint(values)
        setattr(tables, name, table)
    return tables


def rows_of(protocol, counts, links=None, **changes):
    count = counts.sent.shape[-1]
    whole = np.zeros(count, dtype=np.int64)
    arguments = {
        "protocol": np.full(count, PROTOCOLS.index(protocol), dtype=np.int8),
        "mean_photon_number_e6": np.full(count, round(1e6 * MEANS[protocol])),
        "measured_e6": whole + 7,
        "pulses": whole + PULSES,
        "key_bits": whole + 11,
        "live_s": np.full(count, 7.5004),
        "epoch_s": 10.0,
        "realigned": whole > 0,
        "present": whole == 0,
    }
    return link_rows(links or links_of(), counts, **(arguments | changes))


def facts(links, link=0):
    background = -np.expm1(-2 * links.dark_rate_hz[link] * links.gate_s[link])
    return LinkFacts(
        link="l",
        alice="a",
        bob="b",
        protocols=(ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=800_000, qber_limit_ppm=90_000),),
        pulse_rate_hz=round(links.pulse_rate_hz[link]),
        detector_efficiency_ppm=round(1e6 * links.efficiency[link]),
        receiver_loss_mdb=round(1000 * links.receiver_loss_db[link]),
        background_yield_e9=round(1e9 * background),
        aligned_qber_ppm=0,
        attenuator_step_mdb=0,
        calibration_uncertainty_ppm=0,
        can_realign=0,
        realign_dead_ms=0,
        dwell_epochs=0,
    )


@given(
    gain=st.floats(1e-5, 1),
    mean=st.integers(10_000, 1_000_000).map(lambda e6: e6 / 1e6),
    efficiency=st.floats(0.05, 0.95),
    dark_rate_hz=st.sampled_from([0.0, 500.0, 10_000.0]),
    receiver_loss_mdb=st.integers(0, 10_000),
)
def test_the_loss_of_bb84_is_that_which_a_node_reports(gain, mean, efficiency, dark_rate_hz, receiver_loss_mdb):
    detector = NANOWIRE.model_copy(
        update={"kind": "spad", "bias": None, "efficiency": efficiency, "dark_count_rate_hz": dark_rate_hz}
    )
    links = links_of([10.0], detector=detector, receiver_loss_db=receiver_loss_mdb / 1000)
    sent = 10**12
    ours = channel_loss_mdb(
        links, np.zeros(1, dtype=np.int8), np.array([sent]), np.array([int(gain * sent)]), np.array([mean])
    )
    theirs = of_nodes.channel_loss_mdb(facts(links), "bb84", sent, int(gain * sent), round(1e6 * mean))
    assert ours[0] == pytest.approx(theirs, abs=1)


@pytest.mark.parametrize(
    ("sent", "detected", "mean"), [(0, 0, 0.3), (10**9, 0, 0.3), (10**9, 10**6, 0.0), (10**9, 100, 0.3)]
)
@pytest.mark.parametrize("protocol", ["bb84", "mdi", "tf", "bbm92"])
def test_no_loss_is_told_where_nothing_is_sent_or_seen_above_the_dark_counts(protocol, sent, detected, mean):
    arguments = np.array([sent]), np.array([detected]), np.array([mean])
    number = np.full(1, PROTOCOLS.index(protocol), dtype=np.int8)
    loss = channel_loss_mdb(links_of([10.0]), number, *arguments)
    if detected < 1000 and protocol == "bb84":
        assert of_nodes.channel_loss_mdb(facts(links_of([10.0])), "bb84", sent, detected, round(1e6 * mean)) == 0
    if protocol == "bb84" or not (sent and detected and mean):
        assert loss == [0]


@pytest.mark.parametrize(("protocol", "within_db"), [("bb84", 0.02), ("mdi", 0.01), ("tf", 0.01), ("bbm92", 0.25)])
def test_the_estimated_loss_is_the_true_one(protocol, within_db):
    rows = rows_of(protocol, counts_of(protocol))
    assert rows.loss_mdb / 1000 == pytest.approx(LOSSES_DB, abs=within_db)


@pytest.mark.parametrize("protocol", ["bb84", "mdi", "tf", "bbm92"])
def test_dark_counts_are_not_taken_for_light(protocol):
    # a receiver with as many dark counts as clicks by light
    losses_db, dark_rate_hz = [50.0], 3e5 if protocol != "bb84" else 1e3
    detector = NANOWIRE.model_copy(update={"kind": "spad", "bias": None, "dark_count_rate_hz": dark_rate_hz})
    links = links_of(losses_db, detector=detector)
    counts = counts_of(protocol, losses_db, efficiency=0.65, dark_rate_hz=dark_rate_hz, pulses=10**16)
    gain = counts.detected[0, 0, 0] / counts.sent[0, 0, 0]
    light = counts_of(protocol, losses_db, efficiency=0.65, dark_rate_hz=0.0, pulses=10**16)
    assert gain > 1.3 * light.detected[0, 0, 0] / light.sent[0, 0, 0]
    rows = rows_of(protocol, counts, links)
    assert rows.loss_mdb / 1000 == pytest.approx(losses_db, abs=0.25)


@given(
    protocol=st.sampled_from(PROTOCOLS),
    sent=st.integers(0, 10**14),
    share=st.floats(0, 3),
    mean=st.integers(0, 10**6).map(lambda e6: e6 / 1e6),
    efficiency=st.sampled_from([0.0, 0.1, 1.0]),
    dark_rate_hz=st.sampled_from([0.0, 1e3, 1e9]),
)
def test_any_counts_give_a_loss_without_warning(protocol, sent, share, mean, efficiency, dark_rate_hz):
    detector = NANOWIRE.model_copy(
        update={"kind": "spad", "bias": None, "efficiency": efficiency, "dark_count_rate_hz": dark_rate_hz}
    )
    number = np.full(1, PROTOCOLS.index(protocol), dtype=np.int8)
    links = links_of([10.0], detector=detector)
    counts = np.array([sent]), np.array([int(share * sent)]), np.array([mean])
    assert channel_loss_mdb(links, number, *counts)[0] >= 0


@pytest.mark.parametrize("protocol", sorted(CELLS))
def test_counts_and_times_are_carried_over(protocol):
    counts = counts_of(protocol)
    rows = rows_of(protocol, counts)
    assert rows.sifted_bits.tolist() == counts.detected[0, 0].tolist()
    assert rows.test_bits.tolist() == counts.detected[1, 0].tolist()
    assert rows.detected.tolist() == counts.detected.sum(axis=(0, 1)).tolist()
    assert rows.qber_z_ppm == pytest.approx(1e6 * counts.errors[0, 0] / counts.detected[0, 0], abs=1)
    assert (rows.duration_ms == 10_000).all()
    assert (rows.dead_ms == 2_500).all()
    assert (rows.secret_key_bits == 11).all()
    assert (rows.measured_mean_photon_number_e6 == 7).all()
    assert (rows.pulses == PULSES).all()
    assert (rows.valid == 1).all()


def test_an_error_rate_is_rounded_as_records_round_it():
    counts = counts_of("bb84")
    counts.detected[:, 0], counts.errors[:, 0] = 3, 2
    rows = rows_of("bb84", counts)
    assert set(rows.qber_z_ppm.tolist() + rows.qber_x_ppm.tolist()) == {666_666}


def test_the_x_errors_of_mdi_are_told_as_the_misalignment_that_they_stand_for():
    # of weak pulses; bright ones interfere a little worse
    rows = rows_of("mdi", counts_of("mdi", mean=0.02, dark_rate_hz=0.0, errors=(0.01, 0.03)))
    assert rows.qber_x_ppm == pytest.approx(30_000, abs=2000)
    clean = counts_of("mdi")
    clean.errors[1, 0] = clean.detected[1, 0] // 5
    assert (rows_of("mdi", clean).qber_x_ppm == 0).all()


@pytest.mark.parametrize(("protocol", "cell"), [("bb84", 2), ("mdi", 8), ("tf", 2)])
def test_vacuum_is_the_cell_without_light(protocol, cell):
    counts = counts_of(protocol)
    rows = rows_of(protocol, counts)
    assert rows.vacuum_sent.tolist() == counts.sent[:, cell].sum(axis=0).tolist()
    assert rows.vacuum_detected.tolist() == counts.detected[:, cell].sum(axis=0).tolist()
    assert (rows.vacuum_sent > 0).all()


def test_pairs_know_no_vacuum_whatever_the_tables_have_room_for():
    for cells in (1, 3, 9):
        rows = rows_of("bbm92", counts_of("bbm92", cells=cells))
        assert not rows.vacuum_sent.any()
        assert not rows.vacuum_detected.any()


def test_a_row_is_valid_when_the_end_reported_and_something_clicked():
    counts = counts_of("bb84")
    counts.detected[:, 0, 1] = counts.errors[:, 0, 1] = 0
    present = np.array([True, True, False, True, True])
    assert rows_of("bb84", counts, present=present).valid.tolist() == [1, 0, 0, 1, 1]


def test_forged_counts_cannot_leave_their_range():
    counts = counts_of("bb84", pulses=10**10)
    counts.detected[:] = 5 * counts.sent
    counts.errors[:] = 2 * counts.detected
    rows = rows_of("bb84", counts)
    assert (rows.qber_z_ppm == 1_000_000).all()
    assert (rows.qber_x_ppm == 1_000_000).all()
    assert (rows.loss_mdb == 0).all()

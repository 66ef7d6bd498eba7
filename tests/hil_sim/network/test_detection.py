"""What the receivers see is what the formulas of the protocols say, dead time and afterpulses on top."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.detection import CELLS, CLICKS
from qkdctl.physics import bb84, bbm92, mdi, sns
from qkdctl.physics.detectors import background_yield, dark_probability_per_gate
from qkdctl.physics.photons import transmittance
from tests.hil_sim.network.optics import BASES, RATIOS, SHARES, optics

LOSSES_DB = np.array([0.0, 10.0, 25.0, 40.0])
DARK = float(dark_probability_per_gate(100.0, 1e-9))
ARM = transmittance(LOSSES_DB / 2 + 3.0) * 0.65
Z2, X2 = (share**2 for share in BASES)
WIDE = {
    "loss_db": st.floats(0, 400) | st.just(np.inf),
    "mean_photon_number": st.floats(0, 1),
    "errors": st.tuples(st.floats(0, 1), st.floats(0, 1)),
    "phase_error": st.floats(0, 0.5),
    "efficiency": st.floats(0, 1),
    "dark_rate_hz": st.floats(0, 1e9),
    "dead_time_s": st.floats(0, 1e-3),
    "afterpulse_probability": st.floats(0, 0.5),
    "gated": st.booleans(),
    "receiver_loss_db": st.floats(0, 30),
    "sending": st.floats(0.001, 0.999),
    "slice_share": st.floats(0.001, 1),
}


@pytest.mark.parametrize("protocol", sorted(CELLS))
@given(light=st.fixed_dictionaries(WIDE))
def test_tables_are_probabilities_for_any_light(protocol, light):
    clicks = CLICKS[protocol](optics(**light))
    for table in (clicks.sent, clicks.right, clicks.wrong):
        assert np.broadcast_shapes(table.shape, (2, CELLS[protocol], 1)) == (2, CELLS[protocol], 1)
        assert ((table >= 0) & (table <= 1)).all()
    assert (clicks.right + clicks.wrong <= 1 + 1e-12).all()
    assert clicks.sent.sum(axis=(0, 1)) <= sum(share**2 for share in BASES) + 1e-12


@pytest.mark.parametrize("protocol", sorted(CELLS))
@given(mean=st.floats(0.01, 1), loss_db=st.floats(0, 30), dead_time_s=st.floats(1e-9, 1e-5))
def test_dead_time_takes_clicks_and_leaves_error_rates(protocol, mean, loss_db, dead_time_s):
    free, dead = (CLICKS[protocol](optics(loss_db, mean, dead_time_s=time)) for time in (0.0, dead_time_s))
    free_rate, dead_rate = (clicks.right + clicks.wrong for clicks in (free, dead))
    assert (dead_rate <= free_rate * (1 + 1e-12)).all()
    # BB84 has a second order: double clicks become rarer too
    assert dead.wrong / np.maximum(dead_rate, 1e-300) == pytest.approx(
        free.wrong / np.maximum(free_rate, 1e-300), abs=0.02 if protocol == "bb84" else 1e-9
    )


@pytest.mark.parametrize("protocol", sorted(CELLS))
def test_dead_detectors_saturate_at_one_click_per_dead_time(protocol):
    dead_time_s = 1e-6
    light = optics(0.0, 0.8, dead_time_s=dead_time_s, receiver_loss_db=0.0, efficiency=0.9)
    clicks = CLICKS[protocol](light)
    rate_hz = 1e9 * (clicks.sent * (clicks.right + clicks.wrong)).sum()
    detectors = {"bb84": 2, "mdi": 2, "tf": 2, "bbm92": 2}[protocol]
    assert rate_hz < detectors / dead_time_s


@pytest.mark.parametrize(
    ("protocol", "photons", "detectors"),
    [
        # four detectors share what comes from both sides, two have to click
        ("mdi", 2 * (0.7 + 0.2 * 0.2) / 4, 2),
        # of two detectors one has to click; a side sends in 4 % of the signal windows
        ("tf", 2 * (0.8 * 0.04 + 0.2 * (0.7 + 0.2 * 0.2)) / 2, 1),
        # two detectors on either side share the photons of that side
        ("bbm92", 1 / 2, 2),
    ],
)
def test_dead_time_counts_clicks_that_are_no_coincidence(protocol, photons, detectors):
    mean, dead_time_s = 0.5, 30e-9
    free, dead = (CLICKS[protocol](optics(0.0, mean, dead_time_s=time)) for time in (0.0, dead_time_s))
    singles_hz = 1e9 * -np.expm1(-ARM[0] * mean * photons)
    live = 1 / (1 + singles_hz * dead_time_s)
    share = (dead.right + dead.wrong)[:, 0, 0] / (free.right + free.wrong)[:, 0, 0]
    assert share == pytest.approx(live**detectors, rel=1e-4)
    assert live**detectors < 0.8


@pytest.mark.parametrize("protocol", sorted(CELLS))
@pytest.mark.parametrize("gated", [True, False])
def test_afterpulses_add_clicks_and_errors(protocol, gated):
    without, more = (
        CLICKS[protocol](optics(30.0, 0.3, afterpulse_probability=share, gated=gated)) for share in (0.0, 0.05)
    )
    key = (0, 0, 0)
    assert (more.right + more.wrong)[key] > (without.right + without.wrong)[key]
    share = [clicks.wrong[key] / (clicks.right + clicks.wrong)[key] for clicks in (without, more)]
    assert share[1] > share[0]


def test_bb84_is_the_textbook_for_weak_light():
    mean = 0.01
    clicks = CLICKS["bb84"](optics(LOSSES_DB, mean))
    eta, background = transmittance(LOSSES_DB + 3.0) * 0.65, background_yield(DARK)
    for basis, error in enumerate((0.01, 0.02)):
        channel = bb84.Channel(eta, background, error)
        for cell, ratio in enumerate(RATIOS):
            got = (clicks.right + clicks.wrong)[basis, cell]
            assert got == pytest.approx(bb84.gain(channel, mean * ratio), rel=1e-3)
            expected = bb84.error_rate(channel, mean * ratio)
            assert clicks.wrong[basis, cell] / got == pytest.approx(expected, rel=5e-3)
    assert clicks.sent[:, :, 0] == pytest.approx(np.outer((Z2, X2), SHARES))


def test_mdi_is_that_of_ma_and_razavi_for_all_pairs_of_intensities():
    mean = 0.3
    clicks = CLICKS["mdi"](optics(LOSSES_DB, mean))
    formulas = ((mdi.gain_z, mdi.error_z, 0.01), (mdi.gain_x, mdi.error_x, 0.02))
    for basis, (gain, error_rate, error) in enumerate(formulas):
        channel = mdi.MdiChannel(ARM, ARM, DARK, error)
        for a, ratio_a in enumerate(RATIOS):
            for b, ratio_b in enumerate(RATIOS):
                cell = 3 * a + b
                expected = gain(channel, mean * ratio_a, mean * ratio_b)
                assert (clicks.right + clicks.wrong)[basis, cell] == pytest.approx(expected, rel=1e-12)
                wrong = expected * error_rate(channel, mean * ratio_a, mean * ratio_b)
                assert clicks.wrong[basis, cell] == pytest.approx(wrong, rel=1e-12)
                share = (Z2, X2)[basis] * SHARES[a] * SHARES[b]
                assert clicks.sent[basis, cell, 0] == pytest.approx(share)


def test_twin_field_is_that_of_wang_yu_and_hu():
    mean, sending = 0.3, 0.1
    clicks = CLICKS["tf"](optics(LOSSES_DB, mean, phase_error=0.04, sending=sending))
    # an error of polarisation (1.5 % on average) and one of phase together are none
    channel = sns.SnsChannel(ARM, DARK, 0.015 * 0.96 + 0.04 * 0.985)
    gain, error = sns.signal_windows(channel, mean, sending)
    assert (clicks.right + clicks.wrong)[0, 0] == pytest.approx(gain, rel=1e-12)
    assert clicks.wrong[0, 0] == pytest.approx(gain * error, rel=1e-12)
    assert not clicks.sent[0, 1:].any()
    for cell, ratio in enumerate(RATIOS):
        gain, error = sns.decoy_windows(channel, mean * ratio)
        assert (clicks.right + clicks.wrong)[1, cell] == pytest.approx(gain, rel=1e-12)
        assert clicks.wrong[1, cell] == pytest.approx(gain * error, rel=1e-12)
    assert clicks.sent[0, 0] == pytest.approx(Z2)
    slices = (0.125, 0.125, 1.0)
    assert clicks.sent[1, :, 0] == pytest.approx(
        [X2 * share**2 * part for share, part in zip(SHARES, slices, strict=True)]
    )


def test_pairs_are_those_of_ma_fung_and_lo():
    pairs = 0.1
    clicks = CLICKS["bbm92"](optics(LOSSES_DB, pairs))
    background = background_yield(DARK)
    for basis, error in enumerate((0.01, 0.02)):
        channel = bbm92.Bbm92Channel(ARM, ARM, background, background, error)
        gain, share = bbm92.gain(channel, pairs / 2), bbm92.error_rate(channel, pairs / 2)
        assert (clicks.right + clicks.wrong)[basis, 0] == pytest.approx(gain, rel=1e-9)
        assert clicks.wrong[basis, 0] == pytest.approx(gain * share, rel=1e-9)
    # a pair per pulse in the mean is a photon on either side, so few pairs give pairs times both transmittances
    far = CLICKS["bbm92"](optics(20.0, 1e-3, dark_rate_hz=0.0))
    assert (far.right + far.wrong)[0, 0, 0] == pytest.approx(1e-3 * float(transmittance(26.0)) * 0.65**2, rel=2e-3)


@pytest.mark.parametrize("protocol", sorted(CELLS))
def test_links_do_not_see_each_other(protocol):
    rng = np.random.default_rng(3)
    columns = {
        "loss_db": rng.uniform(0, 60, 9),
        "mean_photon_number": rng.uniform(0, 1, 9),
        "dead_time_s": rng.uniform(0, 1e-6, 9),
        "afterpulse_probability": rng.uniform(0, 0.05, 9),
    }
    together = CLICKS[protocol](optics(**columns))
    for link in range(9):
        alone = CLICKS[protocol](optics(**{name: values[link] for name, values in columns.items()}))
        assert together.right[..., link].tolist() == alone.right[..., 0].tolist()
        assert together.wrong[..., link].tolist() == alone.wrong[..., 0].tolist()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.consistency.mdi_bands import (
    check_error_ceiling,
    check_error_floor,
    check_gain_ratio,
    error_floor_x,
    error_with_fabrication,
    fabrication,
    gain_ratio,
    interference_visibility,
)
from qkdctl.physics.consistency.tally import Tally
from qkdctl.physics.mdi import MdiChannel, error_x, error_z, gain_x, gain_z

FIELD = MdiChannel(0.0145, 0.0145, 3.01e-6, 0.015)
MU = 0.5


def drawn(rng, channel, pulses, links=(), share=0.0):
    """Counts in Z and X of a relay that makes up this share of its announcements."""
    gains = np.stack([gain_z(channel, MU, MU), gain_x(channel, MU, MU)])
    errors = error_with_fabrication(np.stack([error_z(channel, MU, MU), error_x(channel, MU, MU)]), share)
    sent = np.full((*links, 2), pulses)
    detected = rng.binomial(sent, gains)
    return Tally(sent, detected, rng.binomial(detected, errors))


@pytest.mark.parametrize(("arriving", "floor"), [(0.05, 0.24686), (0.25, 0.23411), (1e-9, 0.25)])
def test_the_floor_of_x_errors_sinks_with_brightness(arriving, floor):
    assert error_floor_x(arriving, arriving) == pytest.approx(floor, abs=5.1e-6)


@given(st.floats(-6, 0), st.floats(-6, 0), st.floats(0, 1e-3), st.floats(0, 0.5))
def test_no_honest_relay_lies_below_the_floor(arm_a, arm_b, dark, misalignment):
    channel = MdiChannel(10**arm_a, 10**arm_b, dark, misalignment)
    assert error_x(channel, MU, MU) >= error_floor_x(10**arm_a * MU, 10**arm_b * MU) - 1e-12


@given(st.floats(-6, 0), st.floats(0.01, 0.07))
def test_the_structural_band_of_weak_light(exponent, brightest):
    arriving = brightest * 10**exponent
    channel = MdiChannel(arriving / MU, arriving / MU, 0.0, 0.015)
    assert 2.0 <= gain_ratio(channel, MU, MU) <= 2.05
    assert 0.246 <= error_x(channel, MU, MU) <= 0.27
    assert error_z(channel, MU, MU) == pytest.approx(0.015)


@pytest.mark.parametrize(("mu", "ratio"), [(1e-5, 2.000001), (1e-3, 2.000050), (0.2, 2.010069)])
def test_ratio_of_the_gains(mu, ratio):
    assert gain_ratio(MdiChannel(0.1, 0.1, 0.0, 0.3), mu, mu) == pytest.approx(ratio, abs=6e-7)


def test_visibility_of_weak_pulses_is_one_half_at_most():
    assert interference_visibility(0.25) == 0.5
    assert interference_visibility(error_floor_x(1e-6, 1e-6)) <= 0.5 + 1e-6
    assert interference_visibility([0.26, 0.27]) == pytest.approx([0.48, 0.46])


def test_made_up_announcements_raise_both_error_rates():
    assert error_with_fabrication([0.0166, 0.2575], 0.05) == pytest.approx([0.0408, 0.270], abs=5e-4)


def test_the_share_of_made_up_announcements_is_found():
    honest = np.array([error_z(FIELD, MU, MU), error_x(FIELD, MU, MU)])
    rng = np.random.default_rng(31)
    for share in (0.0, 0.05, 0.3):
        found = fabrication(honest, drawn(rng, FIELD, 10**9, links=(500,), share=share))
        assert found.share.mean() == pytest.approx(share, abs=1e-3)
        if share == 0:
            assert found.share.std() == pytest.approx(found.deviation.mean(), rel=0.1)
        else:
            assert np.all(found.share > 5 * found.deviation)


def test_either_basis_alone_tells_the_share_as_well_as_its_counts_do():
    honest = np.array([0.02, 0.26])
    for basis, (detected, errors) in enumerate([([10_000, 0], [680, 0]), ([0, 10_000], [0, 2840])]):
        found = fabrication(honest, Tally([10**9, 10**9], detected, errors))
        e = honest[basis]
        assert found.share == pytest.approx((errors[basis] / 10_000 - e) / (0.5 - e))
        assert found.deviation == pytest.approx(np.sqrt(e * (1 - e) / 10_000) / (0.5 - e))


def test_honest_relays_are_accused_no_more_often_than_stated():
    rng = np.random.default_rng(32)
    tally = drawn(rng, FIELD, 10**8, links=(20_000,))
    x_only = Tally(tally.sent[:, 1], tally.detected[:, 1], tally.errors[:, 1])
    ceiling = check_error_ceiling(FIELD, MU, MU, tally, significance=1e-2).failed.any(axis=-1)
    for failed in (
        check_gain_ratio(FIELD, MU, MU, tally, significance=1e-2).failed,
        check_error_floor(0.0145 * MU, 0.0145 * MU, x_only, significance=1e-2).failed,
        ceiling,
    ):
        assert failed.sum() <= 200 + 5 * 14
    assert ceiling.sum() > 50


def test_a_relay_that_measures_in_z_is_seen_in_x():
    detected = np.array([26_000, 52_000])
    tally = Tally([10**9, 10**9], detected, np.round(detected * [0.0166, 0.5]))
    check = check_error_ceiling(FIELD, MU, MU, tally, significance=1e-12)
    assert check.finding(0) is None
    assert check.finding(1).test == "mdi-error-ceiling"


def test_one_made_up_announcement_in_twenty_is_seen():
    tally = drawn(np.random.default_rng(33), FIELD, 10**9, share=0.05)
    assert check_error_ceiling(FIELD, MU, MU, tally, significance=1e-12).finding(0) is not None


def test_errors_below_the_floor_are_forged():
    arriving = 0.0145 * MU
    found = check_error_floor(arriving, arriving, Tally(10**9, 52_000, 12_000), significance=1e-6).finding()
    assert found.bound == pytest.approx(0.25, abs=1e-3)
    assert found.sigmas > 5
    # bright pulses do reach that low
    assert check_error_floor(0.3, 0.3, Tally(10**9, 52_000, 12_000), significance=1e-6).finding() is None


def test_bases_announced_alike_are_forged():
    tally = Tally([10**9, 10**9], [26_000, 26_000], [0, 0])
    found = check_gain_ratio(FIELD, MU, MU, tally, significance=1e-12).finding()
    assert (found.statistic, found.bound) == (1.0, pytest.approx(2.0, abs=0.01))
    assert check_gain_ratio(FIELD, MU, MU, tally, significance=1e-12, tolerance=0.6).finding() is None
    doubled = Tally([10**9, 10**9], [13_000, 52_000], [0, 0])
    assert check_gain_ratio(FIELD, MU, MU, doubled, significance=1e-12, tolerance=0.8).failed
    assert not check_gain_ratio(FIELD, MU, MU, doubled, significance=1e-12, tolerance=1.1).failed


def test_unequal_shares_of_the_bases_do_not_matter():
    tally = Tally([9 * 10**9, 10**9], [9 * 26_083, 52_174], [0, 0])
    assert check_gain_ratio(FIELD, MU, MU, tally, significance=1e-2).finding() is None


def test_silence_is_no_forgery():
    nothing = Tally([10**3, 10**3], [0, 0], [0, 0])
    assert check_gain_ratio(FIELD, MU, MU, nothing, significance=1e-2).finding() is None
    assert check_error_floor(0.01, 0.01, Tally(10**3, 0, 0), significance=1e-2).finding() is None
    assert not check_error_ceiling(FIELD, MU, MU, nothing, significance=1e-2).failed.any()

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.consistency.binomial import exactly
from qkdctl.physics.consistency.mdi_yields import check_yields, program_from_counts, program_from_gains
from qkdctl.physics.consistency.single_photons import single_photons
from qkdctl.physics.consistency.tally import Tally
from qkdctl.physics.mdi import MdiChannel, error_x, error_z, gain_x, gain_z, single_pair_error, single_pair_yield

MUS = np.array([0.55, 0.1, 0.0])
LO_CURTY_QI = MdiChannel(0.0145, 0.0145, 3.01e-6, 0.015)


def seen(channel, mus_a, mus_b):
    """Gains and error rates of shape (2, intensities a, intensities b)."""
    pair = np.asarray(mus_a)[:, np.newaxis], np.asarray(mus_b)
    gains = np.stack([gain_z(channel, *pair), gain_x(channel, *pair)])
    return gains, np.stack([error_z(channel, *pair), error_x(channel, *pair)])


def program(channel, mus_a, mus_b):
    gains, errors = (part.reshape(2, -1) for part in seen(channel, mus_a, mus_b))
    return program_from_gains(mus_a, mus_b, exactly(gains), exactly(gains * errors))


def drawn(rng, gains, errors, pulses):
    sent = np.full(gains.shape, pulses)
    detected = rng.binomial(sent, gains)
    return Tally(sent, detected, rng.binomial(detected, errors))


def test_the_program_is_at_least_as_tight_as_the_published_bounds():
    mus = np.array([0.55, 0.005, 0.0])
    found = single_photons(program(LO_CURTY_QI, mus, mus))
    assert np.all(found.yield_low >= np.array([1.0445244e-4, 1.0377222e-4]) * (1 - 1e-6))
    assert np.all(found.yield_low <= single_pair_yield(LO_CURTY_QI))
    assert single_pair_error(LO_CURTY_QI) <= found.error_high()[1] <= 0.018709117


@settings(max_examples=6)
@given(st.floats(-4, -0.5), st.floats(-4, -0.5), st.floats(0, 0.1), st.floats(0.2, 0.8))
def test_bounds_bracket_the_truth(arm_a, arm_b, misalignment, mu):
    channel = MdiChannel(10**arm_a, 10**arm_b, 1e-7, misalignment)
    mus = np.array([mu, mu / 5, 0.0])
    found = single_photons(program(channel, mus, mus))
    truth = float(single_pair_yield(channel))
    assert np.all(found.yield_low <= truth * (1 + 1e-6))
    assert np.all(found.yield_high >= truth * (1 - 1e-6))
    assert np.all(found.error_product_high >= truth * single_pair_error(channel) * (1 - 1e-5))


@settings(max_examples=15)
@given(st.floats(-4, -0.5), st.floats(-4, -0.5), st.floats(0, 0.1), st.integers(6, 13))
def test_what_an_honest_relay_is_expected_to_announce_is_always_explained(arm_a, arm_b, misalignment, exponent):
    channel = MdiChannel(10**arm_a, 10**arm_b, 1e-7, misalignment)
    gains, errors = seen(channel, MUS, MUS)
    detected = np.round(10**exponent * gains)
    tally = Tally(np.full(gains.shape, 10.0**exponent), detected, np.round(detected * errors))
    assert not check_yields(MUS, MUS, tally, significance=1e-3).failed


def test_honest_relays_are_not_accused():
    rng = np.random.default_rng(21)
    gains, errors = seen(LO_CURTY_QI, MUS, MUS)
    for pulses in np.repeat([10**8, 10**10, 10**12], 8):
        assert not check_yields(MUS, MUS, drawn(rng, gains, errors, pulses), significance=1e-3).failed


def test_x_announced_no_more_often_than_z_is_impossible():
    gains, errors = seen(LO_CURTY_QI, MUS, MUS)
    tally = drawn(np.random.default_rng(22), gains[[0, 0]], errors, 10**12)
    found = check_yields(MUS, MUS, tally, significance=1e-12).finding()
    assert found.test == "mdi-yields"
    assert found.p_value <= 1e-12


def test_announcements_that_ignore_the_intensities_are_impossible():
    gains, errors = seen(LO_CURTY_QI, MUS, MUS)
    flat = gains.copy()
    flat[:, 1, 1] *= 4
    tally = drawn(np.random.default_rng(23), flat, errors, 10**10)
    found = check_yields(MUS, MUS, tally, significance=1e-9).finding()
    assert "too many clicks of 0.1 and 0.1 photons" in found.sentence


def test_finite_counts_bound_the_truth():
    gains, errors = seen(LO_CURTY_QI, MUS, MUS)
    tally = drawn(np.random.default_rng(24), gains, errors, 10**12)
    found = single_photons(program_from_counts(MUS, MUS, tally, significance=1e-6))
    truth = single_pair_yield(LO_CURTY_QI)
    assert np.all((found.yield_low > 0) & (found.yield_low <= truth) & (truth <= found.yield_high))


def test_both_bases_share_the_yields_of_single_photons():
    found = single_photons(program(LO_CURTY_QI, MUS, MUS))
    assert found.yield_low[0] == pytest.approx(found.yield_low[1], rel=1e-9)
    assert found.yield_high[0] == pytest.approx(found.yield_high[1], rel=1e-9)


def test_counts_of_another_shape_are_refused():
    cells = np.zeros((2, 3, 2))
    with pytest.raises(ValueError, match=r"\(bases, 3, 3\)"):
        check_yields(MUS, MUS, Tally(cells, cells, cells), significance=1e-3)

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate, gain, rate_infinite_decoy
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.consistency.ceilings import (
    check_observed_rate,
    check_pair_yield,
    check_repeaterless,
    implied_channel,
)
from qkdctl.physics.consistency.tally import Tally
from qkdctl.physics.mdi import MdiChannel, single_pair_yield

channels = st.builds(
    Channel,
    st.floats(-6, 0).map(lambda exponent: 10**exponent),
    st.floats(-9, -3).map(lambda exponent: 10**exponent),
    st.floats(0, 0.49),
)


@pytest.mark.parametrize(("loss_db", "ceiling"), [(10, 0.1520031), (30, 1.443417e-3), (60, 1.442696e-6)])
def test_rates_above_the_repeaterless_bound_are_impossible(loss_db, ceiling):
    found = check_repeaterless(ceiling * 1.0001, loss_db).finding()
    assert found.bound == pytest.approx(ceiling, rel=1e-6)
    assert (found.p_value, found.sigmas) == (0, math.inf)
    assert check_repeaterless(ceiling * 0.9999, loss_db).finding() is None


def test_a_station_midway_halves_the_loss():
    rates = np.array([1.43e-3, 1.45e-3])
    assert check_repeaterless(rates, 60, stations=1).failed.tolist() == [False, True]
    assert check_repeaterless(rates, 60).failed.tolist() == [True, True]


def test_an_uncertain_loss_is_given_the_benefit_of_the_doubt():
    rate = plob_bound(10**-2.9)
    assert check_repeaterless(rate * 0.999, 30).failed
    assert not check_repeaterless(rate * 0.999, 30, loss_tolerance_db=1.0).failed


@given(channels, st.floats(0.05, 1.0))
def test_gain_and_error_rate_name_the_channel(channel, mu):
    implied = implied_channel(gain(channel, mu), error_rate(channel, mu), mu, channel.background)
    assert gain(implied, mu) == pytest.approx(float(gain(channel, mu)), rel=1e-9)
    assert error_rate(implied, mu) == pytest.approx(float(error_rate(channel, mu)), rel=1e-9)
    if channel.transmittance > 100 * channel.background:
        assert implied.transmittance == pytest.approx(channel.transmittance, rel=1e-9)
        assert implied.misalignment == pytest.approx(channel.misalignment, rel=1e-6, abs=1e-6)


def test_background_alone_implies_no_light():
    implied = implied_channel(1e-6, 0.5, 0.5, 1e-5)
    assert (implied.transmittance, implied.misalignment) == (0, 0)
    with pytest.raises(ValueError, match="light"):
        implied_channel(1e-3, 0.01, 0.0, 1e-6)


def counts(channel, mu, pulses):
    clicks = np.round(pulses * gain(channel, mu))
    return Tally(pulses, clicks, np.round(clicks * error_rate(channel, mu)))


@settings(max_examples=40)
@given(channels, st.floats(0.05, 1.0), st.integers(4, 13))
def test_the_rate_of_an_honest_link_is_possible(channel, mu, exponent):
    rate = rate_infinite_decoy(channel, mu, correction=1.0, sift=1.0)
    signal, vacuum = counts(channel, mu, 10**exponent), counts(channel, 0.0, 10**exponent)
    assert not check_observed_rate(rate, mu, signal, vacuum, significance=1e-3).failed


def test_key_from_errors_that_forbid_it_is_impossible():
    good, bad = Channel(1e-2, 1e-6, 0.01), Channel(1e-2, 1e-6, 0.05)
    rate = rate_infinite_decoy(good, 0.5, correction=1.16, sift=1.0)
    signal, vacuum = counts(bad, 0.5, 10**9), counts(bad, 0.0, 10**9)
    found = check_observed_rate(rate, 0.5, signal, vacuum, significance=1e-12).finding()
    assert found.test == "rate-above-observed-ceiling"
    assert found.bound == pytest.approx(float(rate_infinite_decoy(bad, 0.5, correction=1.0, sift=1.0)), rel=0.1)


def test_without_vacuum_pulses_the_background_stays_open():
    channel = Channel(1e-4, 1e-5, 0.0)
    rate = rate_infinite_decoy(channel, 0.5, correction=1.0, sift=1.0)
    assert not check_observed_rate(rate, 0.5, counts(channel, 0.5, 10**10), Tally(0, 0, 0), significance=1e-3).failed


def test_pairs_of_single_photons_have_a_ceiling():
    relay = MdiChannel([0.1, 0.0145], [0.1, 0.0145], [0.0, 3.01e-6], 0.0)
    assert single_pair_yield(relay) == pytest.approx([5e-3, 1.0529708e-4], rel=1e-7)
    check = check_pair_yield([5.01e-3, 1.05e-4], relay, significance=1e-6)
    assert check.failed.tolist() == [True, False]
    assert check.finding(0).p_value == 1e-6

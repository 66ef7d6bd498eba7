"""Figures of MDI-QKD on the links of Lo, Curty and Qi 2012, modelled by Ma and Razavi 2012."""

import numpy as np
import pytest

from qkdctl.physics.mdi import (
    MdiChannel,
    error_x,
    error_z,
    gain_x,
    gain_z,
    optimal_mean_photon_number,
    rate_infinite_decoy,
    single_pair_error,
    single_pair_yield,
)
from qkdctl.physics.photons import transmittance
from tests.physics.exact import mdi as exact_mdi

F = 1.16


def lo_curty_qi(length_km):
    arm = 0.145 * transmittance(0.2 * np.asarray(length_km) / 2)
    return MdiChannel(arm, arm, 3.01e-6, 0.015)


def test_100_km_at_half_a_photon():
    channel = lo_curty_qi(100)
    got = [
        gain_z(channel, 0.5, 0.5),
        error_z(channel, 0.5, 0.5),
        gain_x(channel, 0.5, 0.5),
        error_x(channel, 0.5, 0.5),
        single_pair_yield(channel),
        single_pair_error(channel),
        rate_infinite_decoy(channel, 0.5, 0.5, correction=F),
    ]
    printed = [2.6083243e-5, 0.016609121, 5.2174501e-5, 0.25746209, 1.0529708e-4, 0.015795531, 4.859947e-6]
    half_digit = [5e-13, 5e-10, 5e-13, 5e-9, 5e-12, 5e-10, 5e-13]
    assert np.all(np.abs(np.array(got) - printed) <= half_digit)


def test_arms_of_a_thousandth_without_dark_counts():
    channel = MdiChannel(1e-3, 1e-3, 0.0, 0.015)
    assert gain_x(channel, 0.5, 0.5) == pytest.approx(2.498438035e-7, rel=1e-9)
    assert error_x(channel, 0.5, 0.5) == pytest.approx(0.2574696864, rel=1e-9)
    assert gain_z(channel, 0.5, 0.5) == pytest.approx(1.249062858e-7, rel=1e-9)


def test_single_pairs_meet_as_a_bell_state_half_the_time():
    channel = MdiChannel(0.1, 0.1, 0.0, 0.015)
    assert single_pair_yield(channel) == 0.1 * 0.1 / 2
    assert single_pair_error(channel) == pytest.approx(0.015, rel=1e-15)


@pytest.mark.parametrize(("mu", "ratio"), [(1e-5, 2.000001), (1e-3, 2.000050), (0.2, 2.010069)])
def test_the_x_basis_announces_twice_as_often(mu, ratio):
    channel = MdiChannel(0.1, 0.1, 0.0, 0.015)
    assert gain_x(channel, mu, mu) / gain_z(channel, mu, mu) == pytest.approx(ratio, abs=6e-7)


def test_weak_pulses_err_in_a_quarter_of_the_x_basis():
    assert error_x(MdiChannel(0.1, 0.1, 0.0, 0.015), 1e-6, 1e-6) == pytest.approx(0.2575, rel=1e-6)


@pytest.mark.parametrize(("arriving", "floor"), [(0.05, 0.24686), (0.25, 0.23411)])
def test_the_lowest_honest_error_sinks_with_brightness(arriving, floor):
    assert error_x(MdiChannel(0.5, 0.5, 0.0, 0.0), arriving / 0.5, arriving / 0.5) == pytest.approx(floor, abs=5e-6)


def test_rate_without_fibre():
    assert rate_infinite_decoy(lo_curty_qi(0), 0.5, 0.5, correction=F) == pytest.approx(5.478e-4, abs=5e-8)


def test_reach_at_the_best_intensity():
    lengths = np.arange(229.0, 235.0, 0.005)
    channel = lo_curty_qi(lengths)
    mu = optimal_mean_photon_number(channel, correction=F)
    alive = rate_infinite_decoy(channel, mu, mu, correction=F) > 0
    assert lengths[np.flatnonzero(alive)[-1]] == pytest.approx(231.94, abs=0.006)


ARMS = [(1e-9, 1e-9), (1e-5, 1e-5), (1e-9, 0.1), (1e-4, 1e-2), (0.145, 0.145), (0.9, 1.0)]


@pytest.mark.parametrize("arms", ARMS)
@pytest.mark.parametrize("dark", [0.0, 1e-12, 1e-6, 1e-3])
@pytest.mark.parametrize("mu", [(0.5, 0.5), (1e-4, 0.7), (3.0, 8.0)])
def test_no_arm_is_too_weak_for_double_precision(arms, dark, mu):
    channel = MdiChannel(*arms, dark, 0.015)
    got = [quantity(channel, *mu) for quantity in (gain_z, error_z, gain_x, error_x)]
    assert np.array(got) == pytest.approx(np.array(exact_mdi(*arms, dark, 0.015, *mu)), rel=2e-14)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bbm92 import Bbm92Channel, error_rate, gain, key_rate, optimal_pairs_per_mode, rate_expected
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.photons import transmittance
from tests.physics.exact import bbm92 as exact_bbm92

F = 1.22

arms = st.floats(-9, 0).map(lambda exponent: 10**exponent)
backgrounds = st.one_of(st.just(0.0), st.floats(-12, -3).map(lambda exponent: 10**exponent))
channels = st.builds(Bbm92Channel, arms, arms, backgrounds, backgrounds, st.floats(0, 0.5))
pair_numbers = st.floats(-6, 0).map(lambda exponent: 10**exponent)


def ma_fung_lo(length_km, share=0.5):
    """The source stands this share of the way along the fibre."""
    loss_db = 0.2 * np.asarray(length_km)
    arms = (0.145 * transmittance(share * loss_db), 0.145 * transmittance((1 - share) * loss_db))
    return Bbm92Channel(*arms, 6.02e-6, 6.02e-6, 0.015)


def reach_km(share):
    lengths = np.arange(270.0, 320.0, 0.05)
    channel = ma_fung_lo(lengths, share)
    rates = rate_expected(channel, optimal_pairs_per_mode(channel, correction=F), correction=F)
    return lengths[np.flatnonzero(rates > 0)[-1]]


def test_unequal_arms_to_ten_digits():
    channel = Bbm92Channel(0.1, 0.02, 1e-6, 1e-6, 0.015)
    assert gain(channel, 0.05) == pytest.approx(2.2612685998e-4, rel=1e-9)
    assert error_rate(channel, 0.05) == pytest.approx(5.4903751517e-2, rel=1e-9)
    assert rate_expected(channel, 0.05, correction=F) == pytest.approx(3.60379712e-5, abs=5e-14)


def test_receivers_back_to_back():
    channel = ma_fung_lo(0)
    best = optimal_pairs_per_mode(channel, correction=F)
    assert 2 * best == pytest.approx(0.1176, abs=5e-5)
    assert gain(channel, best) == pytest.approx(2.7766e-3, abs=5e-8)
    assert error_rate(channel, best) == pytest.approx(0.0574, abs=5e-5)
    assert rate_expected(channel, best, correction=F) == pytest.approx(4.1145e-4, abs=5e-9), "published"


def test_50_km_with_the_source_midway():
    channel = ma_fung_lo(50)
    assert rate_expected(channel, optimal_pairs_per_mode(channel, correction=F), correction=F) == pytest.approx(
        3.7483e-5, abs=5e-10
    )


def test_reach_with_the_source_midway():
    assert reach_km(0.5) == pytest.approx(308.1, abs=0.05), "published"


def test_a_source_nearer_to_one_end_reaches_less_far():
    reaches = [reach_km(share) for share in (0.5, 0.45, 0.4)]
    assert reaches == sorted(reaches, reverse=True)
    assert len(set(reaches)) == 3


@pytest.mark.parametrize("arms", [(1e-9, 1e-9), (1e-6, 0.1), (1e-4, 1e-3), (0.5, 1.0)])
@pytest.mark.parametrize("backgrounds", [(0.0, 0.0), (1e-12, 1e-6), (1e-3, 0.0), (0.3, 0.2)])
@pytest.mark.parametrize("misalignment", [0.0, 0.015, 0.5])
@pytest.mark.parametrize("pairs", [1e-9, 1e-3, 0.5])
def test_no_arm_is_too_weak_for_double_precision(arms, backgrounds, misalignment, pairs):
    channel = Bbm92Channel(*arms, *backgrounds, misalignment)
    q, e = exact_bbm92(*arms, *backgrounds, misalignment, pairs)
    assert gain(channel, pairs) == pytest.approx(q, rel=1e-14)
    assert error_rate(channel, pairs) == pytest.approx(e, rel=1e-13, abs=1e-16)


@given(channels, pair_numbers)
def test_gains_are_probabilities_and_error_rates_at_most_one_half(channel, pairs):
    assert 0 < gain(channel, pairs) <= 1
    assert 0 <= error_rate(channel, pairs) <= 0.5 + 1e-15


@given(channels, pair_numbers)
def test_no_rate_passes_the_ceiling_of_the_channel(channel, pairs):
    ceiling = plob_bound(channel.transmittance_a * channel.transmittance_b)
    assert rate_expected(channel, pairs, correction=1.0, sift=1.0) <= ceiling


@given(channels, pair_numbers)
def test_swapping_the_receivers_changes_nothing(channel, pairs):
    swapped = Bbm92Channel(
        channel.transmittance_b,
        channel.transmittance_a,
        channel.background_b,
        channel.background_a,
        channel.misalignment,
    )
    assert gain(swapped, pairs) == pytest.approx(float(gain(channel, pairs)), rel=1e-13)
    assert error_rate(swapped, pairs) == pytest.approx(float(error_rate(channel, pairs)), rel=1e-11, abs=1e-16)


@given(channels, st.floats(1, 100), st.floats(0, 1e-3), st.floats(0, 0.5))
def test_a_positive_rate_only_falls_with_loss_background_and_misalignment(channel, factor, background, error):
    eta_a, eta_b, y_a, y_b, e_d = (
        channel.transmittance_a,
        channel.transmittance_b,
        channel.background_a,
        channel.background_b,
        channel.misalignment,
    )
    worse = Bbm92Channel(
        [eta_a, eta_a / factor, eta_a, eta_a],
        eta_b,
        y_a,
        [y_b, y_b, y_b + background, y_b],
        [e_d, e_d, e_d, max(e_d, error)],
    )
    rate, *worse_rates = rate_expected(worse, optimal_pairs_per_mode(worse, correction=F), correction=F)
    assert max(worse_rates) <= max(rate, 0.0) * (1 + 1e-7) + 1e-15


@given(channels)
def test_the_best_number_of_pairs_beats_any_other(channel):
    peak = rate_expected(channel, optimal_pairs_per_mode(channel, correction=F), correction=F)
    others = rate_expected(channel, np.linspace(1e-3, 0.5, 200), correction=F)
    assert np.all(others <= peak + 1e-9 * np.abs(peak))


def test_each_basis_pays_for_its_own_errors():
    assert key_rate(1.0, 0.0, 0.11, correction=1.2, sift=1.0) > key_rate(1.0, 0.11, 0.0, correction=1.2, sift=1.0)
    assert key_rate(0.5, 0.0, 0.0, correction=1.2) == 0.25
    assert key_rate([0.0, 1e-3], [0.5, 0.01], [0.5, 0.5], correction=1.2).tolist() == pytest.approx(
        [0.0, -0.5e-3 * 1.2 * 0.0807931], rel=1e-5
    )


def test_no_pairs_and_no_background_make_no_coincidences():
    channel = Bbm92Channel([0.0, 0.5], 0.5, 0.0, 0.0, 0.01)
    assert gain(channel, [0.1, 0.0]).tolist() == [0.0, 0.0]
    assert error_rate(channel, [0.1, 0.0]).tolist() == [0.5, 0.5]
    assert rate_expected(channel, [0.1, 0.0], correction=F).tolist() == [0.0, 0.0]


def test_thousands_of_links_at_once_give_what_one_gives():
    eta = np.geomspace(1e-6, 1.0, 2000)
    many = Bbm92Channel(eta, eta[::-1], 1e-6, 1e-7, 0.01)
    best = optimal_pairs_per_mode(many, correction=F)
    rates = rate_expected(many, best, correction=F)
    for n in (0, 999, 1999):
        one = Bbm92Channel(eta[n], eta[::-1][n], 1e-6, 1e-7, 0.01)
        assert optimal_pairs_per_mode(one, correction=F) == best[n]
        assert rate_expected(one, best[n], correction=F) == pytest.approx(rates[n], rel=1e-12)

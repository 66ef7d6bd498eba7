import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bounds import single_repeater_bound
from qkdctl.physics.photons import transmittance
from qkdctl.physics.sns import (
    Observed,
    SnsChannel,
    SnsSettings,
    decoy_windows,
    expected,
    optimal_settings,
    proportional_settings,
    rate_expected,
    rate_observed,
    signal_windows,
    single_photon_bounds,
)

F = 1.1
CHANNEL = SnsChannel(0.008, 1e-11, 0.05)
SETTINGS = proportional_settings(0.45, 0.05)

arms = st.floats(-9, 0).map(lambda exponent: 10**exponent)
darks = st.one_of(st.just(0.0), st.floats(-13, -3).map(lambda exponent: 10**exponent))
channels = st.builds(SnsChannel, arms, darks, st.floats(0, 0.5))
settings = st.builds(proportional_settings, st.floats(1e-3, 1.0), st.floats(1e-3, 0.5))


def wang_yu_hu(length_km, misalignment):
    return SnsChannel(0.8 * transmittance(0.2 * np.asarray(length_km) / 2), 1e-11, misalignment)


def best_rate(channel):
    return rate_expected(channel, optimal_settings(channel, correction=F), correction=F)


def test_200_km_to_nine_digits():
    seen = expected(CHANNEL, SETTINGS)
    yield_1, error_1 = single_photon_bounds(SETTINGS, seen)
    assert yield_1 == pytest.approx(7.06201832e-3, abs=5e-12)
    assert error_1 == pytest.approx(0.0677628267, abs=5e-11)
    assert seen.signal == pytest.approx(3.59320511e-4, abs=5e-13)
    assert seen.signal_error == pytest.approx(0.0499146938, abs=5e-11)
    assert rate_observed(SETTINGS, seen, correction=F) == pytest.approx(1.06222314e-5, abs=5e-14)


@pytest.mark.parametrize(("length_km", "printed", "half_digit"), [(100, 3.87e-4, 5e-7), (700, 2.80e-10, 5e-13)])
def test_best_rates_at_five_percent_misalignment(length_km, printed, half_digit):
    assert best_rate(wang_yu_hu(length_km, 0.05)) == pytest.approx(printed, abs=half_digit)


def test_a_quarter_of_errors_in_the_interference_still_leaves_key_beyond_500_km():
    assert (best_rate(wang_yu_hu([500, 600], 0.25)) > 0).tolist() == [True, False]


def test_misalignment_shortens_the_reach():
    lengths = np.arange(300.0, 800.0, 25.0)
    reaches = [lengths[best_rate(wang_yu_hu(lengths, error)) > 0][-1] for error in (0.05, 0.15, 0.25, 0.35)]
    assert reaches == sorted(reaches, reverse=True)
    assert len(set(reaches)) == 4


def test_the_best_settings_beat_any_other():
    channel = wang_yu_hu(np.array([0.0, 200.0, 400.0]), np.array([[0.02], [0.25], [0.35]]))
    peak = best_rate(channel)
    for signal in np.geomspace(1e-3, 1.0, 40):
        for sending in np.geomspace(1e-3, 0.5, 40):
            assert np.all(rate_expected(channel, proportional_settings(signal, sending), correction=F) <= peak)


@given(channels, settings)
def test_bounds_hold_the_truth(channel, chosen):
    yield_1, error_1 = single_photon_bounds(chosen, expected(channel, chosen))
    eta, dark = channel.transmittance, channel.dark_probability
    truth = eta + 2 * dark * (1 - eta)
    wrong = channel.misalignment * eta + dark * (1 - eta)
    assert 0 <= yield_1 <= truth * (1 + 1e-9) + 1e-12
    assert 0 <= error_1 <= 0.5
    assert error_1 >= min(wrong / truth, 0.5) * (1 - 1e-9) - 1e-9


@given(channels, settings)
def test_gains_and_errors_are_probabilities(channel, chosen):
    seen = expected(channel, chosen)
    for part in (seen.background, seen.weak, seen.strong, seen.signal, seen.signal_error):
        assert 0 <= part <= 1
    assert 0 <= seen.weak_error <= 0.5


@given(channels, settings)
def test_no_rate_passes_the_ceiling_of_one_repeater(channel, chosen):
    assert rate_expected(channel, chosen, correction=1.0) <= single_repeater_bound(channel.transmittance**2)


@given(channels, st.floats(1, 100), st.floats(0, 1e-4), st.floats(0, 0.5))
def test_a_positive_rate_only_falls_with_loss_dark_counts_and_misalignment(channel, factor, dark, error):
    eta, p_d, e_a = channel.transmittance, channel.dark_probability, channel.misalignment
    worse = SnsChannel([eta, eta / factor, eta, eta], [p_d, p_d, p_d + dark, p_d], [e_a, e_a, e_a, max(e_a, error)])
    rate, *worse_rates = best_rate(worse)
    assert max(worse_rates) <= max(rate, 0.0) * (1 + 1e-6) + 1e-15


def test_the_rate_falls_with_the_root_of_the_transmittance_of_both_arms():
    rate = best_rate(wang_yu_hu([200, 400], 0.05))
    assert np.diff(np.log10(rate)) / (-0.1 * 0.2 * 200) == pytest.approx(0.5, abs=0.01)


def test_windows_are_what_the_expected_statistics_are_made_of():
    seen = expected(CHANNEL, SETTINGS)
    assert decoy_windows(CHANNEL, 0.0) == (2e-11, 0.5)
    assert decoy_windows(CHANNEL, SETTINGS.weak) == (seen.weak, seen.weak_error)
    assert signal_windows(CHANNEL, 0.45, 0.05) == (seen.signal, seen.signal_error)


def test_counts_of_many_links_scatter_around_the_expected_rate():
    rng = np.random.default_rng(2)
    mean = expected(SnsChannel(0.05, 1e-9, 0.02), SETTINGS)
    slots, links = 10**9, 500

    def counted(gain, error=0.0):
        clicks = rng.poisson(slots * gain, links)
        return clicks / slots, rng.binomial(clicks, error) / np.maximum(clicks, 1)

    weak, weak_error = counted(mean.weak, mean.weak_error)
    signal, signal_error = counted(mean.signal, mean.signal_error)
    seen = Observed(counted(mean.background)[0], weak, weak_error, counted(mean.strong)[0], signal, signal_error)
    rates = rate_observed(SETTINGS, seen, correction=F)
    assert rates.shape == (links,)
    assert rates.mean() == pytest.approx(float(rate_observed(SETTINGS, mean, correction=F)), rel=0.01)
    assert 0 < rates.std() < 0.1 * rates.mean()


@pytest.mark.parametrize(
    "seen",
    [
        Observed(0.0, 0.0, 0.5, 0.0, 0.0, 0.5),
        Observed(1e-9, 1e-3, 0.05, 0.5, 1e-3, 0.05),
        Observed(1e-9, 1e-2, 0.05, 1e-2, 1e-5, 0.05),
    ],
    ids=["nothing", "weak decoys blocked", "signals blocked"],
)
def test_a_contradiction_is_void_and_makes_no_key(seen):
    assert single_photon_bounds(SETTINGS, seen) == (0.0, 0.5)
    assert rate_observed(SETTINGS, seen, correction=F) <= 0


def test_dark_counts_alone_make_no_key():
    dark = SnsChannel([0.0, 1e-12], [1e-6, 1e-6], 0.01)
    assert np.all(rate_expected(dark, SETTINGS, correction=1.0) <= 0)


def test_only_the_slots_left_for_key_count():
    half = rate_expected(CHANNEL, SETTINGS, correction=F, duty=0.5)
    assert half == pytest.approx(0.5 * float(rate_expected(CHANNEL, SETTINGS, correction=F)))


def test_many_links_at_once_give_what_one_gives():
    lengths = np.linspace(0, 600, 101)
    many = wang_yu_hu(lengths, 0.05)
    chosen = optimal_settings(many, correction=F)
    rates = rate_expected(many, chosen, correction=F)
    assert rates.shape == (101,)
    for n in (0, 50, 100):
        one = wang_yu_hu(lengths[n], 0.05)
        alone = optimal_settings(one, correction=F)
        assert (alone.signal, alone.sending) == (pytest.approx(chosen.signal[n]), pytest.approx(chosen.sending[n]))
        assert rate_expected(one, alone, correction=F) == pytest.approx(rates[n], rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((0.5, 0.05, 0.5, 0.5), "0 < weak < strong"),
        ((0.5, 0.05, 0.0, 0.5), "0 < weak < strong"),
        ((0.0, 0.05, 0.1, 0.5), "signal > 0"),
        ((0.5, 0.0, 0.1, 0.5), r"\(0, 1\)"),
        ((0.5, [0.5, 1.0], 0.1, 0.5), r"\(0, 1\)"),
    ],
)
def test_settings_outside_their_ranges_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        SnsSettings(*wrong)

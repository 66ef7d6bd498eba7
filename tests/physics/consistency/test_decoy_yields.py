import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, error_rate, gain, n_photon_yield, single_photon_error
from qkdctl.physics.consistency.binomial import chernoff_interval, exactly
from qkdctl.physics.consistency.decoy_yields import check_passive, check_yields, program_from_counts, program_from_gains
from qkdctl.physics.consistency.signatures import splitting_gain
from qkdctl.physics.consistency.single_photons import single_photons
from qkdctl.physics.consistency.tally import Tally
from qkdctl.physics.consistency.yield_check import estimates
from qkdctl.physics.decoy import Observed, two_decoy_bounds
from qkdctl.physics.photons import transmittance

MUS = np.array([0.5, 0.1, 0.0])
METRO = Channel(1e-3, 1e-6, 0.01)
PULSES = 10**10

channels = st.builds(
    Channel,
    st.floats(-6, 0).map(lambda exponent: 10**exponent),
    st.floats(-9, -3).map(lambda exponent: 10**exponent),
    st.floats(0, 0.5),
)
few = settings(max_examples=25)


def seen(channel, mus):
    return gain(channel, mus)[np.newaxis], error_rate(channel, mus)[np.newaxis]


def drawn(rng, gains, error_rates, pulses=PULSES):
    sent = np.full((2, len(np.ravel(gains))), pulses)
    detected = rng.binomial(sent, np.ravel(gains))
    return Tally(sent, detected, rng.binomial(detected, np.ravel(error_rates)))


def expected(channel, mus, pulses=PULSES):
    gains, errors = seen(channel, mus)
    detected = np.round(pulses * gains)
    return Tally(np.full_like(gains, pulses), detected, np.round(detected * errors))


@pytest.mark.parametrize(
    ("channel", "mus", "yield_1", "error_1"),
    [
        (METRO, (0.5, 0.1, 0.0), 9.7030659347e-4, 1.1931291905e-2),
        (Channel(1e-3, 2e-6, 0.01), (0.5, 0.15, 0.01), 9.491462829e-4, 1.349634072e-2),
    ],
    ids=["vacuum and weak", "two decoys"],
)
def test_the_program_is_at_least_as_tight_as_the_closed_forms(channel, mus, yield_1, error_1):
    gains, errors = seen(channel, np.array(mus))
    found = single_photons(program_from_gains(mus, exactly(gains), exactly(gains * errors)))
    assert yield_1 * (1 - 1e-6) <= found.yield_low[0] <= n_photon_yield(channel, 1)
    assert single_photon_error(channel) <= found.error_high()[0] <= error_1 * (1 + 1e-6)


@few
@given(channels, st.floats(0.2, 1.0), st.floats(0.05, 0.95), st.floats(0, 0.9))
def test_bounds_bracket_the_truth_and_beat_the_closed_forms(channel, mu, strong, weak):
    nu = strong * mu / 2
    mus = np.array([mu, nu, weak * nu])
    gains, errors = seen(channel, mus)
    found = single_photons(program_from_gains(mus, exactly(gains), exactly(gains * errors)))
    truth = float(n_photon_yield(channel, 1))
    # a difference of intensities close to each other magnifies the rounding of the solver
    slack = 1e-9 * float(gains.max()) / (nu * (1 - weak)) ** 2
    closed = two_decoy_bounds(*(Observed(m, q, e) for m, q, e in zip(mus, gains[0], errors[0], strict=True)))
    assert closed.yield_1 - slack <= found.yield_low[0] <= truth + slack
    assert truth - slack <= found.yield_high[0]
    if closed.yield_1 > 100 * slack:
        assert found.error_high()[0] <= closed.error_1 * (1 + 1e-3) + 1e-6


@few
@given(channels, st.integers(3, 13), st.floats(0.2, 1.0))
def test_what_an_honest_channel_is_expected_to_show_is_always_explained(channel, exponent, mu):
    mus = np.array([mu, mu / 5, 0.0])
    tally = expected(channel, mus, 10**exponent)
    for check in (check_yields, check_passive):
        outcome = check(mus, tally, significance=1e-3)
        assert (outcome.finding(), outcome.p_value) == (None, 1)


@few
@given(channels, st.floats(-1, 1), st.floats(-1, 1))
def test_intensities_within_the_tolerance_are_explained(channel, first, second):
    true = MUS * (1 + 0.05 * np.array([first, second, 0.0]))
    tally = expected(channel, true, 10**12)
    assert check_passive(MUS, tally, significance=1e-6, tolerance=0.05).finding() is None


def test_finite_counts_bound_the_truth_from_both_sides():
    rng = np.random.default_rng(5)
    for pulses in (10**7, 10**9, 10**11):
        tally = drawn(rng, *seen(METRO, MUS), pulses)
        found = single_photons(program_from_counts(MUS, tally, significance=1e-6))
        assert np.all(found.yield_low <= n_photon_yield(METRO, 1))
        assert np.all(found.yield_high >= n_photon_yield(METRO, 1))
        assert np.all(found.error_high() >= single_photon_error(METRO))


def test_the_significance_is_shared_by_both_ends_of_all_estimates():
    sent, detected, errors = np.full((2, 3), 1000), np.full((2, 3), 100), np.full((2, 3), 7)
    for found, count, trials in zip(
        estimates(sent, detected, errors, 1e-3), (detected, errors), (sent, sent), strict=True
    ):
        alone = chernoff_interval(count, trials, 1e-3 / (2 * 2 * 6))
        assert np.array_equal(found.low, alone.low)
        assert np.array_equal(found.high, alone.high)


def test_honest_links_are_not_accused():
    rng = np.random.default_rng(6)
    accused = 0
    for exponent in np.repeat(np.linspace(4, 12, 9), 8):
        tally = drawn(rng, *seen(METRO, MUS), int(10**exponent))
        accused += bool(check_passive(MUS, tally, significance=1e-3).failed)
    assert accused == 0


def test_splitting_photons_leaves_no_yields_that_mere_loss_could_have():
    rng = np.random.default_rng(7)
    gys = Channel(0.045 * transmittance(21), 1.7e-6, 0.033)
    mus = np.array([0.48, 0.05, 0.0])
    attacked = splitting_gain(gys, 0.48, mus)
    tally = drawn(rng, attacked, error_rate(gys, mus), 10**8)
    assert check_passive(mus, drawn(rng, *seen(gys, mus), 10**8), significance=1e-9).finding() is None
    found = check_passive(mus, tally, significance=1e-9).finding()
    assert found.test == "decoy-passive-channel"
    assert found.statistic > found.bound
    assert found.p_value <= 1e-9
    assert "too few clicks of 0.05 photons" in found.sentence
    # it is no impossibility: the yields of the attack explain it, and they prove no single photons
    assert check_yields(mus, tally, significance=1e-9).finding() is None
    assert single_photons(program_from_counts(mus, tally, significance=1e-9)).yield_low.max() == 0


@pytest.mark.parametrize(
    "forge",
    [
        lambda gains: gains * [1, 1.6, 1],
        lambda gains: gains * [1, 0, 1],
        lambda gains: gains[[1, 0, 2]],
        lambda gains: gains * [1900, 1, 1],
    ],
    ids=["decoy embellished", "decoy without clicks", "intensities swapped", "signal embellished"],
)
def test_forged_gains_are_impossible(forge):
    gains, errors = seen(METRO, MUS)
    tally = drawn(np.random.default_rng(8), forge(gains[0]), errors, 10**9)
    found = check_yields(MUS, tally, significance=1e-12).finding()
    assert found is not None
    assert found.p_value <= 1e-12
    assert found.sigmas > 7


def test_a_decoy_dimmer_than_claimed_shows():
    true = MUS * [1, 0.95, 1]
    tally = drawn(np.random.default_rng(9), *seen(METRO, true))
    assert check_passive(MUS, tally, significance=1e-6).failed
    assert not check_passive(MUS, tally, significance=1e-6, tolerance=0.05).failed


@pytest.mark.parametrize("factor", [0.8, 1.1])
def test_a_factor_common_to_all_intensities_cannot_show(factor):
    tally = expected(METRO, MUS * factor)
    assert not check_passive(MUS, tally, significance=1e-3).failed


def test_errors_have_to_fit_together_too():
    gains, errors = seen(METRO, MUS)
    tally = drawn(np.random.default_rng(10), gains, errors * [1, 0, 1], 10**11)
    found = check_yields(MUS, tally, significance=1e-12).finding()
    assert "errors" in found.sentence


def test_the_p_value_tells_a_narrow_failure_from_a_wide_one():
    def p_value(factor):
        gains, errors = seen(METRO, MUS)
        tally = drawn(np.random.default_rng(12), gains * [1, factor, 1], errors, 10**8)
        return check_passive(MUS, tally, significance=1e-3).p_value

    assert 1e-3 > p_value(0.9) > 1e-40 > p_value(0.5) > 0


def test_one_basis_may_be_tested_alone():
    both = expected(METRO, MUS)
    alone = Tally(both.sent[0], both.detected[0], both.errors[0])
    assert not check_yields(MUS, alone, significance=1e-3).failed


def test_counts_of_other_intensities_are_refused():
    with pytest.raises(ValueError, match="3 intensities"):
        check_yields(MUS, Tally([[1, 1]], [[0, 0]], [[0, 0]]), significance=1e-3)
    with pytest.raises(ValueError, match="errors <= detected"):
        check_yields(MUS, Tally([1, 1, 1], [0, 0, 0], [0, 1, 0]), significance=1e-3)


def test_counts_that_nothing_explains_bound_nothing():
    gains, errors = seen(METRO, MUS)
    tally = drawn(np.random.default_rng(13), gains * [1, 0, 1], errors, 10**9)
    assert single_photons(program_from_counts(MUS, tally, significance=1e-6)) is None

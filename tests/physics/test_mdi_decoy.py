import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.mdi import MdiChannel, rate_infinite_decoy, single_pair_error, single_pair_yield
from qkdctl.physics.mdi_decoy import (
    DECOY,
    SIGNAL,
    WEAKER,
    Cells,
    Intensities,
    expected_cells,
    rate_decoy,
    single_pair_bounds,
)

F = 1.16
CHANNEL = MdiChannel(0.0145, 0.0145, 3.01e-6, 0.015)
SETTING = Intensities(0.55, 0.005, 0.0)

arms = st.floats(-5, 0).map(lambda exponent: 10**exponent)
darks = st.one_of(st.just(0.0), st.floats(-12, -3).map(lambda exponent: 10**exponent))
channels = st.builds(MdiChannel, arms, arms, darks, st.floats(0, 0.5))


@st.composite
def settings(draw):
    mu = draw(st.floats(0.1, 1.0))
    nu = mu * draw(st.floats(0.02, 0.9))
    return Intensities(mu, nu, nu * draw(st.one_of(st.just(0.0), st.floats(1e-3, 0.9))))


def honest(channel, setting):
    z, x = expected_cells(channel, setting)
    return z, x, single_pair_bounds(setting, z, x)


def test_lo_curty_qi_link_of_100_km():
    z, _, bounds = honest(CHANNEL, SETTING)
    assert bounds.yield_z == pytest.approx(1.0445244e-4, abs=5e-12)
    assert bounds.yield_x == pytest.approx(1.0377222e-4, abs=5e-12)
    assert bounds.error_x == pytest.approx(0.018709117, abs=5e-10)
    assert rate_decoy(SETTING, z, bounds, correction=F) == pytest.approx(4.679772e-6, abs=5e-13), "published"


@given(channels, settings())
def test_decoys_never_beat_full_knowledge(channel, setting):
    z, x, bounds = honest(channel, setting)
    # what double precision leaves of differences of cells, in units of the yield
    grain = 1e-13 * float(np.max([np.max(z.gain), np.max(x.gain)])) / (setting.decoy - setting.weaker) ** 2
    true_yield, true_error = float(single_pair_yield(channel)), float(single_pair_error(channel))
    for bound in (bounds.yield_z, bounds.yield_x):
        assert 0 <= bound <= true_yield + grain
    assert 0 <= bounds.error_x <= 0.5
    if bounds.yield_x > 0:
        assert bounds.error_x >= true_error - grain / bounds.yield_x
    full = float(rate_infinite_decoy(channel, setting.signal, setting.signal, correction=F))
    assert rate_decoy(setting, z, bounds, correction=F) <= full + grain


@given(channels, settings())
def test_swapping_the_arms_changes_nothing(channel, setting):
    swapped = MdiChannel(
        channel.transmittance_b, channel.transmittance_a, channel.dark_probability, channel.misalignment
    )
    (z, x, bounds), (z_swapped, x_swapped, same) = honest(channel, setting), honest(swapped, setting)
    for one, other in ((z, z_swapped), (x, x_swapped)):
        assert one.gain == pytest.approx(np.transpose(other.gain), rel=1e-12)
        assert one.error_gain == pytest.approx(np.transpose(other.error_gain), rel=1e-12)
    grain = 1e-13 * float(np.max(x.gain)) / (setting.decoy - setting.weaker) ** 2
    transposed = single_pair_bounds(setting, *(Cells(np.transpose(c.gain), np.transpose(c.error_gain)) for c in (z, x)))
    for again in (same, transposed):
        assert again.yield_z == pytest.approx(float(bounds.yield_z), rel=1e-9, abs=grain)
        assert again.yield_x == pytest.approx(float(bounds.yield_x), rel=1e-9, abs=grain)


@given(channels, st.floats(0.2, 1.0), st.floats(0.01, 0.5))
def test_weaker_decoys_bound_better(channel, mu, nu_share):
    setting, weaker = Intensities(mu, nu_share * mu, 0.0), Intensities(mu, nu_share * mu / 2, 0.0)
    grain = 1e-13 / (weaker.decoy**2)
    assert honest(channel, weaker)[2].yield_z >= honest(channel, setting)[2].yield_z - grain


@pytest.mark.parametrize("weaker", [0.0, 0.02, 0.09])
def test_pairs_of_one_photon_are_singled_out_and_those_of_one_and_two_cancel(weaker):
    mu = np.array([0.6, 0.1, weaker])
    yields = np.zeros((3, 3))
    yields[:2, :2], yields[1, 2], yields[2, 1] = [[1e-6, 2e-5], [3e-5, 1e-3]], 4e-3, 5e-3
    numbers = np.exp(-mu)[:, np.newaxis] * mu[:, np.newaxis] ** np.arange(3) / [1, 1, 2]
    gain = numbers @ yields @ numbers.T
    errors = numbers @ (yields * [[0.5, 0.5, 0], [0.5, 0.02, 0], [0, 0, 0]]) @ numbers.T
    bounds = single_pair_bounds(Intensities(*mu), Cells(gain, errors), Cells(gain, errors))
    assert bounds.yield_z == pytest.approx(1e-3, rel=1e-9)
    assert bounds.yield_x == pytest.approx(1e-3, rel=1e-9)
    assert bounds.error_x == pytest.approx(0.02, rel=1e-9)


def test_with_decoys_close_to_nothing_the_bounds_meet_the_truth():
    bounds = honest(CHANNEL, Intensities(0.5, 1e-3, 0.0))[2]
    assert bounds.yield_z == pytest.approx(float(single_pair_yield(CHANNEL)), rel=2e-3)
    assert bounds.error_x == pytest.approx(float(single_pair_error(CHANNEL)), rel=5e-2)


def test_only_the_second_arm_sets_the_second_axis():
    z, _ = expected_cells(MdiChannel(0.1, 0.01, 0.0, 0.01), Intensities(0.5, 0.1, 0.01))
    assert z.gain[SIGNAL, WEAKER] < z.gain[WEAKER, SIGNAL] * 1.01
    assert z.gain[SIGNAL, DECOY] > z.gain[SIGNAL, WEAKER]
    assert z.gain[SIGNAL, WEAKER] != pytest.approx(z.gain[WEAKER, SIGNAL], rel=1e-6)


def test_counts_of_many_links_scatter_around_the_expected_bounds():
    rng = np.random.default_rng(4)
    channel = MdiChannel(np.full(400, 0.05), np.full(400, 0.05), 1e-7, 0.01)
    setting = Intensities(0.5, 0.1, 0.01)
    pairs = np.full((400, 3, 3), 10**11)
    z, x = expected_cells(channel, setting)
    cells = []
    for expected in (z, x):
        coincidences = rng.poisson(pairs * expected.gain)
        errors = rng.binomial(coincidences, expected.error_gain / expected.gain)
        cells.append(Cells.of_counts(pairs, coincidences, errors))
    got, mean = single_pair_bounds(setting, *cells), single_pair_bounds(setting, z, x)
    for counted, expected in ((got.yield_z, mean.yield_z), (got.yield_x, mean.yield_x), (got.error_x, mean.error_x)):
        assert counted.shape == (400,)
        assert counted.mean() == pytest.approx(expected[0], rel=0.02)
        assert 0 < counted.std() < 0.2 * expected[0]


@pytest.mark.parametrize("kind", ["nothing", "too much single", "no weak pulses"])
def test_a_contradiction_is_void_and_makes_no_key(kind):
    z, _ = expected_cells(CHANNEL, SETTING)
    gain = {
        "nothing": np.zeros((3, 3)),
        "too much single": np.where(np.arange(9).reshape(3, 3) == 4, 0.5, z.gain),
        "no weak pulses": np.where(np.arange(3) == WEAKER, np.nan, z.gain),
    }[kind]
    forged = Cells(gain, gain / 10)
    bounds = single_pair_bounds(SETTING, forged, forged)
    assert (bounds.yield_z, bounds.yield_x, bounds.error_x) == (0.0, 0.0, 0.5)
    assert rate_decoy(SETTING, forged, bounds, correction=F) <= 0
    assert single_pair_bounds(SETTING, z, forged).yield_z > 0
    assert rate_decoy(SETTING, z, single_pair_bounds(SETTING, z, forged), correction=F) < 0


def test_links_that_sent_nothing_are_void_and_the_others_are_not():
    pairs = np.zeros((2, 3, 3))
    pairs[1] = 1e12
    z, x = (Cells.of_counts(pairs, pairs * c.gain, pairs * c.error_gain) for c in expected_cells(CHANNEL, SETTING))
    bounds = single_pair_bounds(SETTING, z, x)
    rates = rate_decoy(SETTING, z, bounds, correction=F)
    assert (bounds.yield_z[0], bounds.error_x[0], rates[0]) == (0.0, 0.5, 0.0)
    assert rates[1] == pytest.approx(4.679772e-6, rel=1e-6)


def test_thousands_of_links_at_once_give_what_one_gives():
    eta = np.geomspace(1e-4, 0.5, 1000)
    many = MdiChannel(eta, eta[::-1], 1e-7, 0.01)
    setting = Intensities(np.linspace(0.3, 0.9, 1000), 0.05, 0.0)
    z, _, bounds = honest(many, setting)
    rates = rate_decoy(setting, z, bounds, correction=F)
    for n in (0, 500, 999):
        one = Intensities(setting.signal[n], 0.05, 0.0)
        z_one, _, bounds_one = honest(MdiChannel(eta[n], eta[::-1][n], 1e-7, 0.01), one)
        assert rates[n] == pytest.approx(float(rate_decoy(one, z_one, bounds_one, correction=F)), rel=1e-12)


@pytest.mark.parametrize("wrong", [(0.5, 0.5, 0.0), (0.5, 0.1, 0.1), (0.5, 0.1, -0.1), (0.1, 0.5, 0.0)])
def test_intensities_must_be_ordered(wrong):
    with pytest.raises(ValueError, match="mu > nu > w >= 0"):
        Intensities(*wrong)

"""Best finite keys: figure 1 of Lim et al. 2014, one decoy against two, and no false "no key"."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.decoy_counts import IntensitySettings
from qkdctl.physics.finite.finite_link import FiniteLink, FiniteSource, expect_block
from qkdctl.physics.finite.finite_optimum import optimal_one_decoy, optimal_two_decoys
from qkdctl.physics.finite.security import Security
from qkdctl.physics.photons import transmittance

SECURITY = Security(1e-9, 1e-15)


def low_noise_link(loss_db, block, security=SECURITY):
    channel = Channel(0.2 * transmittance(loss_db), 2 * 1e-8, 0.01)
    return FiniteLink(channel, block, correction=1.16, security=security)


def rate_of_figure_1(key_clicks, length_km):
    """Bits per pulse with a secrecy of 1e-15 per bit of key, which the key itself decides."""
    channel = Channel(0.1 * transmittance(0.2 * length_km), 2 * 6e-7, 0.005)
    bits = 0.2 * key_clicks
    for _ in range(5):
        security = Security(secrecy=1e-15 * bits, correctness=1e-15)
        link = FiniteLink(channel, BlockSize(key_clicks, "key_clicks"), 1.16, security, afterpulse_probability=0.04)
        best = optimal_two_decoys(link, weakest=2e-4)
        bits = float(best.block.key.length)
    return best.block.rate()


@pytest.mark.parametrize(
    ("key_clicks", "length_km", "read_off", "last_digit"),
    [
        (1e5, 0, 1.58e-3, 1e-5),
        (1e7, 0, 5.2e-3, 1e-4),
        (1e7, 50, 5.0e-4, 1e-5),
        (1e7, 100, 4.6e-5, 1e-6),
        (1e9, 100, 8.2e-5, 1e-6),
    ],
)
def test_figure_1_of_lim_2014(key_clicks, length_km, read_off, last_digit):
    assert rate_of_figure_1(key_clicks, length_km) == pytest.approx(read_off, abs=0.15 * read_off + last_digit / 2)


@pytest.mark.parametrize(("key_clicks", "least", "most"), [(1e6, 3.7, 4.1), (1e9, 1.1, 1.4)])
def test_one_decoy_beats_two_by_a_few_percent(key_clicks, least, most):
    links = low_noise_link([10, 20, 30], BlockSize(key_clicks, "key_clicks"))
    percent = 100 * (optimal_one_decoy(links).block.rate() / optimal_two_decoys(links, weakest=0.0).block.rate() - 1)
    assert percent.min() == pytest.approx(least, abs=0.05)
    assert percent.max() == pytest.approx(most, abs=0.05)


def test_two_decoys_beat_one_for_small_blocks_and_for_endless_ones():
    links = low_noise_link(10, BlockSize([1e5, 1e13], "key_clicks"))
    assert np.all(optimal_two_decoys(links).block.rate() > 1.01 * optimal_one_decoy(links).block.rate())


@pytest.mark.parametrize("optimum", [optimal_one_decoy, optimal_two_decoys])
def test_a_hundred_thousand_pulses_make_no_key(optimum):
    best = optimum(low_noise_link([0, 10, 20], BlockSize(1e5, "pulses")))
    assert np.all(best.block.rate() < 0)
    assert np.all(best.block.key.bits() == 0)


@pytest.mark.parametrize(("optimum", "module"), [(optimal_one_decoy, rusca2018), (optimal_two_decoys, lim2014)])
def test_an_optimum_is_a_source_that_exists_and_does_what_it_says(optimum, module):
    link = low_noise_link([0, 20, 40], BlockSize(1e7, "key_clicks"))
    best = optimum(link)
    mu, p = (
        np.asarray(part) for part in (best.source.settings.mean_photon_numbers, best.source.settings.probabilities)
    )
    assert mu.max() <= 1
    assert p.min() >= 1e-3
    assert np.all((best.source.key_basis_probability >= 1e-3) & (best.source.key_basis_probability <= 0.999))
    again = expect_block(link, best.source, module.key_length)
    assert np.array_equal(again.rate(), best.block.rate())
    assert np.array_equal(again.key.length, best.block.key.length)
    assert again.key_clicks == pytest.approx([1e7] * 3)


@settings(max_examples=10, deadline=None)
@given(st.floats(0, 45), st.floats(5, 12), st.data())
def test_no_other_source_does_better(loss_db, exponent, data):
    link = low_noise_link(loss_db, BlockSize(10**exponent, "key_clicks"))
    best = optimal_one_decoy(link).block.rate()
    mu, q = data.draw(st.floats(0.05, 1.0)), data.draw(st.floats(0.3, 0.99))
    nu, first = mu * data.draw(st.floats(0.05, 0.9)), data.draw(st.floats(0.05, 0.95))
    other = FiniteSource(IntensitySettings([mu, nu], [first, 1 - first]), q)
    assert expect_block(link, other, rusca2018.key_length).rate() <= max(best, 0.0) + 1e-6 * abs(best)


@pytest.mark.parametrize("optimum", [optimal_one_decoy, optimal_two_decoys])
@pytest.mark.parametrize("block", [BlockSize(1e5, "key_clicks"), BlockSize(1e10, "pulses")])
def test_no_plateau_hides_a_key_on_the_way_to_the_last_decibel(optimum, block):
    losses = np.arange(0.0, 70.0, 4.0)
    rates = optimum(low_noise_link(losses, block)).block.rate()
    reach = np.flatnonzero(rates > 0)
    assert 5 < len(reach) < 17
    assert np.array_equal(reach, np.arange(len(reach))), "a hole in the reach is a key that was missed"
    assert np.all(np.diff(rates[reach]) < 0)


def test_the_last_key_is_found_where_sources_that_hardly_click_would_lose_least_per_pulse():
    links = low_noise_link([49.8, 50.2, 50.4, 51.0], BlockSize(1e4, "key_clicks"))
    assert (optimal_one_decoy(links).block.rate() > 0).tolist() == [True, True, True, False]


def test_larger_blocks_give_more_per_pulse():
    rates = optimal_two_decoys(low_noise_link(20, BlockSize(np.geomspace(1e4, 1e14, 11), "key_clicks"))).block.rate()
    assert np.all(np.diff(rates) > 0)


def test_a_link_that_never_clicks_gives_no_key_and_no_warning():
    dead = FiniteLink(Channel([0.0, 0.1], 0.0, 0.01), BlockSize(1e6, "key_clicks"), 1.16, SECURITY)
    assert (optimal_one_decoy(dead).block.rate() > 0).tolist() == [False, True]


@pytest.mark.parametrize("number", [0.0, -1.0, np.inf])
def test_blocks_that_are_none_are_refused(number):
    with pytest.raises(ValueError, match="positive number of pulses"):
        BlockSize(number, "pulses")


@pytest.mark.parametrize("weakest", [-1e-3, 0.005, 0.1])
def test_a_weakest_intensity_that_leaves_no_room_is_refused(weakest):
    with pytest.raises(ValueError, match="weakest intensity"):
        optimal_two_decoys(low_noise_link(0, BlockSize(1e6, "pulses")), weakest=weakest)

"""What holds for every finite key: bounds on the safe side, less than full knowledge gives, no surprise in corners."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.physics.bb84 import Channel, n_photon_yield, single_photon_error
from qkdctl.physics.bounds import plob_bound
from qkdctl.physics.detectors import error_rate_with_afterpulses
from qkdctl.physics.entropy import h2
from qkdctl.physics.finite import lim2014, rusca2018
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.expected_counts import expected_block
from qkdctl.physics.finite.security import Security

FIELDS = ("vacuum", "single", "test_single", "test_single_errors", "phase_error", "length")


def decades(low, high):
    return st.floats(low, high).map(lambda exponent: 10**exponent)


@st.composite
def three_intensities(draw):
    mu, share, weak = draw(st.floats(0.05, 1.0)), draw(st.floats(0.02, 0.98)), draw(st.floats(0, 0.3))
    third = weak * mu / 2
    second = third + share * (mu - 2 * third)
    first = draw(st.floats(0.01, 0.97))
    other = draw(st.floats(0.02, 0.98)) * (1 - first)
    return lim2014, IntensitySettings([mu, second, third], [first, other, 1 - first - other])


@st.composite
def two_intensities(draw):
    mu, first = draw(st.floats(0.05, 1.0)), draw(st.floats(0.01, 0.99))
    return rusca2018, IntensitySettings([mu, draw(st.floats(0.02, 0.98)) * mu], [first, 1 - first])


analyses = st.one_of(three_intensities(), two_intensities())
ordinary = st.builds(Channel, decades(-5, -0.3), decades(-10, -6), st.floats(0, 0.05))
extreme = st.builds(Channel, decades(-8, 0), st.one_of(st.just(0.0), decades(-11, -2)), st.floats(0, 0.5))
channels = st.one_of(ordinary, extreme)
pulses = st.one_of(decades(0, 17), decades(10, 17))
biases = st.floats(0.02, 0.98)
afterpulses = st.one_of(st.just(0.0), st.floats(0, 0.1))
securities = st.builds(Security, decades(-20, -3), decades(-20, -3))


@given(analyses, channels, pulses, biases, afterpulses, securities)
def test_bounds_lie_on_the_safe_side_of_the_truth(analysis, channel, n, q, p_ap, security):
    module, settings = analysis
    block = expected_block(channel, settings, pulses=n, key_basis_probability=q, afterpulse_probability=p_ap)
    key = module.key_length(block, settings, correction=1.16, security=security)
    in_key, in_test = n * q**2 * (1 + p_ap), n * (1 - q) ** 2 * (1 + p_ap)
    tau0, tau1 = settings.photon_number_probability(0), settings.photon_number_probability(1)
    yield0, yield1 = n_photon_yield(channel, 0), n_photon_yield(channel, 1)
    error = error_rate_with_afterpulses(single_photon_error(channel), p_ap)
    slack = 1e-9 * float(block.key.total_clicks() + block.test.total_clicks())
    assert key.vacuum <= in_key * tau0 * yield0 + slack
    assert key.single <= in_key * tau1 * yield1 + slack
    assert key.test_single <= in_test * tau1 * yield1 + slack
    assert key.test_single_errors >= in_test * tau1 * yield1 * error - slack
    assert min(error, 0.5) - 1e-6 <= key.phase_error <= 0.5


@given(analyses, channels, pulses, biases, afterpulses, securities)
def test_no_finite_key_is_longer_than_full_knowledge_would_give(analysis, channel, n, q, p_ap, security):
    module, settings = analysis
    block = expected_block(channel, settings, pulses=n, key_basis_probability=q, afterpulse_probability=p_ap)
    key = module.key_length(block, settings, correction=1.16, security=security)
    tau0, tau1 = settings.photon_number_probability(0), settings.photon_number_probability(1)
    error = error_rate_with_afterpulses(single_photon_error(channel), p_ap)
    known = tau0 * n_photon_yield(channel, 0) + tau1 * n_photon_yield(channel, 1) * (1 - h2(error))
    full = n * q**2 * (1 + p_ap) * known - 1.16 * block.key.total_clicks() * h2(block.key.error_rate())
    assert key.length <= full + 1e-9 * float(block.key.total_clicks())


@given(analyses, channels, pulses, biases, securities)
def test_no_key_passes_the_ceiling_of_the_channel(analysis, channel, n, q, security):
    module, settings = analysis
    block = expected_block(channel, settings, pulses=n, key_basis_probability=q)
    key = module.key_length(block, settings, correction=1.0, security=security)
    assert key.length / n <= plob_bound(channel.transmittance)


@given(analyses, channels, pulses, biases, securities, st.floats(1, 100), decades(-9, -1), st.floats(0, 0.5))
def test_a_key_only_shrinks_with_loss_background_errors_and_afterpulses(
    analysis, channel, n, q, security, factor, noise, error
):
    module, settings = analysis
    eta, y0, e_d = channel.transmittance, channel.background, channel.misalignment
    worse = Channel(
        [eta, eta / factor, eta, eta, eta],
        [y0, y0, min(y0 + noise, 1.0), y0, y0],
        [e_d, e_d, e_d, max(e_d, error), e_d],
    )
    block = expected_block(
        worse, settings, pulses=n, key_basis_probability=q, afterpulse_probability=[0, 0, 0, 0, noise]
    )
    length, *worse_lengths = module.key_length(block, settings, correction=1.16, security=security).length
    assert max(worse_lengths) <= max(length, 0.0) * (1 + 1e-9) + 1e-6


@given(analyses, channels, pulses, biases, securities, st.floats(1, 1e3))
def test_a_larger_block_that_gives_key_gives_more_per_pulse(analysis, channel, n, q, security, factor):
    module, settings = analysis

    def per_pulse(number):
        block = expected_block(channel, settings, pulses=number, key_basis_probability=q)
        return module.key_length(block, settings, correction=1.16, security=security).length / number

    small = per_pulse(n)
    if small > 0:
        assert per_pulse(n * factor) >= small * (1 - 1e-9)


@given(analyses, channels, pulses, biases, decades(-20, -3), st.floats(1, 1e6))
def test_more_security_costs_key(analysis, channel, n, q, secrecy, factor):
    module, settings = analysis
    block = expected_block(channel, settings, pulses=n, key_basis_probability=q)
    loose = module.key_length(block, settings, correction=1.16, security=Security(secrecy, 1e-9)).length
    tight = module.key_length(block, settings, correction=1.16, security=Security(secrecy / factor, 1e-9)).length
    assert tight <= max(loose, 0.0) + 1e-9 * abs(loose)


@st.composite
def any_counts(draw, intensities):
    sizes = st.one_of(st.just(0), st.integers(0, 100), st.integers(0, 10**12))
    clicks = draw(st.lists(sizes, min_size=intensities, max_size=intensities))
    return BasisCounts(clicks, [draw(st.integers(0, n)) for n in clicks])


@given(analyses, st.data(), securities)
def test_whatever_was_counted_the_result_is_finite_and_credits_nothing_negative(analysis, data, security):
    module, settings = analysis
    intensities = len(settings.mean_photon_numbers)
    block = BlockCounts(key=data.draw(any_counts(intensities)), test=data.draw(any_counts(intensities)))
    key = module.key_length(block, settings, correction=1.16, security=security)
    assert all(np.isfinite(getattr(key, name)) for name in FIELDS)
    assert 0 <= key.phase_error <= 0.5
    assert key.vacuum >= 0
    assert key.single >= 0
    assert key.vacuum + key.single <= block.key.total_clicks()
    assert 0 <= key.bits() <= block.key.total_clicks()
    assert key.bits() == max(0, int(np.floor(key.length)))


@given(analyses, st.data())
def test_every_further_error_costs_key_whatever_pulse_it_came_from(analysis, data):
    module, settings = analysis
    block = expected_block(Channel(0.1, 1e-6, 0.01), settings, pulses=1e9, key_basis_probability=0.9)
    k = data.draw(st.integers(0, len(settings.mean_photon_numbers) - 1))
    worse = np.array(block.key.errors)
    worse[k] += 0.2 * block.key.clicks[k]
    noisy = BlockCounts(key=BasisCounts(block.key.clicks, worse), test=block.test)
    before, after = (
        module.key_length(b, settings, correction=1.16, security=Security()).length for b in (block, noisy)
    )
    assert after < before


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        (lim2014, IntensitySettings([0.5, 0.1, 2e-4], [0.7, 0.2, 0.1])),
        (rusca2018, IntensitySettings([0.5, 0.1], [0.8, 0.2])),
    ],
)
def test_thousands_of_links_at_once_give_what_each_gives_alone(module, settings):
    generator = np.random.default_rng(7)
    eta, noise, bad = 10 ** generator.uniform(-5, 0, 3000), 10 ** generator.uniform(-9, -4, 3000), np.full(3000, 0.01)
    n, q = 10 ** generator.uniform(5, 13, 3000), generator.uniform(0.5, 0.98, 3000)
    expected = expected_block(Channel(eta, noise, bad), settings, pulses=n, key_basis_probability=q)
    bases = [
        BasisCounts(generator.poisson(basis.clicks), generator.binomial(0, 0.5, np.shape(basis.clicks)))
        for basis in (expected.key, expected.test)
    ]
    block = BlockCounts(*(BasisCounts(b.clicks, generator.binomial(b.clicks, 0.02)) for b in bases))
    many = module.key_length(block, settings, correction=1.16, security=Security())
    assert many.length.shape == (3000,)
    assert 100 < np.count_nonzero(many.bits()) < 2900
    for link in range(0, 3000, 300):
        one = BlockCounts(*(BasisCounts(b.clicks[link], b.errors[link]) for b in (block.key, block.test)))
        alone = module.key_length(one, settings, correction=1.16, security=Security())
        for name in FIELDS:
            assert getattr(many, name)[link] == pytest.approx(float(getattr(alone, name)), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        (lim2014, IntensitySettings([0.5, 0.1, 2e-4], [0.7, 0.2, 0.1])),
        (rusca2018, IntensitySettings([0.5, 0.1], [0.8, 0.2])),
    ],
)
def test_a_few_hundred_clicks_prove_no_single_photon(module, settings):
    block = expected_block(Channel(0.01, 1e-6, 0.01), settings, pulses=1e5, key_basis_probability=0.9)
    key = module.key_length(block, settings, correction=1.16, security=Security())
    assert 100 < block.key.total_clicks() < 1000
    assert (key.vacuum, key.single, key.test_single, key.phase_error) == (0.0, 0.0, 0.0, 0.5)


def test_links_may_differ_in_everything():
    settings = IntensitySettings([[0.5, 0.1, 2e-4], [0.6, 0.2, 0.0]], [[0.7, 0.2, 0.1], [0.6, 0.2, 0.2]])
    channel = Channel([0.01, 0.1], 1e-6, [0.005, 0.02])
    security = Security([1e-9, 1e-12], [1e-15, 1e-9])
    block = expected_block(channel, settings, pulses=[1e9, 1e10], key_basis_probability=[0.9, 0.5])
    both = lim2014.key_length(block, settings, correction=[1.1, 1.2], security=security).length
    second = IntensitySettings([0.6, 0.2, 0.0], [0.6, 0.2, 0.2])
    alone = expected_block(Channel(0.1, 1e-6, 0.02), second, pulses=1e10, key_basis_probability=0.5)
    length = lim2014.key_length(alone, second, correction=1.2, security=Security(1e-12, 1e-9)).length
    assert both[1] == pytest.approx(float(length), rel=1e-12)


@pytest.mark.parametrize("module", [lim2014, rusca2018])
def test_more_single_photons_than_clicks_prove_a_lie_and_nothing_else(module):
    # the decoy clicks ten times more often than its claimed intensity lets it
    settings = {
        lim2014: IntensitySettings([0.5, 0.1, 1e-3], [0.4, 0.3, 0.3]),
        rusca2018: IntensitySettings([0.5, 0.1], [0.5, 0.5]),
    }[module]
    number = len(settings.mean_photon_numbers)
    clicks = np.array([4e5, 3e7, 1e2])[:number]
    lie = BasisCounts(clicks, np.zeros(number))
    key = module.key_length(BlockCounts(lie, lie), settings, correction=1.16, security=Security())
    assert (key.vacuum, key.single, key.phase_error) == (0.0, 0.0, 0.5)
    assert key.length < 0
    assert key.bits() == 0

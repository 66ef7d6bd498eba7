import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma, norm

from hil_sim.channels.averages import averaged_variance, gamma_gamma_averages, neighbour_covariance
from hil_sim.channels.epoch_fading import EpochFading
from hil_sim.channels.fading import GammaGammaFading, LogNormalFading
from hil_sim.channels.gamma_process import GammaProcess
from hil_sim.channels.scintillation import (
    gamma_gamma_fade_probability,
    gamma_gamma_orders,
    log_normal_fade_probability,
)
from qkdctl.physics.bb84 import Channel, rate_infinite_decoy
from qkdctl.physics.detectors import background_yield
from qkdctl.physics.hardware import PRESETS as HARDWARE
from qkdctl.physics.photons import transmittance
from qkdctl.physics.protocols import rate_at_loss, reach_db
from tests.hil_sim.channels.laws import DEVIATIONS, assert_law, assert_mean, assert_same_law, rng

LINKS = 40_000
STRONG = 1.6


def test_a_gamma_process_is_stationary_with_an_exponential_correlation():
    process, noise = GammaProcess(np.full(LINKS, 2.5), 3.0), rng()
    start = process.start(noise)
    end = process.walk(start, 4, 0.5, noise)[-1]
    for state in (start, end):
        assert_law(state, gamma(2.5, scale=1 / 2.5).cdf)
    assert_mean((start - 1) * (end - 1), math.exp(-2 / 3) / 2.5)


@pytest.mark.parametrize("steps", [1, 6])
def test_a_gamma_process_has_exact_moments_whatever_the_steps(steps):
    order, keep, x = 2.5, math.exp(-0.4), 3.0
    end = GammaProcess(np.full(LINKS, order), 5.0).walk(np.full(LINKS, x), steps, 2.0 / steps, rng(steps))[-1]
    scale = (1 - keep) / order
    mean = 1 + keep * (x - 1)
    assert_mean(end, mean)
    assert_mean((end - mean) ** 2, scale**2 * order + 2 * scale * keep * x)


def test_the_gamma_law_after_one_step_and_after_many_is_one():
    process = GammaProcess(np.full(LINKS, 0.8), 5.0)
    ends = [process.walk(np.full(LINKS, 0.3), steps, 4.0 / steps, rng(steps))[-1] for steps in (1, 9)]
    assert_same_law(*ends)


def test_log_normal_light_fades_as_it_should():
    fading, noise = LogNormalFading(np.full(LINKS, 1.0), 5e-3), rng()
    light = fading.irradiance(fading.walk(fading.start(noise), 3, 0.05, noise))[-1]
    assert_mean(light, 1)
    assert_law(np.log(light), norm(-math.log(2) / 2, math.sqrt(math.log(2))).cdf)
    assert_mean(light < 10**-0.3, float(log_normal_fade_probability(1.0, 3.0)))


def test_gamma_gamma_light_fades_as_it_should():
    fading, noise = GammaGammaFading.of_rytov_variance(np.full(LINKS, STRONG)), rng()
    light = fading.irradiance(fading.walk(fading.start(noise), 3, 0.002, noise))[-1]
    assert_mean(light, 1)
    assert_mean((light - 1) ** 2, float(fading.averaged_variance(1e-9)[0]))
    for fade_db in (3.0, 10.0):
        chance = gamma_gamma_fade_probability(fading.alpha[0], fading.beta[0], fade_db)
        assert_mean(light < 10 ** (-fade_db / 10), float(chance))


@pytest.mark.parametrize("fading", [LogNormalFading(0.9), GammaGammaFading.of_rytov_variance(STRONG)])
@pytest.mark.parametrize("span_over_time", [0.5, 4.0])
def test_the_variance_of_an_average_is_the_integral_of_the_autocovariance(fading, span_over_time):
    links, steps, span_s = 20_000, 100, span_over_time * 5e-3
    many, noise = fading.resized((links,)), rng()
    average = many.irradiance(many.walk(many.start(noise), steps, span_s / steps, noise)).mean(axis=0)
    assert_mean(average, 1)
    # the mean of 100 points differs from the integral by about (span/time)^2 / (12 * 100^2)
    assert_mean((average - 1) ** 2, float(fading.averaged_variance(span_s)) * (1 + span_over_time**2 / 120_000))


@pytest.mark.parametrize("x", [1e-9, 1e-4, 9.99e-4, 1.001e-3, 0.1, 3.0, 1e5])
def test_averages_keep_their_digits_for_short_and_long_spans(x):
    with localcontext() as context:
        context.prec = 50
        span = Decimal(x)
        exact = 2 * (span - 1 + (-span).exp()) / span**2
    assert averaged_variance(x) == pytest.approx(float(exact), rel=2e-10)


@pytest.mark.parametrize("x", [0.1, 1.0, 5.0])
def test_averaged_gamma_gamma_light_is_the_integral_of_its_autocovariance(x):
    a, b = 3.0, 0.7

    def autocovariance(apart):
        kept = math.exp(-abs(apart) * x)
        return kept / a + kept / b + kept**2 / (a * b)

    # the difference of two times within one span, and in two neighbouring ones, has a triangular density
    variance = 2 * quad(lambda t: (1 - t) * autocovariance(t), 0, 1)[0]
    covariance = quad(lambda t: (1 - abs(t - 1)) * autocovariance(t), 0, 2, points=[1])[0]
    assert gamma_gamma_averages(a, b, x) == (pytest.approx(variance), pytest.approx(covariance))


@given(st.floats(1e-12, 1e9))
def test_averages_lose_variance_the_longer_they_are(x):
    kept, shared = averaged_variance(x), neighbour_covariance(x)
    assert 0 < shared <= kept * (1 + 1e-12) <= 1 + 1e-12
    # two neighbours together are one average of twice the length
    assert (kept + shared) / 2 == pytest.approx(averaged_variance(2 * x), rel=1e-9)
    assert kept >= averaged_variance(1.5 * x) * (1 - 1e-9)


def test_an_epoch_sees_the_variance_and_neighbourhood_of_true_averages():
    links, points, step_s = 10_000, 50, 0.02
    true = GammaGammaFading.of_rytov_variance(np.full(links, 1.0), 5e-3)
    noise = rng()
    light = true.irradiance(true.walk(true.start(noise), 2 * points, step_s / points, noise))
    averages = light.reshape(2, points, links).mean(axis=1)
    model = EpochFading(np.full(links, 1.0), 5e-3)
    path = model.walk(model.start(noise), 2, step_s, noise)
    modelled = 10 ** (-model.excess_db(path, step_s) / 10)
    for statistic in (lambda pair: (pair[1] - 1) ** 2, lambda pair: (pair[0] - 1) * (pair[1] - 1)):
        one, other = statistic(averages), statistic(modelled)
        spread = math.hypot(one.std(), other.std()) / math.sqrt(links)
        assert abs(one.mean() - other.mean()) < DEVIATIONS * spread
    assert_mean(modelled, 1)


@pytest.mark.parametrize(("rytov", "before_the_end"), [(0.2, 1.024), (STRONG, 1.103)])
def test_flicker_within_a_step_matters_to_the_rate_near_the_end_of_the_reach_only(rytov, before_the_end):
    kind = HARDWARE["snspd-a"]
    nodes, weights = np.polynomial.legendre.leggauss(100)
    share = (nodes + 1) / 2
    large, small = (gamma.ppf(share, order, scale=1 / order) for order in gamma_gamma_orders(rytov))
    light, weight = np.outer(large, small), np.outer(weights, weights) / 4

    def mean_over_rate_of_mean(loss_db):
        mu = rate_at_loss("bb84", kind, loss_db).mean_photon_number
        background = background_yield(kind.dark_probability)
        channel = Channel(kind.efficiency * transmittance(loss_db) * light, background, kind.misalignment)
        rates = rate_infinite_decoy(channel, mu, correction=kind.correction, sift=1.0)
        return (weight * rates).sum() / rate_at_loss("bb84", kind, loss_db).rate

    assert mean_over_rate_of_mean(20.0) == pytest.approx(1.0, abs=5e-4)
    assert mean_over_rate_of_mean(reach_db("bb84", kind) - 3) == pytest.approx(before_the_end, abs=2e-3)


def test_telemetry_of_a_second_hardly_flickers():
    model = EpochFading(np.full(LINKS, STRONG), 5e-3)
    loss = model.excess_db(model.walk(model.start(rng()), 2, 1.0, rng(2)), 1.0)
    assert 0.3 < loss.std() < 0.5
    assert abs(np.corrcoef(loss[0], loss[1])[0, 1]) < 0.05


def test_links_without_turbulence_keep_their_loss_among_others():
    model = EpochFading([0.0, STRONG])
    assert not model.off
    loss = model.excess_db(model.walk(model.start(rng()), 50, 0.01, rng()), 0.01)
    assert not np.any(loss[:, 0])
    assert np.all(loss[:, 1])


def test_calm_air_is_off():
    assert EpochFading([0.0, 0.0]).off
    assert LogNormalFading([0.0, 0.0]).off

"""Every public formula takes arrays for each of its arguments, which broadcast, and gives what it gives for numbers."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import qkdctl.physics
from qkdctl.physics import (
    bb84,
    bbm92,
    bessel,
    bounds,
    chsh,
    decoy,
    detectors,
    entropy,
    error_budget,
    error_thresholds,
    gg02,
    gllp,
    intensity,
    intensity_error,
    mdi,
    mdi_decoy,
    photons,
    protocols,
    sns,
    twin_field,
)
from qkdctl.physics.consistency import binomial, blinding, finding, mdi_bands, sample_size, signatures
from qkdctl.physics.finite import fluctuations
from qkdctl.physics.hardware import PRESETS

BB84 = [(0.01, 0.3), (0.0, 1e-4), (0.0, 0.03)]
MDI = [(0.01, 0.3), (0.02, 1.0), (0.0, 1e-4), (0.0, 0.03)]
SNS = [(0.01, 0.3), (0.0, 1e-4), (0.02, 0.2)]
TF = [(1e-3, 0.3), (0.0, 1e-4), (0.0, 0.3), (0.0, 0.2)]
BBM92 = [(0.01, 0.3), (0.02, 1.0), (0.0, 1e-4), (1e-5, 1e-4), (0.0, 0.03)]
CV = [(0.1, 1.0), (0.0, 0.05), (0.5, 1.0), (0.0, 0.1)]
MU, NU, F, SHARE = (0.4, 0.7), (0.05, 0.1), (1.0, 1.2), (0.5, 1.0)


def seen(channel, mu):
    return decoy.Observed(mu, bb84.gain(channel, mu), bb84.error_rate(channel, mu))


def with_channel(kind, arguments, function, *, named=()):
    """A call of the function with a channel of the first so many arguments, the last ones by name."""

    def call(*values):
        channel, rest = kind(*values[:arguments]), values[arguments:]
        positional = rest[: len(rest) - len(named)]
        return function(channel, *positional, **dict(zip(named, rest[len(positional) :], strict=True)))

    return call


def on_bb84(function, *, named=()):
    return with_channel(bb84.Channel, 3, function, named=named)


def on_mdi(function, *, named=()):
    return with_channel(mdi.MdiChannel, 4, function, named=named)


def on_sns(function, *, named=()):
    return with_channel(sns.SnsChannel, 3, function, named=named)


def on_tf(function, *, named=()):
    return with_channel(twin_field.TwinFieldChannel, 4, function, named=named)


def on_bbm92(function, *, named=()):
    return with_channel(bbm92.Bbm92Channel, 5, function, named=named)


def on_cv(function, *, named=()):
    return with_channel(gg02.CvChannel, 4, function, named=named)


def two_decoys(mu, nu1, nu2, q):
    signals = (decoy.Observed(k, q * k + 1e-5, 0.01 + 1e-7 / (q * k + 1e-5)) for k in (mu, nu1, nu2))
    found = decoy.two_decoy_bounds(*signals)
    return found.background, found.yield_1, found.error_1


def mdi_cells(arm, mu, nu):
    chosen = mdi_decoy.Intensities(mu, nu, 0.0)
    z, x = mdi_decoy.expected_cells(mdi.MdiChannel(arm, 0.1, 1e-6, 0.01), chosen)
    found = mdi_decoy.single_pair_bounds(chosen, z, x)
    rate = mdi_decoy.rate_decoy(chosen, z, found, correction=1.16)
    return found.yield_z, found.yield_x, found.error_x, rate


def drifting(eta, drift, fluctuation, mu, nu):
    error = intensity_error.IntensityError(drift, fluctuation)
    rates = intensity_error.rate_under_intensity_error(bb84.Channel(eta, 1e-6, 0.01), (mu, nu), error, correction=1.16)
    return rates.claimed, rates.true, rates.overclaim()


def sns_observed(arm, mu, sending, weak):
    channel, chosen = sns.SnsChannel(arm, 1e-8, 0.03), sns.SnsSettings(mu, sending, weak, 2 * weak)
    observed = sns.expected(channel, chosen)
    return (*sns.single_photon_bounds(chosen, observed), sns.rate_observed(chosen, observed, correction=1.1, duty=0.5))


FORMULAS = {
    bb84.n_photon_yield: (on_bb84(bb84.n_photon_yield), [*BB84, (0, 3)]),
    bb84.single_photon_error: (on_bb84(bb84.single_photon_error), BB84),
    bb84.gain: (on_bb84(bb84.gain), [*BB84, MU]),
    bb84.error_rate: (on_bb84(bb84.error_rate), [*BB84, MU]),
    bb84.single_photon_gain: (bb84.single_photon_gain, [MU, (0.0, 0.3)]),
    bb84.key_rate: (
        lambda q, e, q1, e1, f, share: bb84.key_rate((q, e), (q1, e1), f, share),
        [(0.0, 1e-2), (0.0, 0.1), (0.0, 1e-2), (0.0, 0.1), F, SHARE],
    ),
    bb84.rate_infinite_decoy: (
        on_bb84(bb84.rate_infinite_decoy, named=("correction", "sift")),
        [*BB84, MU, F, SHARE],
    ),
    decoy.two_decoy_bounds: (two_decoys, [MU, (0.1, 0.2), (0.0, 0.05), (1e-4, 1e-2)]),
    decoy.rate_decoy: (
        lambda eta, mu, nu, f: decoy.rate_decoy(
            seen(bb84.Channel(eta, 1e-6, 0.01), mu),
            decoy.vacuum_weak_bounds(
                seen(bb84.Channel(eta, 1e-6, 0.01), mu), seen(bb84.Channel(eta, 1e-6, 0.01), nu), 1e-6
            ),
            correction=f,
        ),
        [(1e-3, 0.1), MU, NU, F],
    ),
    intensity_error.rate_under_intensity_error: (drifting, [(1e-3, 0.1), (0.9, 1.1), (0.0, 0.1), MU, NU]),
    gllp.multi_photon_probability: (gllp.multi_photon_probability, [MU]),
    gllp.rate_without_decoys: (
        on_bb84(lambda channel, mu, f: gllp.rate_without_decoys(seen(channel, mu), correction=f)),
        [*BB84, (1e-3, 0.1), F],
    ),
    intensity.low_loss_mean_photon_number: (
        lambda e, f: intensity.low_loss_mean_photon_number(e, correction=f),
        [(0.0, 0.05), F],
    ),
    intensity.optimal_mean_photon_number: (
        on_bb84(intensity.optimal_mean_photon_number, named=("correction",)),
        [*BB84, F],
    ),
    mdi.gain_z: (on_mdi(mdi.gain_z), [*MDI, MU, NU]),
    mdi.error_z: (on_mdi(mdi.error_z), [*MDI, MU, NU]),
    mdi.gain_x: (on_mdi(mdi.gain_x), [*MDI, MU, NU]),
    mdi.error_x: (on_mdi(mdi.error_x), [*MDI, MU, NU]),
    mdi.single_pair_yield: (on_mdi(mdi.single_pair_yield), MDI),
    mdi.single_pair_error: (on_mdi(mdi.single_pair_error), MDI),
    mdi.rate_infinite_decoy: (
        on_mdi(mdi.rate_infinite_decoy, named=("correction", "sift")),
        [*MDI, MU, NU, F, SHARE],
    ),
    mdi.optimal_mean_photon_number: (on_mdi(mdi.optimal_mean_photon_number, named=("correction",)), [*MDI, F]),
    mdi_decoy.rate_decoy: (mdi_cells, [(0.01, 0.1), MU, NU]),
    mdi_bands.gain_ratio: (on_mdi(mdi_bands.gain_ratio), [*MDI, MU, NU]),
    mdi_bands.error_floor_x: (mdi_bands.error_floor_x, [(0.01, 0.2), (0.01, 0.2)]),
    mdi_bands.interference_visibility: (mdi_bands.interference_visibility, [(0.25, 0.3)]),
    mdi_bands.error_with_fabrication: (mdi_bands.error_with_fabrication, [(0.01, 0.25), (0.0, 0.1)]),
    sns.signal_windows: (on_sns(sns.signal_windows), [*SNS, MU, (0.05, 0.2)]),
    sns.decoy_windows: (on_sns(sns.decoy_windows), [*SNS, MU]),
    sns.rate_observed: (sns_observed, [(0.01, 0.1), MU, (0.05, 0.2), NU]),
    sns.single_photon_bounds: (sns_observed, [(0.01, 0.1), MU, (0.05, 0.2), NU]),
    sns.rate_expected: (
        on_sns(
            lambda channel, mu, e, f, duty: sns.rate_expected(
                channel, sns.proportional_settings(mu, e), correction=f, duty=duty
            )
        ),
        [*SNS, MU, (0.05, 0.2), F, SHARE],
    ),
    sns.optimal_sending: (on_sns(sns.optimal_sending, named=("correction",)), [*SNS, MU, F]),
    twin_field.polarization_angle_rad: (twin_field.polarization_angle_rad, [(0.0, 0.02)]),
    twin_field.gain: (on_tf(twin_field.gain), [*TF, NU]),
    twin_field.bit_error: (on_tf(twin_field.bit_error), [*TF, NU]),
    twin_field.phase_error_bound: (on_tf(twin_field.phase_error_bound), [*TF, NU]),
    twin_field.photon_number_yield: (on_tf(lambda channel: twin_field.photon_number_yield(channel, 3, 1)), TF),
    twin_field.key_rate: (on_tf(twin_field.key_rate, named=("correction", "duty")), [*TF, NU, F, SHARE]),
    twin_field.optimal_amplitude: (on_tf(twin_field.optimal_amplitude, named=("correction",)), [*TF, F]),
    bbm92.gain: (on_bbm92(bbm92.gain), [*BBM92, NU]),
    bbm92.error_rate: (on_bbm92(bbm92.error_rate), [*BBM92, NU]),
    bbm92.key_rate: (
        lambda q, z, x, f, share: bbm92.key_rate(q, z, x, correction=f, sift=share),
        [(0.0, 1e-3), (0.0, 0.03), (0.0, 0.03), F, SHARE],
    ),
    bbm92.rate_expected: (on_bbm92(bbm92.rate_expected, named=("correction", "sift")), [*BBM92, NU, F, SHARE]),
    bbm92.optimal_pairs_per_mode: (on_bbm92(bbm92.optimal_pairs_per_mode, named=("correction",)), [*BBM92, F]),
    gg02.mutual_information: (on_cv(gg02.mutual_information), [*CV, (1.0, 18.5)]),
    gg02.holevo_information: (on_cv(gg02.holevo_information), [*CV, (1.0, 18.5)]),
    gg02.key_rate: (on_cv(gg02.key_rate, named=("reconciliation",)), [*CV, (1.0, 18.5), (0.9, 1.0)]),
    gg02.optimal_modulation_variance: (
        on_cv(gg02.optimal_modulation_variance, named=("reconciliation",)),
        [*CV, (0.9, 0.95)],
    ),
    chsh.chsh_value: (chsh.chsh_value, [(0.0, 0.1)]),
    chsh.qber: (chsh.qber, [(2.0, 2.7)]),
    chsh.holevo_information: (chsh.holevo_information, [(1.0, 2.7)]),
    chsh.key_fraction: (chsh.key_fraction, [(0.0, 0.1), (2.0, 2.7)]),
    entropy.h2: (entropy.h2, [(0.0, 0.1)]),
    bounds.plob_bound: (bounds.plob_bound, [(0.1, 1.0)]),
    bounds.single_repeater_bound: (bounds.single_repeater_bound, [(0.1, 1.0)]),
    bessel.i0m1: (bessel.i0m1, [(0.1, 3.0)]),
    bessel.i0_beyond_parabola: (bessel.i0_beyond_parabola, [(0.1, 3.0)]),
    photons.photon_energy_j: (photons.photon_energy_j, [(1310, 1550)]),
    photons.mean_photon_number: (photons.mean_photon_number, [(1e-12, 1e-9), (1310, 1550), (1e6, 1e9)]),
    photons.transmittance: (photons.transmittance, [(0, 30)]),
    detectors.click_probability: (detectors.click_probability, [(0.0, 0.1), (0.0, 1e-6)]),
    detectors.dark_probability_per_gate: (detectors.dark_probability_per_gate, [(0.0, 100.0), (1e-9, 1e-8)]),
    detectors.background_yield: (detectors.background_yield, [(0.0, 1e-6)]),
    detectors.gain_with_afterpulses: (detectors.gain_with_afterpulses, [(0.0, 1e-2), (0.0, 0.04)]),
    detectors.error_rate_with_afterpulses: (detectors.error_rate_with_afterpulses, [(0.0, 1e-2), (0.0, 0.04)]),
    detectors.nonparalyzable_rate_hz: (detectors.nonparalyzable_rate_hz, [(0.0, 1e5), (0.0, 1e-5)]),
    detectors.paralyzable_rate_hz: (detectors.paralyzable_rate_hz, [(0.0, 1e5), (0.0, 1e-5)]),
    detectors.nonparalyzable_ceiling_hz: (detectors.nonparalyzable_ceiling_hz, [(1e-5, 1e-6)]),
    detectors.paralyzable_ceiling_hz: (detectors.paralyzable_ceiling_hz, [(1e-5, 1e-6)]),
    error_budget.loss_at_error_db: (
        on_bb84(error_budget.loss_at_error_db, named=("limit", "afterpulse_probability")),
        [*BB84, MU, (0.02, 0.1), (0.0, 0.01)],
    ),
    error_thresholds.bb84_error_threshold: (error_thresholds.bb84_error_threshold, [F]),
    fluctuations.hoeffding_deviation: (
        lambda n, eps: fluctuations.hoeffding_deviation(n, eps, terms=21),
        [(0, 1e6), (1e-9, 1e-6)],
    ),
    fluctuations.sampling_deviation: (
        lambda b, c, d, eps: fluctuations.sampling_deviation(b, c, d, eps, terms=21),
        [(0.0, 0.1), (0, 1e4), (1e3, 1e6), (1e-9, 1e-6)],
    ),
    protocols.rate_at_loss: (
        lambda loss, mu: [
            value
            for name in protocols.PROTOCOLS
            for point in [protocols.rate_at_loss(name, PRESETS["snspd-a"], loss, mu)]
            for value in (point.rate, point.gain, point.qber, point.phase_error)
        ],
        [(10.0, 20.0), (0.05, 0.2)],
    ),
    binomial.at_least: (binomial.at_least, [(0, 5), (4, 10), (0.1, 0.5)]),
    binomial.at_most: (binomial.at_most, [(0, 5), (4, 10), (0.1, 0.5)]),
    binomial.either_tail: (binomial.either_tail, [(0, 5), (8, 10), (0.1, 0.3), (0.3, 0.5)]),
    binomial.relative_entropy: (binomial.relative_entropy, [(0.0, 0.1), (0.0, 0.2)]),
    binomial.chernoff_interval: (
        lambda k, n, a: [getattr(binomial.chernoff_interval(k, n, a), end) for end in ("observed", "low", "high")],
        [(0, 5), (10, 100), (1e-9, 0.1)],
    ),
    blinding.double_click_probability: (blinding.double_click_probability, [(0.0, 0.1), (0.0, 1e-6), (0.01, 0.5)]),
    finding.sigmas: (finding.sigmas, [(0.0, 0.1)]),
    sample_size.expected_sample_size: (sample_size.expected_sample_size, [(0.01, 0.02), (0.05, 0.25), (1e-9, 1e-6)]),
    sample_size.hoeffding_sample_size: (sample_size.hoeffding_sample_size, [(0.01, 0.02), (0.05, 0.25), (1e-9, 1e-6)]),
    signatures.intercept_resend_error: (signatures.intercept_resend_error, [(0.0, 0.1), (0.0, 1.0)]),
    signatures.intercept_resend_error_six_state: (
        signatures.intercept_resend_error_six_state,
        [(0.0, 0.1), (0.0, 1.0)],
    ),
    signatures.intercepted_fraction: (signatures.intercepted_fraction, [(0.1, 0.2), (0.0, 0.1)]),
    signatures.measured_in_z_errors: (signatures.measured_in_z_errors, [(0.0, 0.1), (0.0, 1.0)]),
    signatures.pooled_error: (signatures.pooled_error, [(0.5, 0.9), (0.0, 0.1), (0.0, 0.5)]),
    signatures.random_injection_error: (signatures.random_injection_error, [(0.0, 0.1), (0.0, 1.0)]),
    signatures.splitting_gain: (on_bb84(signatures.splitting_gain), [(1e-4, 1e-3), *BB84[1:], MU, NU]),
    signatures.error_rate_deviation: (signatures.error_rate_deviation, [(0.0, 0.1), (10, 1e6)]),
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: f"{formula.__module__}.{formula.__name__}")
def test_arguments_broadcast(formula):
    call, choices = FORMULAS[formula]
    shapes = np.eye(len(choices), dtype=int) + 1
    together = call(*(np.reshape(pair, shape) for pair, shape in zip(choices, shapes, strict=True)))
    parts = together if isinstance(together, tuple | list) else [together]
    whole = (2,) * len(choices)
    # a few corners of the cube: each argument differs from one to the next
    for corner in (*np.eye(len(choices), dtype=int).tolist(), [0] * len(choices), [1] * len(choices)):
        alone = call(*(pair[n] for pair, n in zip(choices, corner, strict=True)))
        for part, one in zip(parts, alone if isinstance(alone, tuple | list) else [alone], strict=True):
            assert part.dtype == np.float64
            assert np.shape(one) == ()
            at = np.broadcast_to(part, whole)[tuple(corner)]
            assert at == pytest.approx(float(one), rel=1e-9, abs=1e-15, nan_ok=False)


HELD_ELSEWHERE = {
    *("floats", "quotient", "six_state_error_threshold"),
    *("scaled_interval", "single_photon_errors", "vacuum_ceiling"),  # the last axis counts intensities
    *(
        "spread_points",
        "survey",
        "climb",
        "best_of",
        "maximise",
        "safe_minimum",
        "error_at_zero",
    ),  # they take functions and points
    *("nested", "estimates", "observed_rate_ceiling"),
}
"""What takes no numbers, or arrays whose axes have a meaning; each is held by tests of its own."""


def test_no_public_formula_is_forgotten():
    found = set()
    for module in pkgutil.walk_packages(qkdctl.physics.__path__, "qkdctl.physics."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            returned = str(inspect.signature(function).return_annotation)
            if function.__module__ == module.name and not name.startswith("_") and "float64" in returned:
                found.add(name)
    assert found <= {formula.__name__ for formula in FORMULAS} | HELD_ELSEWHERE

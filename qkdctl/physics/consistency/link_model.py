"""Gains, error rates, loss and dark counts of one BB84 link are tied by two unknowns: do the reports fit together?

A node that embellishes one figure has to change all the others to match. The unknowns, transmittance and misalignment,
and the background about its reading, are fitted; the residual tells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri, ndtri

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.physics.consistency.binomial import either_tail, relative_entropy
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.consistency.tally import Tally, nested

LINK_MODEL = "bb84-link-model"

_STEPS = 40
_DIFFERENCE = 1e-5
_CONVERGED = 1e-7
# logarithms of transmittance, misalignment and background
_LOWEST = np.log([1e-12, 1e-9, 1e-14])
_HIGHEST = np.log([1.0, 0.5, 0.5])
_READINGS = 2


@dataclass(frozen=True, slots=True)
class Readings:
    """What instruments say of a link beside its counts; shape (*links,).

    Attributes:
        loss_db: measured loss from source to click, detectors included.
        loss_deviation_db: its standard deviation.
        background: probability of a click without light as measured while the link runs. Afterpulses belong to it; of
            InGaAs detectors they can be 25 times the dark counts.
        background_deviation: its relative standard deviation.
    """

    loss_db: ArrayLike
    loss_deviation_db: ArrayLike
    background: ArrayLike
    background_deviation: ArrayLike


@dataclass(frozen=True, slots=True)
class LinkFit:
    """The channel that explains the reports best.

    Attributes:
        channel: fitted transmittance, background and misalignment, shape (*links,).
        chi_square: sum of squared residuals, each the normal quantile of its exact probability.
        reports: number of residuals: a gain and an error rate per intensity, and two readings.
        p_value: chi-square probability of a residual this large. One degree of freedom per report, none taken off for
            the unknowns: the best fit leaves no more than the truth would, for any number of counts.
    """

    channel: Channel
    chi_square: Floats
    reports: int
    p_value: Floats


def fit_link(mean_photon_numbers: ArrayLike, tally: Tally, readings: Readings, *, tolerance: float = 0.0) -> LinkFit:
    """The channel that explains the counts of one basis and the readings best.

    Args:
        mean_photon_numbers: intensities, shape (intensities,) or (*links, intensities).
        tally: counts, shape (*links, intensities).
        readings: of the same links.
        tolerance: share by which gains and error rates may differ from the model, for afterpulses and the like.

    Raises:
        ValueError: for counts that are not nested, or deviations of readings that are not positive.
    """
    data = _Data(floats(mean_photon_numbers), *nested(tally), *_checked(readings), tolerance)
    best = _least_squares(data, _start(data))
    channel = _channel(best)
    chi_square = np.asarray((_quantile_residuals(data, channel) ** 2).sum(axis=-1))
    reports = 2 * data.sent.shape[-1] + _READINGS
    flat = Channel(
        *(floats(part)[..., 0] for part in (channel.transmittance, channel.background, channel.misalignment))
    )
    return LinkFit(flat, chi_square, reports, np.asarray(chdtrc(reports, chi_square)))


def check_link(
    mean_photon_numbers: ArrayLike, tally: Tally, readings: Readings, *, significance: float, tolerance: float = 0.0
) -> Check:
    """Whether any channel explains the reports of a link; arguments and errors as for `fit_link`."""
    fit = fit_link(mean_photon_numbers, tally, readings, tolerance=tolerance)
    reason = (
        f"gains, error rates, loss and dark counts fit no channel: the squares of {fit.reports} residuals add up to "
        "{statistic:.4g}, {bound:.4g} were allowed ({sigmas:.1f} sigma)"
    )
    allowed = chdtri(fit.reports, significance)
    return make_check(LINK_MODEL, fit.chi_square, allowed, fit.p_value, fit.p_value <= significance, reason)


@dataclass(frozen=True, slots=True)
class _Data:
    mean_photon_numbers: Floats
    sent: Floats
    detected: Floats
    errors: Floats
    log_transmittance: Floats
    log_transmittance_deviation: Floats
    log_background: Floats
    log_background_deviation: Floats
    tolerance: float

    def cells(self, channel: Channel) -> tuple[tuple[Floats, Floats, Floats], ...]:
        """Successes, trials and expected probability: clicks among pulses, then errors among clicks."""
        mu = self.mean_photon_numbers
        return (self.detected, self.sent, gain(channel, mu)), (self.errors, self.detected, error_rate(channel, mu))

    def reading_residuals(self, channel: Channel) -> list[Floats]:
        """Residuals of the readings in standard deviations, shape (*links, 1) each."""
        of_light = (np.log(channel.transmittance) - self.log_transmittance) / self.log_transmittance_deviation
        of_dark = (np.log(channel.background) - self.log_background) / self.log_background_deviation
        return [np.asarray(of_light), np.asarray(of_dark)]


def _checked(readings: Readings) -> tuple[Floats, Floats, Floats, Floats]:
    """The readings as natural logarithms with their deviations, shape (*links, 1) each."""
    loss, loss_deviation = floats(readings.loss_db), floats(readings.loss_deviation_db)
    background, deviation = floats(readings.background), floats(readings.background_deviation)
    if not (np.all(loss_deviation > 0) and np.all(deviation > 0) and np.all(background > 0)):
        raise ValueError(f"expected positive {loss_deviation!r} dB, {deviation!r} and background {background!r}")
    per_db = np.log(10.0) / 10
    logs = -loss * per_db, loss_deviation * per_db, np.log(background), deviation
    log_t, log_t_deviation, log_b, log_b_deviation = (np.asarray(part)[..., np.newaxis] for part in logs)
    return log_t, log_t_deviation, log_b, log_b_deviation


def _channel(logs: Floats) -> Channel:
    transmittance, misalignment, background = np.moveaxis(np.exp(logs), -1, 0)[..., np.newaxis]
    return Channel(transmittance, background, np.minimum(misalignment, 0.5))  # the logarithm of 1/2 is rounded


def _start(data: _Data) -> Floats:
    """Loss and background as read, misalignment as the clicks of all intensities together have it."""
    links = np.broadcast_shapes(data.sent.shape[:-1], data.log_transmittance.shape[:-1])
    rate = (data.errors.sum(axis=-1) + 0.5) / (data.detected.sum(axis=-1) + 1)
    parts = data.log_transmittance[..., 0], np.log(rate), data.log_background[..., 0]
    start = np.stack([np.broadcast_to(part, links) for part in parts], axis=-1)
    return np.asarray(np.clip(start, _LOWEST, _HIGHEST))


def _least_squares(data: _Data, logs: Floats) -> Floats:
    """Levenberg-Marquardt from this start, all links at once."""
    damping = np.full((*logs.shape[:-1], 1), 1e-3)
    residuals = _deviance_residuals(data, logs)
    for _ in range(_STEPS):
        shifted = [_deviance_residuals(data, logs - _DIFFERENCE * unit) for unit in np.eye(logs.shape[-1])]
        slope = np.stack([(residuals - other) / _DIFFERENCE for other in shifted], axis=-1)
        normal = np.einsum("...rp,...rq->...pq", slope, slope)
        diagonal = np.einsum("...pp->...p", normal) * damping + 1e-9
        downhill = -np.einsum("...rp,...r->...p", slope, residuals)
        step = np.linalg.solve(normal + diagonal[..., np.newaxis] * np.eye(3), downhill[..., np.newaxis])[..., 0]
        tried = np.clip(logs + np.clip(step, -2.0, 2.0), _LOWEST, _HIGHEST)
        if np.all(np.abs(tried - logs) < _CONVERGED):
            break
        found = _deviance_residuals(data, tried)
        better = (found**2).sum(axis=-1, keepdims=True) <= (residuals**2).sum(axis=-1, keepdims=True)
        logs, residuals = np.where(better, tried, logs), np.where(better, found, residuals)
        damping = np.clip(np.where(better, damping / 4, damping * 8), 1e-9, 1e9)
    return logs


def _deviance_residuals(data: _Data, logs: Floats) -> Floats:
    """Residuals whose squares are twice the log likelihood ratio: smooth, and right for few counts too."""
    channel = _channel(logs)
    parts = []
    for successes, trials, expected in data.cells(channel):
        rate = quotient(successes, trials, expected)
        deviance = 2 * trials * np.maximum(relative_entropy(rate, expected), 0.0)
        spread = expected * (1 - expected)
        share = spread / (spread + trials * (data.tolerance * expected) ** 2)
        parts.append(np.sign(rate - expected) * np.sqrt(deviance * share))
    shape = (*logs.shape[:-1], -1)
    return np.concatenate([np.reshape(part, shape) for part in (*parts, *data.reading_residuals(channel))], axis=-1)


def _quantile_residuals(data: _Data, channel: Channel) -> Floats:
    """Normal quantiles of the exact two-sided probability of each count, and the readings' residuals."""
    parts = []
    for successes, trials, expected in data.cells(channel):
        least, most = expected * (1 - data.tolerance), np.minimum(expected * (1 + data.tolerance), 1.0)
        parts.append(-ndtri(either_tail(successes, trials, least, most) / 2))
    return np.concatenate([*parts, *data.reading_residuals(channel)], axis=-1)

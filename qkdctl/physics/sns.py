"""Twin-field QKD by sending or not sending: key from who sent, which tolerates large misalignment.

Source: Wang, Yu, Hu, Phys. Rev. A 98, 062323 (2018), called WYH below, with the equation numbers of arXiv:1805.09222v9.
In a Z slot each side sends a pulse with a small probability and a bit is right when exactly one did; decoys in X slots
bound the single photons. What was counted and what a channel promises are kept apart, so counts can take the place of
the promise. The arms are equal. Arguments may be arrays; they broadcast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.entropy import h2
from qkdctl.physics.optimize import maximise
from qkdctl.physics.ranges import PROBABILITY, require

DECOY_RATIO = 0.2
"""Weak decoy per signal of the settings that `proportional_settings` makes."""


@dataclass(frozen=True, slots=True)
class SnsChannel:
    """What lies between the two sources and the clicks of the relay.

    Attributes:
        transmittance: power transmittance of one arm, in [0, 1], the relay's detectors included.
        dark_probability: p_d, probability of a dark count of one detector in one slot.
        misalignment: e_a, error probability of the interference of accepted X slots, in [0, 1].

    Raises:
        ValueError: for a number outside [0, 1].
    """

    transmittance: ArrayLike
    dark_probability: ArrayLike
    misalignment: ArrayLike

    def __post_init__(self) -> None:
        require(self, dict.fromkeys(self.__slots__, PROBABILITY))


@dataclass(frozen=True, slots=True)
class SnsSettings:
    """How both sides send.

    Attributes:
        signal: mean photon number mu' of a pulse sent in a Z slot.
        sending: e, probability that a side sends in a Z slot.
        weak: mean photon number m1 of the weak decoy, on each side.
        strong: mean photon number m2 of the strong decoy, on each side.

    Raises:
        ValueError: unless signal > 0, 0 < weak < strong and 0 < sending < 1.
    """

    signal: ArrayLike
    sending: ArrayLike
    weak: ArrayLike
    strong: ArrayLike

    def __post_init__(self) -> None:
        signal, e, weak, strong = floats(self.signal), floats(self.sending), floats(self.weak), floats(self.strong)
        if not np.all((weak > 0) & (strong > weak) & (signal > 0)):
            raise ValueError(f"settings must satisfy signal > 0 and 0 < weak < strong, got {self!r}")
        if not np.all((e > 0) & (e < 1)):
            raise ValueError(f"sending probability must lie in (0, 1), got {e!r}")


@dataclass(frozen=True, slots=True)
class Observed:
    """What the relay announced; gains are slots in which one detector alone clicked, per slot of the kind.

    Attributes:
        background: s0, gain of X slots in which nobody sends.
        weak: S_m1, gain of X slots in which both send the weak decoy.
        weak_error: E_m1, share of these clicks by the wrong detector, phase slices matched.
        strong: S_m2, gain of X slots in which both send the strong decoy.
        signal: S_Z, gain of Z slots.
        signal_error: E_Z, share of these clicks for which both sent or nobody did, in [0, 1].
    """

    background: ArrayLike
    weak: ArrayLike
    weak_error: ArrayLike
    strong: ArrayLike
    signal: ArrayLike
    signal_error: ArrayLike


def proportional_settings(signal: ArrayLike, sending: ArrayLike) -> SnsSettings:
    """The setting of WYH's figures: the strong decoy equals the signal, the weak one is a fifth of it."""
    mu = floats(signal)
    return SnsSettings(signal=mu, sending=sending, weak=DECOY_RATIO * mu, strong=mu)


def signal_windows(channel: SnsChannel, signal: ArrayLike, sending: ArrayLike) -> tuple[Floats, Floats]:
    """Expected gain and error rate (S_Z, E_Z) of Z slots (WYH eqs. 2 and 45).

    The error rate passes 1/2 where dark counts prevail, since mostly nobody sends.
    """
    e, dark = floats(sending), floats(channel.dark_probability)
    right = 2 * e * (1 - e) * _arrives(channel, signal)
    wrong = e**2 * _arrives(channel, 2 * floats(signal)) + (1 - e) ** 2 * 2 * dark
    return np.asarray(right + wrong), quotient(wrong, right + wrong, BACKGROUND_ERROR)


def decoy_windows(channel: SnsChannel, mean_photon_number: ArrayLike) -> tuple[Floats, Floats]:
    """Expected gain and error rate (S_m, E_m) of X slots in which each side sends this much (WYH eq. 44)."""
    arrives, dark = _arrives(channel, 2 * floats(mean_photon_number)), floats(channel.dark_probability)
    by_chance = 2 * dark * (1 - arrives)
    wrong = floats(channel.misalignment) * arrives + BACKGROUND_ERROR * by_chance
    return np.asarray(arrives + by_chance), quotient(wrong, arrives + by_chance, BACKGROUND_ERROR)


def expected(channel: SnsChannel, settings: SnsSettings) -> Observed:
    """What an honest relay announces on average."""
    background, _ = decoy_windows(channel, 0.0)
    weak, weak_error = decoy_windows(channel, settings.weak)
    strong, _ = decoy_windows(channel, settings.strong)
    signal, signal_error = signal_windows(channel, settings.signal, settings.sending)
    return Observed(background, weak, weak_error, strong, signal, signal_error)


def single_photon_bounds(settings: SnsSettings, observed: Observed) -> tuple[Floats, Floats]:
    """Lower bound s1 on the yield of single photons, upper bound on their phase error rate (WYH eqs. 6 to 9).

    A yield that is not positive, or would give the single photons of Z slots more clicks than there were, contradicts
    itself and is void: yield 0, error 1/2.
    """
    s0 = floats(observed.background)
    (p0, p1, p2), (q0, q1, q2) = _poisson(2 * floats(settings.weak)), _poisson(2 * floats(settings.strong))
    bound = q2 * (floats(observed.weak) - p0 * s0) - p2 * (floats(observed.strong) - q0 * s0)
    bound = bound / (q2 * p1 - p2 * q1)
    sound = (bound > 0) & (bound <= 1) & (_single_in_z(settings) * bound <= floats(observed.signal))
    wrong = floats(observed.weak) * floats(observed.weak_error) - p0 * s0 * BACKGROUND_ERROR
    error = wrong / np.where(sound, p1 * bound, 1.0)
    return np.asarray(np.where(sound, bound, 0.0)), np.asarray(np.where(sound, np.clip(error, 0.0, 0.5), 0.5))


def rate_observed(settings: SnsSettings, observed: Observed, *, correction: ArrayLike, duty: ArrayLike = 1.0) -> Floats:
    """Secret bits per slot that these statistics prove (WYH eq. 4); negative where there is no key.

    R = d { 2 e (1-e) mu' exp(-mu') s1 [1 - h2(e1)] - S_Z f h2(E_Z) }

    Args:
        settings: how both sides sent.
        observed: counted or expected.
        correction: inefficiency f >= 1 of error correction.
        duty: share d of slots that are Z slots; decoys and phase references take the rest.
    """
    yield_1, error_1 = single_photon_bounds(settings, observed)
    cost = floats(observed.signal) * floats(correction) * h2(observed.signal_error)
    return np.asarray(floats(duty) * (_single_in_z(settings) * yield_1 * (1 - h2(error_1)) - cost))


def rate_expected(
    channel: SnsChannel, settings: SnsSettings, *, correction: ArrayLike, duty: ArrayLike = 1.0
) -> Floats:
    """Secret bits per slot over this channel with an honest relay and many slots."""
    return rate_observed(settings, expected(channel, settings), correction=correction, duty=duty)


def optimal_settings(
    channel: SnsChannel,
    *,
    correction: ArrayLike,
    signals: tuple[float, float] = (1e-3, 1.0),
    sendings: tuple[float, float] = (1e-3, 0.5),
) -> SnsSettings:
    """Signal and sending probability in these ranges that maximise the rate, decoys in proportion."""

    def rate(log_signal: Floats, log_sending: Floats) -> Floats:
        settings = proportional_settings(np.exp(log_signal), np.exp(log_sending))
        return rate_expected(channel, settings, correction=correction)

    return proportional_settings(
        *(np.exp(best) for best in maximise(rate, _logarithms(signals), _logarithms(sendings)))
    )


def optimal_sending(
    channel: SnsChannel, signal: ArrayLike, *, correction: ArrayLike, lowest: float = 1e-3, highest: float = 0.5
) -> Floats:
    """Sending probability in [lowest, highest] that maximises the rate with this signal, decoys in proportion."""

    def rate(log_sending: Floats) -> Floats:
        return rate_expected(channel, proportional_settings(signal, np.exp(log_sending)), correction=correction)

    (best,) = maximise(rate, _logarithms((lowest, highest)))
    return np.asarray(np.exp(best))


def _logarithms(ends: tuple[float, float]) -> tuple[float, float]:
    """The range on the scale on which settings differ: large misalignment asks for a few thousandths."""
    lowest, highest = ends
    return float(np.log(lowest)), float(np.log(highest))


def _arrives(channel: SnsChannel, photons: ArrayLike) -> Floats:
    """Probability that light of this mean photon number makes a click."""
    return np.asarray(-np.expm1(-floats(channel.transmittance) * floats(photons)))


def _poisson(mean: Floats) -> tuple[Floats, Floats, Floats]:
    none = np.exp(-mean)
    return np.asarray(none), np.asarray(mean * none), np.asarray(mean**2 / 2 * none)


def _single_in_z(settings: SnsSettings) -> Floats:
    """Probability that one side alone sends in a Z slot, and a single photon."""
    mu, e = floats(settings.signal), floats(settings.sending)
    return np.asarray(2 * e * (1 - e) * mu * np.exp(-mu))

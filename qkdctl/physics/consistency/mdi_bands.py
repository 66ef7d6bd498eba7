"""Where the gains and error rates of an honest Bell measurement lie, and what a lying relay does to them.

In MDI-QKD secrecy never rests on the relay; these tests protect availability and the ranking of links. The model is
that of Ma and Razavi, Phys. Rev. A 86, 062319 (2012). Two weak pulses interfere with a visibility of 1/2 at most, so
the X basis has error rates near 1/4 by construction (Rubenok et al., Phys. Rev. Lett. 111, 130501 (2013), saw 26 to
27 % at 47 % over deployed fibre).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import BACKGROUND_ERROR
from qkdctl.physics.consistency.binomial import at_least, at_most, either_tail
from qkdctl.physics.consistency.finding import Check, make_check
from qkdctl.physics.consistency.tally import Tally, nested
from qkdctl.physics.mdi import MdiChannel, error_x, error_z, gain_x, gain_z

GAIN_RATIO = "mdi-gain-ratio"
ERROR_FLOOR = "mdi-error-floor"
ERROR_CEILING = "mdi-error-ceiling"


@dataclass(frozen=True, slots=True)
class Fabrication:
    """Share of announcements that a relay made up.

    Attributes:
        share: estimate g; scatters around 0 for an honest relay.
        deviation: its standard deviation there.
    """

    share: Floats
    deviation: Floats


def gain_ratio(channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike) -> Floats:
    """Q_X / Q_Z, which the misalignment does not change: 2 for weak pulses without dark counts; Q_Z must not be 0."""
    return np.asarray(gain_x(channel, mu_a, mu_b) / gain_z(channel, mu_a, mu_b))


def error_floor_x(arriving_a: ArrayLike, arriving_b: ArrayLike) -> Floats:
    """Lowest honest E_X of pulses that arrive with these mean photon numbers: no misalignment, no dark counts.

    It sinks below 1/4 as light grows, since pairs beyond one photon per side interfere too: .24686 at .05 per side,
    .23411 at .25.
    """
    perfect = MdiChannel(1.0, 1.0, dark_probability=0.0, misalignment=0.0)
    return error_x(perfect, arriving_a, arriving_b)


def interference_visibility(error_rate_x: ArrayLike) -> Floats:
    """Hong-Ou-Mandel visibility V that an error rate E_X = (1 - V)/2 stands for."""
    return np.asarray(1 - 2 * floats(error_rate_x))


def error_with_fabrication(error_rate: ArrayLike, share: ArrayLike) -> Floats:
    """Error rate in either basis when this share of announcements is made up, (1-g) E + g/2."""
    g = floats(share)
    return np.asarray((1 - g) * floats(error_rate) + g * BACKGROUND_ERROR)


def fabrication(honest: ArrayLike, tally: Tally) -> Fabrication:
    """Share of made-up announcements from both bases together, each weighted by what its counts can tell.

    Args:
        honest: error rates of an honest relay in Z and X, shape (..., 2), strictly between 0 and 1/2.
        tally: announcements and errors, same shape; at least one announcement in all.
    """
    _, detected, errors = nested(tally)
    expected = floats(honest)
    lever = BACKGROUND_ERROR - expected
    weight = detected / (expected * (1 - expected))
    precision = (weight * lever**2).sum(axis=-1)
    rate = quotient(errors, detected, expected)
    share = (weight * lever * (rate - expected)).sum(axis=-1) / precision
    return Fabrication(np.asarray(share), np.asarray(1 / np.sqrt(precision)))


def check_gain_ratio(
    channel: MdiChannel,
    mu_a: ArrayLike,
    mu_b: ArrayLike,
    tally: Tally,
    *,
    significance: float,
    tolerance: float = 0.0,
) -> Check:
    """Whether announcements split between the bases as interference has it.

    Given all announcements of both bases, those in X are binomial; of weak pulses very few are announced, so that this
    holds to the order of the gain.

    Args:
        channel: arms and relay; the misalignment does not matter.
        mu_a: intensity of the first sender, shape (...).
        mu_b: the same of the second.
        tally: pairs sent and announced in Z and X, shape (..., 2).
        significance: probability of accusing an honest relay.
        tolerance: share by which the ratio may differ from the model.
    """
    sent, detected, _ = nested(tally)
    ratio = gain_ratio(channel, mu_a, mu_b)
    least, most = (_share_of_x(sent, ratio * (1 + sign * tolerance)) for sign in (-1, 1))
    p_value = either_tail(detected[..., 1], detected.sum(axis=-1), least, most)
    seen = detected[..., 1] * sent[..., 0]
    scale = detected[..., 0] * sent[..., 1]
    statistic = quotient(seen, scale, np.inf)
    reason = "the X basis was announced {statistic:.4g} times as often as Z instead of {bound:.4g} ({sigmas:.1f} sigma)"
    return make_check(GAIN_RATIO, statistic, ratio, p_value, p_value <= significance, reason)


def check_error_floor(arriving_a: ArrayLike, arriving_b: ArrayLike, tally_x: Tally, *, significance: float) -> Check:
    """Whether E_X is as high as interference of weak pulses makes it at least.

    Args:
        arriving_a: highest mean photon number at which pulses of the first sender can arrive at the relay's detectors.
        arriving_b: the same of the second.
        tally_x: announcements and errors in X.
        significance: probability of accusing an honest relay.
    """
    _, detected, errors = nested(tally_x)
    floor = error_floor_x(arriving_a, arriving_b)
    p_value = at_most(errors, detected, floor)
    reason = "E_X of {statistic:.4g} lies below {bound:.4g}, the least of honest interference ({sigmas:.1f} sigma)"
    return make_check(
        ERROR_FLOOR, quotient(errors, detected, BACKGROUND_ERROR), floor, p_value, p_value <= significance, reason
    )


def check_error_ceiling(
    channel: MdiChannel, mu_a: ArrayLike, mu_b: ArrayLike, tally: Tally, *, significance: float
) -> Check:
    """Whether E_Z and E_X stay below the model at the largest misalignment that is still called honest.

    A relay that measures every pulse in Z shows in X alone, where it drives the errors to 1/2.

    Args:
        channel: arms and relay, with that misalignment.
        mu_a: intensity of the first sender, shape (...).
        mu_b: the same of the second.
        tally: announcements and errors in Z and X, shape (..., 2).
        significance: probability of accusing an honest relay in either basis of a link.
    """
    _, detected, errors = nested(tally)
    limit = np.stack([error_z(channel, mu_a, mu_b), error_x(channel, mu_a, mu_b)], axis=-1)
    p_value = np.minimum(1.0, 2 * at_least(errors, detected, limit))
    reason = "an error rate of {statistic:.4g} lies above {bound:.4g}, the most of an honest relay ({sigmas:.1f} sigma)"
    return make_check(
        ERROR_CEILING, quotient(errors, detected, BACKGROUND_ERROR), limit, p_value, p_value <= significance, reason
    )


def _share_of_x(sent: Floats, ratio: Floats) -> Floats:
    return np.asarray(sent[..., 1] * ratio / (sent[..., 1] * ratio + sent[..., 0]))

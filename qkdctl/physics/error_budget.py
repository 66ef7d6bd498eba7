"""How much loss a wanted error rate leaves room for."""

import numpy as np
from numpy.typing import ArrayLike

from qkdctl.physics.arrays import Floats, floats
from qkdctl.physics.bb84 import BACKGROUND_ERROR, Channel


def loss_at_error_db(
    receiver: Channel, mean_photon_number: ArrayLike, *, limit: ArrayLike, afterpulse_probability: ArrayLike = 0.0
) -> Floats:
    """Loss before the receiver at which pulses of this mean photon number reach the error rate `limit`.

    Inverts `bb84.error_rate` with `detectors.error_rate_with_afterpulses`. Infinite where background never matters;
    minus infinity where the error floor or the background alone exceed the limit, whatever the loss; negative where
    only more light than arrives without any loss would do.

    Args:
        receiver: what lies behind the channel: detectors and fixed losses, background, misalignment.
        mean_photon_number: of the pulses, > 0.
        limit: error rate in (0, 1/2).
        afterpulse_probability: p_ap, afterpulses per click.

    Raises:
        ValueError: for a limit outside (0, 1/2).
    """
    target = floats(limit)
    if not np.all((target > 0) & (target < BACKGROUND_ERROR)):
        raise ValueError(f"limit must lie in (0, 1/2), got {target!r}")
    p_ap, y0, e_d = floats(afterpulse_probability), floats(receiver.background), floats(receiver.misalignment)
    light = target * (1 + p_ap) - p_ap / 2  # error rate that clicks by light and background may have
    margin = light * (1 - y0) - e_d
    possible = margin > 0
    needed = np.where(possible, y0 * (BACKGROUND_ERROR - light) / np.where(possible, margin, 1.0), 1.0)
    possible = possible & (needed < 1)  # share of pulses that light must turn into clicks
    hit = np.where(possible, needed, 0.5)
    arriving = -np.log1p(-hit)
    quiet = arriving <= 0
    have = floats(mean_photon_number) * floats(receiver.transmittance)
    dark = have <= 0
    ratio = np.where(quiet | dark, 1.0, have) / np.where(quiet, 1.0, arriving)
    loss = np.where(quiet, np.inf, 10 * np.log10(ratio))
    return np.asarray(np.where(possible & ~dark, loss, -np.inf))

"""Which mean photon number makes the most BB84 key."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from qkdctl.physics.arrays import Floats, floats, quotient
from qkdctl.physics.bb84 import Channel, rate_infinite_decoy
from qkdctl.physics.entropy import h2
from qkdctl.physics.optimize import maximise


def low_loss_mean_photon_number(misalignment: ArrayLike, *, correction: ArrayLike) -> Floats:
    """Best mean photon number of BB84 with decoys while background is negligible; it depends on the error only.

    Solves (1-mu) exp(-mu) = f h2(e_d) / (1 - h2(e_d)) (Ma, Qi, Zhao, Lo, Phys. Rev. A 72, 012326 (2005), eq. 12)
    through Lambert's function, mu = 1 - W(e c) with c the right-hand side. 0 where no mean photon number makes key.
    """
    entropy = h2(misalignment)
    cost = floats(correction) * entropy
    hopeless = cost >= 1 - entropy
    target = np.e * np.where(hopeless, 0.0, quotient(cost, 1 - entropy, 0.0))
    return np.asarray(np.where(hopeless, 0.0, 1 - lambertw(target).real))


def optimal_mean_photon_number(
    channel: Channel, *, correction: ArrayLike, lowest: float = 1e-3, highest: float = 1.0
) -> Floats:
    """Mean photon number in [lowest, highest] that maximises the rate with infinitely many decoys, to about 1e-7.

    Where no key can be made it is the value that loses least.
    """
    (mu,) = maximise(lambda mu: rate_infinite_decoy(channel, mu, correction=correction), (lowest, highest))
    return mu

"""What an epoch says about every link, in the numbers that all tallies and controls begin from."""

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.world.key_analysis import SIGNAL, X, Z

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Protocols = NDArray[np.int8]

_MDI = PROTOCOLS.index("mdi")


def clicks_and_errors(detected: Counts, errors: Counts, protocol: Protocols) -> tuple[Floats, Floats]:
    """Clicks of the signal intensity and the errors in them, Z and X, each of shape (..., 2, links).

    In basis X of MDI-QKD one click in four is wrong however well the ends are aligned, because two photons of one
    sender carry no phase; counted are the errors beyond those, twice, which estimate the misalignment as in `LinkRows`.
    Their number may be negative by chance.

    Args:
        detected: clicks, shape (..., 2 bases, cells, links).
        errors: the wrong ones of them, likewise.
        protocol: of each link, shape (links,).
    """
    clicks = detected[..., SIGNAL, :].astype(np.float64)
    wrong = errors[..., SIGNAL, :].astype(np.float64)
    wrong[..., X, :] = np.where(protocol == _MDI, 2 * wrong[..., X, :] - clicks[..., X, :] / 2, wrong[..., X, :])
    return clicks, wrong


def error_rate(wrong: Floats, clicks: Floats) -> Floats:
    """Wrong clicks per click, NaN where nothing clicked; never below 0."""
    seen = clicks > 0
    return np.where(seen, np.maximum(wrong, 0.0) / np.where(seen, clicks, 1.0), np.nan)


__all__ = ["X", "Z", "clicks_and_errors", "error_rate"]

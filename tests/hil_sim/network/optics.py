"""Light of links for tests, by loss and mean photon number."""

import numpy as np

from hil_sim.network.detection import Optics
from hil_sim.world.receiver import Receiver

RATIOS, SHARES, BASES = (1.0, 0.2, 0.0), (0.7, 0.2, 0.1), (0.8, 0.2)


def optics(
    loss_db=10.0,
    mean_photon_number=0.3,
    *,
    errors=(0.01, 0.02),
    phase_error=0.0,
    efficiency=0.65,
    dark_rate_hz=100.0,
    dead_time_s=0.0,
    afterpulse_probability=0.0,
    gated=True,
    receiver_loss_db=3.0,
    sending=0.04,
    slice_share=0.125,
    bases=BASES,
    pulse_rate_hz=1e9,
):
    """Everything may be one number, or one per link."""
    loss_db, mean_photon_number, efficiency, dark_rate_hz, dead_time_s, afterpulse_probability = np.broadcast_arrays(
        *np.atleast_1d(loss_db, mean_photon_number, efficiency, dark_rate_hz, dead_time_s, afterpulse_probability)
    )
    links = loss_db.size

    def column(values):
        return np.broadcast_to(np.asarray(values, dtype=np.float64)[..., np.newaxis], (*np.shape(values), links)).copy()

    def table(values):
        values = np.asarray(values, dtype=np.float64)
        return values if values.ndim == 2 else column(values)

    return Optics(
        mean_photon_number=mean_photon_number * 1.0,
        loss_db=loss_db * 1.0,
        receiver_loss_db=column(receiver_loss_db),
        basis_errors=table(errors),
        phase_error=column(phase_error),
        receiver=Receiver(
            efficiency=efficiency[np.newaxis] * 1.0,
            dark_rate_hz=dark_rate_hz[np.newaxis] * 1.0,
            dead_time_s=dead_time_s[np.newaxis] * 1.0,
            afterpulse_probability=afterpulse_probability[np.newaxis] * 1.0,
            gated=np.full((1, links), gated),
            gate_s=np.full(links, 1 / pulse_rate_hz),
            pulse_rate_hz=np.full(links, pulse_rate_hz),
        ),
        ratios=table(RATIOS),
        shares=table(SHARES),
        bases=table(bases),
        sending=column(sending),
        slice_share=column(slice_share),
    )

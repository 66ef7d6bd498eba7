"""Records of decoy BB84, honest and forged."""

from typing import Any

import numpy as np

from qkdctl.physics.bb84 import Channel, error_rate, gain
from qkdctl.records.session import BasisCounts, SessionRecord
from tests.records.samples import session

MUS = (250_000, 50_000, 0)


def counted(seed: int, transmittance: float = 0.03, background: float = 2e-7, **changes: Any) -> SessionRecord:
    """A second of an honest link, intensities off by up to the calibration uncertainty."""
    rng = np.random.default_rng(seed)
    channel = Channel(transmittance, background, 0.01)
    mus = np.array(MUS) / 1e6 * rng.uniform(0.98, 1.02, 3)
    bases = []
    for share in (0.8, 0.01):
        sent = (100_000_000 * share * np.array([0.8, 0.1, 0.1])).astype(np.int64)
        detected = rng.binomial(sent, gain(channel, mus))
        wrong = rng.binomial(detected, error_rate(channel, mus))
        bases.append(BasisCounts(**{k: tuple(map(int, v)) for k, v in
                                    {"sent": sent, "detected": detected, "errors": wrong}.items()}))  # fmt: skip
    return session(seed, z=bases[0], x=bases[1], **changes)


def decoys(record: SessionRecord, factor: float) -> SessionRecord:
    """The same with another number of decoy clicks."""
    z = record.z
    detected = (z.detected[0], round(z.detected[1] * factor), z.detected[2])
    errors = (z.errors[0], min(z.errors[1], detected[1]), z.errors[2])
    return record.model_copy(update={"z": z.model_copy(update={"detected": detected, "errors": errors})})

"""How much secret key the counts of a block prove, protocol by protocol, for many links at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil_sim.world.counts import SiftedCounts
from hil_sim.world.key_analysis import DECOY, SIGNAL, VACUUM, X, Z, provable_key_bits
from qkdctl.physics import bbm92, mdi_decoy, sns
from qkdctl.physics.finite import lim2014
from qkdctl.physics.finite.decoy_counts import BasisCounts, BlockCounts, IntensitySettings
from qkdctl.physics.finite.security import Security

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Claims:
    """What the ends of some links assume about themselves; arrays of shape (links,) unless said otherwise.

    Attributes:
        mean_photon_number: commanded for a signal pulse; nothing is claimed by a link where it is 0.
        ratios, shares: intensities relative to the signal and how often each is sent, shape (3, links).
        sending: probability of sending in a signal window, for twin-field QKD.
        correction: inefficiency of error correction.
        least_clicks: needed from the key basis and from the test basis before anything is concluded.
        finite: whether a finite-size proof is asked for.
        secrecy, correctness: failure probabilities of that proof.
    """

    mean_photon_number: Floats
    ratios: Floats
    shares: Floats
    sending: Floats
    correction: Floats
    least_clicks: Counts
    finite: NDArray[np.bool_]
    secrecy: Floats
    correctness: Floats

    def of(self, links: NDArray[np.bool_]) -> "Claims":
        """Those of some of the links."""
        return Claims(*(getattr(self, name)[..., links] for name in Claims.__slots__))

    def assumed(self) -> Floats:
        """The mean photon number, 1 where nothing is claimed, so that formulas hold."""
        return np.where(self.mean_photon_number > 0, self.mean_photon_number, 1.0)


@dataclass(frozen=True, slots=True)
class Block:
    """Counts of one block per link, tables of shape (2 bases, cells, links)."""

    sent: Counts
    detected: Counts
    errors: Counts

    def of(self, links: NDArray[np.bool_]) -> "Block":
        """Those of some of the links."""
        return Block(self.sent[..., links], self.detected[..., links], self.errors[..., links])

    def gains(self) -> Floats:
        """Clicks per pulse sent, 0 where none was sent."""
        return np.asarray(self.detected / np.maximum(self.sent, 1))

    def error_rates(self) -> Floats:
        """Wrong clicks per click, 1/2 where nothing clicked."""
        return np.where(self.detected > 0, self.errors / np.maximum(self.detected, 1), 0.5)


def bb84_bits(block: SiftedCounts, claims: Claims) -> Counts:
    """Decoy BB84, by the asymptotic analysis of the instrument-level world or the finite-size one."""
    block = Block(block.sent, block.detected, block.errors)
    finite = claims.finite
    bits = np.zeros(finite.size, dtype=np.int64)
    if not finite.all():
        part, of = block.of(~finite), claims.of(~finite)
        bits[~finite] = provable_key_bits(
            part, of.mean_photon_number, of.ratios[DECOY], correction=of.correction, least_clicks=of.least_clicks
        )
    if finite.any():
        bits[finite] = _finite_bits(block.of(finite), claims.of(finite))
    return bits


def mdi_bits(block: Block, claims: Claims) -> Counts:
    """MDI-QKD with three intensities on either side, asymptotic."""
    intensities = mdi_decoy.Intensities(*(claims.assumed() * claims.ratios))

    def cells(basis: int) -> mdi_decoy.Cells:
        return mdi_decoy.Cells.of_counts(
            *(_square(table[basis]) for table in (block.sent, block.detected, block.errors))
        )

    bounds = mdi_decoy.single_pair_bounds(intensities, cells(Z), cells(X))
    rate = mdi_decoy.rate_decoy(intensities, cells(Z), bounds, correction=claims.correction)
    return _credited(rate, block, claims, block.detected[X].sum(axis=0))


def tf_bits(block: Block, claims: Claims) -> Counts:
    """Sending-or-not-sending twin-field QKD with two decoy intensities and vacuum, asymptotic."""
    gains, errors = block.gains(), block.error_rates()
    seen = sns.Observed(
        background=gains[X, VACUUM],
        weak=gains[X, DECOY],
        weak_error=errors[X, DECOY],
        strong=gains[X, SIGNAL],
        signal=gains[Z, SIGNAL],
        signal_error=errors[Z, SIGNAL],
    )
    mu = claims.assumed()
    settings = sns.SnsSettings(mu, claims.sending, mu * claims.ratios[DECOY], mu)
    rate = sns.rate_observed(settings, seen, correction=claims.correction)
    return _credited(rate, block, claims, block.detected[X, DECOY])


def bbm92_bits(block: Block, claims: Claims) -> Counts:
    """Entangled pairs, asymptotic."""
    gains, errors = block.gains(), block.error_rates()
    rate = bbm92.key_rate(
        gains[Z, SIGNAL], errors[Z, SIGNAL], errors[X, SIGNAL], correction=claims.correction, sift=1.0
    )
    return _credited(rate, block, claims, block.detected[X, SIGNAL])


BITS = {"bb84": bb84_bits, "mdi": mdi_bits, "tf": tf_bits, "bbm92": bbm92_bits}
"""The analysis of each protocol."""


def _finite_bits(block: Block, claims: Claims) -> Counts:
    """Three-intensity finite key."""
    settings = IntensitySettings((claims.assumed() * claims.ratios).T, claims.shares.T)
    counts = BlockCounts(
        key=BasisCounts(block.detected[Z].T, block.errors[Z].T),
        test=BasisCounts(block.detected[X].T, block.errors[X].T),
    )
    security = Security(claims.secrecy, claims.correctness)
    bits = lim2014.key_length(counts, settings, correction=claims.correction, security=security).bits()
    return np.asarray(np.where(_enough(block, claims, block.detected[X, DECOY]), bits, 0))


def _credited(rate: Floats, block: Block, claims: Claims, test_clicks: Counts) -> Counts:
    """Whole bits at a rate per pulse in the key basis, none where too little was seen."""
    usable = _enough(block, claims, test_clicks)
    bits = np.floor(np.where(usable, np.maximum(rate, 0.0), 0.0) * block.sent[Z, SIGNAL])
    return np.asarray(bits.astype(np.int64))


def _enough(block: Block, claims: Claims, test_clicks: Counts) -> NDArray[np.bool_]:
    clicks = np.minimum(block.detected[Z, SIGNAL], test_clicks)
    return np.asarray((clicks >= claims.least_clicks) & (claims.mean_photon_number > 0))


def _square(cells: Counts) -> Counts:
    """(9, links) as (links, 3, 3)."""
    return cells.T.reshape(-1, 3, 3)

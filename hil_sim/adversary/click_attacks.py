"""Attacks that change which pulses click: photon-number splitting and blinding of the detectors."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from hil_sim.adversary.state_attacks import StateAttack
from hil_sim.adversary.strengths import Floats

Z, SIGNAL = 0, 0


@dataclass(frozen=True, slots=True)
class CorruptedClicks:
    """What the receiver sees under attack, and what its monitors show.

    Attributes:
        right, wrong: click probabilities, shape (2 bases, intensities, links).
        known_clicks: share of the Z signal clicks whose bits the eavesdropper knows, shape (links,).
        double_click_factor: how often both detectors click, over how often they do without attack, shape (links,).
        photocurrent_deviation: mean current of the detectors above normal, in units of what it takes to keep them
            blind all the time, shape (links,).
    """

    right: Floats
    wrong: Floats
    known_clicks: Floats
    double_click_factor: Floats
    photocurrent_deviation: Floats


def corrupted_clicks(
    right: Floats, wrong: Floats, intensities: Floats, background: Floats, attack: StateAttack
) -> CorruptedClicks:
    """Click probabilities under photon-number splitting and blinding; links without either stay as they are.

    Splitting (Luetkenhaus, Jahma, New J. Phys. 4, 44 (2002)): single photons are blocked, so that such pulses click
    like those without light, and multi-photon pulses click more often through a better channel, until the signal has
    the gain and the error rate it should have. Of a link so short that they do not suffice, as few single photons as
    necessary pass. All intensities see the same yields, so weaker pulses, rarely of many photons, click less.

    Blinding (Lydersen et al., Nat. Photonics 4, 686 (2010)): a copy of the receiver measures in a basis chosen at
    random, and the blinded one clicks only in that basis, with that result. Half of the clicks vanish, error rates and
    decoys stay, and no two detectors ever click together.

    Args:
        right: probability that a pulse whose bases agree gives a right bit, shape (2 bases, intensities, links).
        wrong: likewise a wrong bit.
        intensities: mean photon numbers leaving the source, the signal first and highest, shape (intensities, links).
        background: click probability of a pulse without light, shape (links,).
        attack: of the same links.

    Raises:
        ValueError: for a pulse brighter than the signal on a link whose photons are split.
    """
    blinding = attack.blinding
    if not (attack.photon_number_splitting.any() or blinding.any()):
        return CorruptedClicks(right, wrong, blinding, 1 - blinding, blinding)
    split = np.flatnonzero(attack.photon_number_splitting)
    known = np.zeros_like(blinding)
    if split.size:
        right, wrong = right.copy(), wrong.copy()
        columns = right[..., split], wrong[..., split]
        fraction = attack.photon_number_splitting[split]
        dark = background[split]
        ratio, multiple = _splitting(columns[0] + columns[1], intensities[:, split], dark)
        for table, honest in zip((right, wrong), columns, strict=True):
            attacked = dark / 2 + ratio * (honest[:, :1] - dark / 2)
            table[..., split] = (1 - fraction) * honest + fraction * attacked
        known[split] = fraction * multiple
    left = 1 - blinding / 2
    known = ((1 - blinding) * known + blinding / 2) / left
    return CorruptedClicks(right * left, wrong * left, known, 1 - blinding, blinding)


def _splitting(gain: Floats, intensities: Floats, background: Floats) -> tuple[Floats, Floats]:
    """What full splitting leaves of a link.

    Returns:
        Clicks above background over those of the signal, shape (2, intensities, links), and the share of the Z signal
        clicks that come from pulses of two photons or more, shape (links,).
    """
    signal = intensities[SIGNAL]
    if not np.all(intensities <= signal):
        raise ValueError(f"the signal must be the first and brightest of the intensities, got {intensities!r}")
    lit = signal > 0
    multiple, single = gammainc(2.0, intensities), intensities * np.exp(-intensities)
    of_multiple = multiple / np.where(lit, multiple[SIGNAL], 1.0)
    of_single = single / np.where(lit, single[SIGNAL], 1.0)
    excess = np.maximum(gain[:, SIGNAL] - background, 0.0)
    seen = excess > 0
    reach = multiple[SIGNAL] * (1 - background) / np.where(seen, excess, 1.0)
    share = np.where(seen, np.minimum(reach, 1.0), 1.0)[:, np.newaxis]
    ratio = share * of_multiple + (1 - share) * of_single
    clicks = gain[Z, SIGNAL]
    from_multiple = background * multiple[SIGNAL] + share[Z, 0] * excess[Z]
    known = np.where(clicks > 0, np.minimum(from_multiple / np.where(clicks > 0, clicks, 1.0), 1.0), 0.0)
    return ratio, known

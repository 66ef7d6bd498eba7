"""How the key of every link depends on power, protocol and misalignment, found out once and looked up from then on."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import basis_errors, conjugate, from_rotation_vector, multiply
from hil_sim.network.foresight import UNSEEN, Settings, key_bps
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.physics.entropy import h2
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6, STEPS, step_below

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

LEVELS: Final = np.array([0.0, 0.01, 0.02, 0.035, 0.05, 0.075, 0.11])
"""Error probabilities of a photon, of the polarisation alone and the same in both bases, at which key is computed."""

_KNOTS: Final = np.array([*range(0, STEPS - 1, 4), STEPS - 1])
"""Steps of the power table at which it is; in between it is interpolated without overshooting."""
_ERRORS: Final = np.linspace(0.0, 0.5, 5001)
_ENTROPIES: Final = h2(_ERRORS)


@dataclass(frozen=True, slots=True)
class KeySurface:
    """Key per second of links.

    Attributes:
        links: that it belongs to.
        table: key per second, shape (protocols, power steps, levels, links); 0 for a protocol that a link lacks.
    """

    links: LinkArrays
    table: Floats

    @classmethod
    def of(cls, world: NetworkWorld, epoch: Epoch) -> Self:
        """With the channels as they are at the end of the last epoch."""
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415 - slow to import

        links = world.stack.links
        table = np.zeros((len(PROTOCOLS), STEPS, LEVELS.size, links.count))
        for number in np.flatnonzero(links.supported.any(axis=1)):
            has = links.supported[number]
            protocol = np.where(has, number, UNSEEN).astype(np.int8)
            rows = np.zeros((_KNOTS.size, LEVELS.size, links.count))
            for knot, step in enumerate(_KNOTS):
                power = np.minimum(MEAN_PHOTON_NUMBERS_E6[step], links.highest_e6[number])
                for level, turn in enumerate(_turns(world)):
                    rows[knot, level] = key_bps(world, epoch, Settings(power, protocol, turn))
            table[number] = PchipInterpolator(_KNOTS, rows, axis=0)(np.arange(STEPS))
        return cls(links, table)

    def at(self, protocol: NDArray[np.integer], mean_photon_number_e6: Counts) -> Floats:
        """Key per second at all levels, shape (levels, links), linear between steps of the power table.

        Args:
            protocol: number of each link's, shape (links,).
            mean_photon_number_e6: commanded, 1e-6 photons, shape (links,); outside the table its ends count.
        """
        places = np.arange(self.links.count)
        below = np.clip(step_below(mean_photon_number_e6), 0, STEPS - 2)
        steps = np.array(MEAN_PHOTON_NUMBERS_E6)
        share = np.clip((mean_photon_number_e6 - steps[below]) / (steps[below + 1] - steps[below]), 0.0, 1.0)
        low, high = self.table[protocol, below, :, places], self.table[protocol, below + 1, :, places]
        return np.asarray((low + share[:, np.newaxis] * (high - low)).T)

    def levels_of(self, rotation: Floats, which: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Level whose key is that of these rotations of the polarisation, shape (..., links) for (..., links, 4).

        Args:
            rotation: unit quaternions.
            which: of the links they belong to.

        What both bases leave of the sifted bits, 1 - f h(e_Z) - h(e_X) (Shor and Preskill, Phys. Rev. Lett. 85, 441
        (2000)), is the same as for this error in both.
        """
        own, factor = self.links.intrinsic_error[which], self.links.correction[which]
        in_z, in_x = (h2(np.minimum(own + (1 - 2 * own) * one, 0.5)) for one in basis_errors(rotation))
        both = np.interp((factor * in_z + in_x) / (factor + 1), _ENTROPIES, _ERRORS)
        return np.asarray((both - own) / (1 - 2 * own))


def weights_of(levels: Floats, weight: Floats) -> Floats:
    """How much each level of the surface counts, so that sums over many levels become one over seven.

    Args:
        levels: errors, shape (epochs, links).
        weight: of each, same shape.

    Returns:
        Shape (levels, links): each error is shared between its two neighbours.
    """
    inside = np.clip(levels, LEVELS[0], LEVELS[-1])
    below = np.clip(np.searchsorted(LEVELS, inside, side="right") - 1, 0, LEVELS.size - 2)
    share = (inside - LEVELS[below]) / (LEVELS[below + 1] - LEVELS[below])
    links = levels.shape[1]
    places = np.stack([below, below + 1], axis=1) * links + np.arange(links)
    counted = np.stack([(1 - share) * weight, share * weight], axis=1)
    found = np.bincount(places.ravel(), counted.ravel(), LEVELS.size * links)
    return found.astype(np.float64, copy=False).reshape(LEVELS.size, links)


def _turns(world: NetworkWorld) -> list[Floats]:
    """Controllers that leave each of the levels in both bases: a turn about the axis that is neither, (links, 4)."""
    assert world.channel is not None, "an epoch has passed"
    undone = conjugate(world.channel.rotation)
    vectors = np.zeros((LEVELS.size, len(undone), 3))
    vectors[:, :, 1] = 2 * np.arcsin(np.sqrt(LEVELS))[:, np.newaxis]
    return [multiply(from_rotation_vector(vector), undone) for vector in vectors]

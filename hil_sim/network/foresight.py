"""How much key other settings would make if nothing else changed: for controllers that know what no node can know."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import conjugate, from_rotation_vector, multiply
from hil_sim.network.detection import CELLS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_credit import BITS, Block
from hil_sim.network.key_making import claims_of
from hil_sim.network.streams import ChannelStep
from hil_sim.network.world import Epoch, NetworkWorld
from hil_sim.world.key_analysis import SIGNAL, Z

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

UNSEEN: Final = -1
"""In the place of the number of a protocol: a link that nobody asks about, which makes no key."""

_LONG_S: Final = 1000.0
"""Time over which counts are expected, so that rounding them to whole ones means nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of all links to look at; arrays of shape (links,) unless said otherwise.

    Attributes:
        mean_photon_number_e6: commanded, 1e-6 photons per signal pulse.
        protocol: number of the protocol, one that the link can run, or `UNSEEN`.
        controller: rotation by the polarisation controllers, unit quaternions, shape (links, 4).
    """

    mean_photon_number_e6: Counts
    protocol: NDArray[np.int8]
    controller: Floats


def present_settings(world: NetworkWorld) -> Settings:
    """What the links are set to now."""
    operation = world.operation
    return Settings(operation.mean_photon_number_e6, operation.protocol, operation.controller)


def aligned(world: NetworkWorld) -> Floats:
    """What the controllers would be set to by an alignment that is as good as most, shape (links, 4).

    Raises:
        ValueError: before the first epoch.
    """
    left = np.broadcast_to(world.stack.links.realign_residual_rad, (3, world.stack.links.count))
    return multiply(from_rotation_vector(left.T), conjugate(_channel(world).rotation))


def key_bps(world: NetworkWorld, epoch: Epoch, settings: Settings) -> Floats:
    """Key per second that each link makes while its channel stays as it was at the end of an epoch, shape (links,).

    Expected counts of whole blocks go through the analysis that the links themselves run, with all that it takes off
    for finite blocks; nothing is taken off for time without light, nor for blocks that a change cuts short.

    Args:
        world: the networks.
        epoch: the last one of this world.
        settings: to look at.

    Raises:
        ValueError: before the first epoch.
    """
    links, protocol, channel = world.stack.links, settings.protocol, _channel(world)
    none = np.zeros((6 * world.stack.cells, links.count))
    light = world.quantum.light(settings, channel, epoch.conduct)
    live_s = np.full(links.count, _LONG_S)
    counted, _ = world.quantum.count(protocol, channel, light, live_s, none, epoch.conduct)
    sifted_bps = counted.detected[Z, SIGNAL] / _LONG_S
    full_s = np.minimum(links.block_bits / np.maximum(sifted_bps, 1e-9), links.block_longest_s)
    block_s = np.ceil(full_s / world.epoch_s) * world.epoch_s  # blocks close at the end of an epoch
    tables = [np.rint(table * (block_s / _LONG_S)).astype(np.int64) for table in (counted.sent, counted.detected)]
    errors = np.minimum(np.rint(counted.errors * (block_s / _LONG_S)).astype(np.int64), tables[1])
    bits = np.zeros(links.count)
    for number, name in enumerate(PROTOCOLS):
        which = np.flatnonzero(protocol == number)
        if which.size:
            cells = slice(CELLS[name])
            block = Block(*(table[:, cells, which] for table in (*tables, errors)))
            claims = claims_of(links, which, settings.mean_photon_number_e6[which])
            bits[which] = BITS[name](block, replace(claims, least_clicks=np.zeros_like(claims.least_clicks)))
    return np.asarray(bits / block_s)


def _channel(world: NetworkWorld) -> ChannelStep:
    if world.channel is None:
        raise ValueError("nothing is known of the channels before the first epoch")
    return world.channel

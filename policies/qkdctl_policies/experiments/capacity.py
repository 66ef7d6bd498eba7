"""How much key the links of a network can make at most: the best settings in hindsight, and no time without light."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.channels.quaternions import conjugate
from hil_sim.network.foresight import Settings, key_bps
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.network import Network
from hil_sim.network.world import Epoch, NetworkWorld

Floats = NDArray[np.float64]

STEP_E6: Final = 50_000
"""Between the mean photon numbers of which each link has the best in each epoch; the highest one is among them."""


def most_key_bps(world: NetworkWorld, epoch: Epoch) -> Floats:
    """Key per second that each link makes in the weather of an epoch with the best settings, shape (links,).

    Perfectly aligned, with the best power, to `STEP_E6`, and the best of its protocols; expected counts, all time lit.
    """
    links = world.stack.links
    assert world.channel is not None
    perfect = conjugate(world.channel.rotation)
    best = np.zeros(links.count)
    for number in range(len(PROTOCOLS)):
        able = np.asarray(links.supported[number])
        if not able.any():
            continue
        protocol = np.where(able, number, links.first_protocol).astype(np.int8)
        highest = links.highest_e6[protocol, np.arange(links.count)]
        for power in range(STEP_E6, int(highest.max()) + STEP_E6, STEP_E6):
            settings = Settings(np.minimum(power, highest), protocol, perfect)
            best = np.maximum(best, np.where(able, key_bps(world, epoch, settings), 0.0))
    return best


def most_key_bits(network: Network, seed: int, *, epoch_s: float, epochs: int) -> Floats:
    """Key that each link makes at most in each epoch, less what authentication takes, shape (epochs, links).

    Args:
        network: its adversaries stay out of it.
        seed: of weather and counts.
        epoch_s: length of an epoch.
        epochs: from the beginning.
    """
    world = NetworkWorld([replace(network, adversaries=())], [seed], epoch_s=epoch_s)
    bits = np.zeros((epochs, world.stack.links.count))
    for number in range(epochs):
        best = most_key_bps(world, world.step(world.holding()))
        bits[number] = np.maximum(best - world.stack.authentication_bps, 0.0) * epoch_s
    return bits

"""qkdctl: all links as arrays, counts drawn per step."""

import numpy as np

from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.network.demands import DemandArrays
from hil_sim.network.hardware import KeyBlocks, LinkHardware
from hil_sim.network.key_buffers import LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from hil_sim.network.routes import Routes
from hil_sim.network.world import NetworkWorld
from hil_sim.world.parameters import DetectorParameters
from tests.bench.network.order import (
    EFFICIENCY,
    LENGTH_KM,
    LOSS_DB_PER_KM,
    MEAN_PHOTON_NUMBER,
    MISALIGNMENT,
    Order,
    answer,
)

_HARDLY_EVER = 1e-9
"""How often decoys are sent; the peers have none."""

_NEVER = 2**50
"""Bits to gather before a block is analysed."""


class Links:
    """The network of an order: links side by side that nobody relays over, and whose blocks never fill."""

    def __init__(self, order: Order) -> None:
        self._world = NetworkWorld([_network(order)], [order.seed], epoch_s=order.step_s)
        self._steps = order.steps

    def run(self) -> int:
        """Simulate `order.steps` steps of `order.step_s`; the sifted bits of all links."""
        world, sifted = self._world, 0
        for _ in range(self._steps):
            sifted += int(world.step(world.holding()).counted.detected.sum())
        return sifted


def _network(order: Order) -> Network:
    links = order.links
    hardware = LinkHardware(
        pulse_rate_hz=order.pulse_rate_hz,
        gate_s=1 / order.pulse_rate_hz,
        detector=DetectorParameters(kind="spad", efficiency=EFFICIENCY, dark_count_rate_hz=0, dead_time_s=0),
        receiver_loss_db=0.0,
        intrinsic_error=MISALIGNMENT,
        intensity_probabilities=(1 - 2 * _HARDLY_EVER, _HARDLY_EVER, _HARDLY_EVER),
        basis_probabilities=(0.5, 0.5),
        start_mean_photon_number=MEAN_PHOTON_NUMBER,
        calibration_uncertainty=0.0,
        blocks=KeyBlocks(sifted_bits=_NEVER, longest_s=1e12),
    )
    zero = np.zeros(links, dtype=np.int64)
    return Network(
        name="bench",
        node_names=tuple(f"n{number}" for number in range(2 * links)),
        link_names=tuple(f"l{number}" for number in range(links)),
        ends=np.arange(2 * links).reshape(2, links),
        links=LinkArrays.of([hardware] * links, [LENGTH_KM * LOSS_DB_PER_KM] * links),
        channel=ChannelProcesses.of([ChannelProcesses()] * links),
        buffers=LimitArrays(zero, zero + 1, zero, zero + _NEVER),
        authentication_bps=np.zeros(links),
        demands=DemandArrays.of([]),
        routes=Routes.of([]),
        relays=zero - 1,
    )


if __name__ == "__main__":
    answer(Links, "qkdctl")

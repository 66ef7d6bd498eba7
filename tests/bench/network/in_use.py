"""qkdctl in use: drifting fibres, decoys, finite key from every block, buffers, demands that are relayed."""

import numpy as np

from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.channels.presets import BURIED_METRO
from hil_sim.network.demands import Demand, DemandArrays
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.key_buffers import BufferLimits, LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from hil_sim.network.routes import PathLinks, RoutePlan, Routes
from hil_sim.network.world import NetworkWorld
from tests.bench.network.order import Order, answer


class Links:
    """A ring of links with nanowire detectors at 1 GHz, and one demand over two hops for every ten links."""

    def __init__(self, order: Order) -> None:
        self._world = NetworkWorld([ring(order.links)], [order.seed], epoch_s=order.step_s)
        self._steps = order.steps

    def run(self) -> int:
        """Simulate `order.steps` steps of `order.step_s`; the sifted bits of all links."""
        world, sifted = self._world, 0
        for _ in range(self._steps):
            sifted += int(world.step(world.holding()).counted.detected[:, 0].sum())
        return sifted


def ring(links: int) -> Network:
    """The network of so many links and as many nodes."""
    number = np.arange(links)
    sources = range(0, links, 10)
    limits = BufferLimits()
    ends = np.stack([number, (number + 1) % links])
    routes = [[RoutePlan((PathLinks((first, (first + 1) % links), ((first + 1) % links,)),))] for first in sources]
    return Network(
        name="ring",
        node_names=tuple(f"n{place}" for place in number),
        link_names=tuple(f"l{place}" for place in number),
        ends=ends,
        links=LinkArrays.of([HARDWARE["snspd"]] * links, list(np.linspace(4, 16, links))),
        channel=ChannelProcesses.of([BURIED_METRO] * links),
        buffers=LimitArrays(
            *(
                np.full(links, bits, dtype=np.int64)
                for bits in (limits.least_bits, limits.ready_bits, limits.start_bits, limits.most_bits)
            )
        ),
        authentication_bps=np.full(links, 10.0),
        demands=DemandArrays.of([Demand(first, (first + 2) % links, 1e4) for first in sources]),
        routes=Routes.of(routes),
        relays=np.full(links, -1),
    )


if __name__ == "__main__":
    answer(Links, "qkdctl")

"""Small networks for tests, one for every purpose."""

from dataclasses import replace

import numpy as np

from hil_sim.channels.link_channel import ChannelProcesses
from hil_sim.network.demands import Demand, DemandArrays
from hil_sim.network.hardware import KeyBlocks, LinkHardware
from hil_sim.network.key_buffers import LimitArrays
from hil_sim.network.link_arrays import LinkArrays
from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.routes import PathLinks, RoutePlan, Routes
from hil_sim.world.parameters import DetectorParameters, SnspdBias

QUIET = ChannelProcesses()
NANOWIRE = DetectorParameters(
    kind="snspd", efficiency=0.65, dark_count_rate_hz=100, dead_time_s=30e-9, bias=SnspdBias()
)
RUNNING = KeyBlocks(credit="running", security="asymptotic", sifted_bits=2**50, longest_s=1e9)


def hardware(**parameters):
    """Any protocol, blocks credited at once, unless said otherwise."""
    parts = {"protocols": ("bb84", "mdi", "tf", "bbm92"), "detector": NANOWIRE, "blocks": RUNNING}
    return LinkHardware(**(parts | parameters))


def chain(
    losses_db,
    parts=None,
    *,
    channel=QUIET,
    channels=None,
    demands=(),
    routes=None,
    start_bits=5_000_000,
    adversaries=(),
    relay=False,
    authentication_bps=0.0,
):
    """Nodes in a row, one link between neighbours; a demand goes along the row.

    With `relay` there is one node more, which measures midway of every link.
    """
    links = len(losses_db)
    parts = parts or hardware()
    of_links = parts if isinstance(parts, list) else [parts] * links
    if routes is None:
        routes = [[RoutePlan((PathLinks(tuple(range(d.source, d.target)), tuple(range(d.source + 1, d.target))),))]
                  for d in demands]  # fmt: skip
    return Network(
        name="chain",
        node_names=tuple(f"n{number}" for number in range(links + 1 + relay)),
        link_names=tuple(f"l{number}" for number in range(links)),
        ends=np.array([np.arange(links), np.arange(1, links + 1)]),
        links=LinkArrays.of(of_links, losses_db),
        channel=ChannelProcesses.of(channels or [channel] * links),
        buffers=limits(links, start=start_bits),
        authentication_bps=np.full(links, authentication_bps),
        demands=DemandArrays.of(demands),
        routes=Routes.of(routes),
        relays=np.full(links, links + 1 if relay else -1),
        adversaries=tuple(adversaries),
    )


def limits(links, *, least=1_000_000, ready=2_000_000, start=5_000_000, most=1_000_000_000):
    return LimitArrays(*(np.full(links, bits) for bits in (least, ready, start, most)))


def ring(size, *, demands, parts=None, channel=QUIET, adversaries=(), threshold=2, **options):
    """Nodes in a circle; every demand is served over both ways round at once, of which so many are needed."""
    routes = [[_both_ways(size, demand, threshold)] for demand in demands]
    row = chain([5.0] * size, parts, channel=channel, demands=demands, routes=routes, **options)
    ends = np.array([np.arange(size), (np.arange(size) + 1) % size])
    return replace(row, name="ring", ends=ends, node_names=row.node_names[:size], adversaries=tuple(adversaries))


def _both_ways(size, demand, threshold):
    ahead = list(range(demand.source, demand.target))
    back = [(demand.source - 1 - step) % size for step in range(size - len(ahead))]
    paths = (
        PathLinks(tuple(ahead), tuple(ahead[1:])),
        PathLinks(tuple(back), tuple(back[:-1])),
    )
    return RoutePlan(paths, threshold)


def commanded(world, **changes):
    """Commands that hold but for these: single values for all links, or arrays."""
    return replace(world.holding(), **{name: _like(world.holding(), name, value) for name, value in changes.items()})


def _like(commands: Commands, name, value):
    now = getattr(commands, name)
    return np.broadcast_to(np.asarray(value, dtype=now.dtype), now.shape).copy()


def demand(source, target, rate_bps=1e4, request_bits=4096, patience_s=60.0):
    return Demand(source, target, rate_bps, request_bits, patience_s)

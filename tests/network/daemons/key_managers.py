"""Simulated key managers for all nodes of a network, over mutual TLS."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path

from hil_sim.kme.feeds import steady_feed
from hil_sim.kme.network import KmeNetwork
from hil_sim.kme.pool import KeyPool
from hil_sim.kme.servers import KmeServers
from qkdctl.clock import RealClock
from tests.network.daemons.folders import complete

OPTIONS = ("--key-manager", "https://127.0.0.1:1")
"""For `qkdctl network init`; the port is put right once there is one."""
_STOCK_BITS = 8_000_000
_RATE_BITS_PER_S = 100_000.0


@asynccontextmanager
async def key_managers(folder: Path, nodes: Sequence[str], seed: int) -> AsyncIterator[KmeServers]:
    """One key manager per node, key for every pair; the configurations of the nodes lead there.

    Args:
        folder: of the network, made with `OPTIONS`.
        nodes: its members.
        seed: of the keys.
    """
    clock = RealClock()
    network = KmeNetwork(clock, seed=seed)
    for node in nodes:
        network.add_manager(f"kme-{node}", [node])
    for one, two in combinations(nodes, 2):
        feed = steady_feed(clock, _RATE_BITS_PER_S, start_bits=_STOCK_BITS)
        pool = KeyPool(f"kme-{one}", f"kme-{two}", feed, capacity_bits=network.limits.capacity_bits(), seed=seed)
        network.add_pool(pool)
    certificates = folder.parent / "kme"
    shutil.copytree(folder / "authority", certificates)
    async with KmeServers(network, certificates, clock) as servers:
        for node in nodes:
            url = servers.endpoints[f"kme-{node}"].address
            complete(folder / node, f'[network.key_manager]\nurl = "{url}"\n')
        yield servers

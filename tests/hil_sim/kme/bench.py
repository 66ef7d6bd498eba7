"""Two nodes, alice and bob, with key managers kme-alice and kme-bob and applications a1, a2, b1, b2."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hil_sim.kme.limits import KmeLimits
from hil_sim.kme.network import KmeNetwork
from hil_sim.kme.pool import KeyPool
from hil_sim.kme.servers import KmeServers
from qkdctl.clock import Clock, RealClock, VirtualClock

LIMITS = KmeLimits(max_key_count=1000, max_key_per_request=8, max_sae_id_count=2)


@dataclass
class Credit:
    """A link whose key a test decides."""

    bits: int = 256 * 100

    def __call__(self) -> int:
        return self.bits


@dataclass
class Bench:
    clock: Clock = field(default_factory=VirtualClock)
    credit: Credit = field(default_factory=Credit)
    limits: KmeLimits = LIMITS
    network: KmeNetwork = field(init=False)

    def __post_init__(self) -> None:
        self.network = KmeNetwork(self.clock, self.limits, seed=7)
        self.alice = self.network.add_manager("kme-alice", ["a1", "a2"])
        self.bob = self.network.add_manager("kme-bob", ["b1", "b2"])
        self.pool = self.join("kme-alice", "kme-bob", self.credit)

    def join(self, first: str, second: str, credit: Credit, **options) -> KeyPool:
        pool = KeyPool(first, second, credit, capacity_bits=self.limits.capacity_bits(), seed=7, **options)
        self.network.add_pool(pool)
        return pool


def tls(servers: KmeServers, sae_id: str) -> ssl.SSLContext:
    files = servers.sae_files(sae_id)
    context = ssl.create_default_context(cafile=str(servers.authority))
    context.load_cert_chain(files.certificate, files.key)
    return context


@asynccontextmanager
async def served(bench: Bench, folder: Path, **options) -> AsyncIterator[KmeServers]:
    async with KmeServers(bench.network, folder, RealClock(), **options) as servers:
        yield servers


@asynccontextmanager
async def application(servers: KmeServers, kme_id: str, sae_id: str) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP as an application speaks it, with no client of ours between."""
    async with httpx.AsyncClient(
        verify=tls(servers, sae_id), base_url=servers.endpoints[kme_id].address + "/api/v1/keys", trust_env=False
    ) as client:
        yield client

"""What `qkdctl sim kme` does: two key managers in the foreground, fed by a link."""

import asyncio
import json
import shlex
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from hil_sim.device_lines import device_lines
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.kme.feeds import session_feed, steady_feed
from hil_sim.kme.network import KmeNetwork
from hil_sim.kme.pool import KeyFeed, KeyPool
from hil_sim.kme.servers import KmeServers
from hil_sim.scenario import Scenario
from hil_sim.simulation import Simulation
from hil_sim.world.session import KeySession
from qkdctl.clock import Clock, RealClock

ENDS: Mapping[str, str] = {"kme-alice": "sae-alice", "kme-bob": "sae-bob"}
"""The key managers, and the application at home at each."""


class LinkChoiceError(ValueError):
    """The scenario has no such link with engines, or several and none was chosen.

    Attributes:
        hint: what to do.
    """

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(error)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class KmeOrder:
    """What to serve.

    Attributes:
        scenario: instruments to run besides; None for a link that makes key at a constant rate.
        link: of the scenario; "" when it has only one with engines.
        rate_bits_per_s: without a scenario, what the link makes.
        stock_bits: without a scenario, what is in store at the start.
        folder: for certificates.
        ports: by the name of the key manager, 0 for a free one.
        seed: of the keys; equal seeds make equal keys, which is right for a test and for nothing else.
    """

    scenario: Scenario | None
    link: str
    rate_bits_per_s: float
    stock_bits: int
    folder: Path
    ports: Mapping[str, int]
    seed: int


def serve_pair(order: KmeOrder, *, as_json: bool, duration_s: float | None, show: Callable[[str], None]) -> None:
    """Serve until SIGINT, SIGTERM, SIGHUP or the end of the duration.

    Raises:
        LinkChoiceError: see there.
        OSError: a port is taken, or a file cannot be written.
        ValueError: what the folder holds is no authority.
        hil_sim.scenario_problems.ScenarioError: for a fault that its instrument does not know.
    """
    asyncio.run(_serve(order, as_json, duration_s, show))


async def _serve(order: KmeOrder, as_json: bool, duration_s: float | None, show: Callable[[str], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    clock = RealClock()
    async with AsyncExitStack() as stack:
        simulation = None
        if order.scenario is not None:
            simulation = await stack.enter_async_context(Simulation(order.scenario))
            feed = session_feed(_session(simulation, order.link))
        else:
            feed = steady_feed(clock, order.rate_bits_per_s, start_bits=order.stock_bits)
        network = _network(clock, feed, order.seed)
        servers = await stack.enter_async_context(KmeServers(network, order.folder, clock, ports=order.ports))
        show(_document(servers, simulation) if as_json else _text(servers, simulation))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), duration_s)


def _network(clock: Clock, feed: KeyFeed, seed: int) -> KmeNetwork:
    network = KmeNetwork(clock, seed=seed)
    for kme_id, sae_id in ENDS.items():
        network.add_manager(kme_id, [sae_id])
    alice, bob = ENDS
    network.add_pool(KeyPool(alice, bob, feed, capacity_bits=network.limits.capacity_bits(), seed=seed))
    return network


def _session(simulation: Simulation, link: str) -> KeySession:
    """The key session of the chosen link.

    Raises:
        LinkChoiceError: see there.
    """
    instruments = simulation.bench.instruments.values()
    sessions = {i.session.link.name: i.session for i in instruments if isinstance(i, QkdEngine)}
    if link in sessions:
        return sessions[link]
    known = ", ".join(sorted(sessions)) or "none"
    if link:
        raise LinkChoiceError(f"no engine of the scenario stands on a link {link!r}", f"links with engines: {known}")
    if len(sessions) != 1:
        raise LinkChoiceError(f"{len(sessions)} links of the scenario have engines", f"choose with --link: {known}")
    return next(iter(sessions.values()))


def _document(servers: KmeServers, simulation: Simulation | None) -> str:
    managers = {
        kme_id: {
            "url": servers.endpoints[kme_id].address,
            "sae_id": sae_id,
            "certificate": str(servers.sae_files(sae_id).certificate),
            "key": str(servers.sae_files(sae_id).key),
        }
        for kme_id, sae_id in ENDS.items()
    }
    addresses = simulation.addresses if simulation is not None else {}
    return json.dumps(
        {"schema_version": 1, "authority": str(servers.authority), "managers": managers, "addresses": addresses}
    )


def _text(servers: KmeServers, simulation: Simulation | None) -> str:
    alice, bob = (_curl(servers, kme_id) for kme_id in ENDS)
    here, there = ENDS.values()
    devices = f"{device_lines(simulation)}\n" if simulation is not None else ""
    return (
        f"{devices}# what there is, a key for {here}, and the same key for {there}:\n"
        f"{alice}/api/v1/keys/{there}/status\n"
        f"{alice}/api/v1/keys/{there}/enc_keys\n"
        f"{bob}/api/v1/keys/{here}/dec_keys?key_ID=THE-KEY-ID"
    )


def _curl(servers: KmeServers, kme_id: str) -> str:
    """A command up to the path; quoted where the folder needs it."""
    own = servers.sae_files(ENDS[kme_id])
    files = {"--cacert": servers.authority, "--cert": own.certificate, "--key": own.key}
    options = " ".join(f"{name} {shlex.quote(str(path))}" for name, path in files.items())
    return f"curl {options} {servers.endpoints[kme_id].address}"

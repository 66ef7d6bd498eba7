"""A network of daemons in one place: instruments, broker, a proxy that lets messages come to harm, a reader."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hil_sim.faults.mqtt_proxy import MqttProxy
from hil_sim.node_scenario import linked_nodes
from hil_sim.node_tables import node_tables
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.client import ClientError
from qkdctl.clock import RealClock
from tests.bus.broker import Broker
from tests.network.daemons.daemon import Daemon, Status
from tests.network.daemons.folders import broker_at, complete, description, make_folders, place_of, shared_figures
from tests.network.daemons.key_managers import OPTIONS, key_managers
from tests.network.daemons.ledgers import decisions, disagreements
from tests.network.daemons.light import Launched, launched, too_bright
from tests.network.daemons.small_disk import SmallDisk, small_disk
from tests.network.daemons.wire import Wire

CAP = 0.6
"""Mean photon number that no link may exceed, see `maximum_mean_photon_number`."""
PATIENCE_S = 120.0
PRESET = "ingaas-25km"
Links = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a laboratory consists of.

    Attributes:
        nodes: names.
        links: name -> node of Alice's end, node of Bob's; at each stand simulated instruments.
        epoch_s: length of an epoch.
        days: for which keys are made.
        seed: of everything random but the keys in files.
        has_key_managers: keys come from simulated key managers, not from files.
        cramped: node whose state lies on a small disk, where that is possible.
    """

    nodes: Sequence[str]
    links: Links
    epoch_s: float = 1.0
    days: float = 0.05
    seed: int = 0
    has_key_managers: bool = False
    cramped: str = ""


@dataclass
class Laboratory:
    """A running network.

    Attributes:
        folder: of everything.
        proxy: between daemons and broker.
        broker: real.
        wire: reads along at the broker, so faults of messages belong on their way down.
        daemons: by name.
        disk: of the cramped node.
    """

    folder: Path
    plan: Plan
    simulation: Simulation
    broker: Broker
    proxy: MqttProxy
    wire: Wire
    daemons: Mapping[str, Daemon]
    disk: SmallDisk | None

    @property
    def trace(self) -> Path:
        """What instruments did."""
        return self.folder / "trace.jsonl"

    async def all_until(self, condition: Callable[[Status], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until every daemon that lives fulfils a condition."""
        alive = [daemon for daemon in self.daemons.values() if daemon.is_alive]
        await asyncio.gather(*(daemon.until(condition, timeout_s, what) for daemon in alive))

    async def bring_up(self) -> None:
        """Start all daemons and wait until they decide and every link makes key."""
        self.revive()
        await self.all_until(lambda status: status["epoch"] > 0, "decision")
        await self.all_until(lambda s: all(d["state"] == "online" for d in s["devices"]), "instruments online")
        await asyncio.gather(*(self._calibrate(link, alice) for link, (alice, _) in self.links.items()))
        await self.all_until(links_run, "running links")

    async def _calibrate(self, link: str, alice: str) -> None:
        """Until it is done: where machines are so busy that nothing is decided for a while, light goes out."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.daemons[alice].act_on(link, "calibrate")
                except ClientError:
                    await asyncio.sleep(0.5)

    async def epoch(self) -> int:
        """Of the daemon that is ahead; 0 when none answers."""
        answers = await asyncio.gather(*(d.status() for d in self.daemons.values() if d.is_alive))
        return max((int(status["epoch"]) for status in answers if status), default=0)

    async def decides_on(self, epochs: int = 3, timeout_s: float = PATIENCE_S) -> float:
        """Wait until every daemon that lives has decided so many epochs more than any had; seconds that took."""
        began_s = time.monotonic()
        goal = await self.epoch() + epochs
        await self.all_until(lambda status: status["epoch"] >= goal, f"decision of epoch {goal}", timeout_s)
        return time.monotonic() - began_s

    def revive(self) -> None:
        """Start every daemon that does not run."""
        for daemon in self.daemons.values():
            if not daemon.is_alive:
                daemon.start()

    async def close_down(self) -> dict[str, int]:
        """Tell all daemons to end; their exit codes."""
        codes = await asyncio.gather(*(d.end() for d in self.daemons.values() if d.process is not None))
        return dict(zip(self.daemons, codes, strict=True))

    def light(self) -> dict[str, Launched]:
        """What every link launched."""
        return launched(self.trace, self.links)

    @property
    def links(self) -> Links:
        """See Plan."""
        return self.plan.links

    def ledgers(self) -> dict[str, dict[int, str]]:
        """Epoch -> digest of decision, by node."""
        return {name: decisions(daemon.state) for name, daemon in self.daemons.items() if daemon.state.exists()}

    def faults_found(self) -> list[str]:
        """Everything that must never be, whatever had happened."""
        return [
            *disagreements(self.ledgers()),
            *self.wire.key_used_twice(),
            *self.wire.contradictions(),
            *too_bright(self.light(), CAP),
        ]


def is_well(status: Status) -> bool:
    """Whether no alarm lasts; critical ones of before may still wait for somebody to see them."""
    return all(alarm["cleared_ms"] for alarm in status["alarms"])


def links_run(status: Status) -> bool:
    """Whether all links of a daemon make key."""
    return all(link["mode"] == "running" for link in status["links"])


@asynccontextmanager
async def laboratory(folder: Path, plan: Plan) -> AsyncIterator[Laboratory]:
    """A laboratory in which no daemon runs yet; all of them are gone when the block ends."""
    tables = linked_nodes(plan.links, preset=PRESET, seed=plan.seed)
    network = folder / "net"
    async with AsyncExitStack() as stack:
        simulation = await stack.enter_async_context(Simulation(scenario_of(tables), trace=folder / "trace.jsonl"))
        broker = Broker(folder)
        await broker.start()
        stack.callback(broker.kill)
        proxy = await stack.enter_async_context(MqttProxy("127.0.0.1", broker.port, RealClock(), plan.seed))
        wire = Wire()
        reading = asyncio.create_task(wire.run(broker.port))
        stack.push_async_callback(_ended, reading)
        _make_folders(network, plan, simulation, proxy.port)
        if plan.has_key_managers:
            await stack.enter_async_context(key_managers(network, plan.nodes, plan.seed))
        daemons = {node: Daemon(network / node) for node in plan.nodes}
        disk = stack.enter_context(small_disk(daemons[plan.cramped].state)) if plan.cramped else None
        stack.push_async_callback(_killed, daemons)
        yield Laboratory(folder, plan, simulation, broker, proxy, wire, daemons, disk)


def _make_folders(network: Path, plan: Plan, simulation: Simulation, port: int) -> None:
    text = description(plan.nodes, shared_figures(simulation), plan.epoch_s)
    make_folders(text, network, *(OPTIONS if plan.has_key_managers else ("--days", str(plan.days))))
    tables = node_tables(simulation, poll_s=plan.epoch_s)
    for node in plan.nodes:
        complete(network / node, place_of(network / node), broker_at(port), tables.get(node, ""))


async def _killed(daemons: Mapping[str, Daemon]) -> None:
    for daemon in daemons.values():
        if daemon.is_alive:
            daemon.send(signal.SIGKILL)
            await daemon.ended()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

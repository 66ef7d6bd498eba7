"""A whole node over a whole simulated bench, in one event loop, with short epochs."""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import RealClock
from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.node.facade import Facade
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.store.store import Store, open_store
from tests.node.bench_files import write_configuration

REPOSITORY = Path(__file__).parents[2]
SCENARIO = REPOSITORY / "hil_sim" / "scenarios" / "bench.toml"
CONFIGURATION = Path(__file__).with_name("bench.toml")
LINKS = ("alice-bob", "charlie-dave")
#: For tests that need only one: the motor of the other one takes its time.
QUICK = ("alice-bob",)


@dataclass
class Bench:
    """A running bench.

    Attributes:
        simulation: the instruments.  node, store, facade: the daemon without its servers.
        trace: what the instruments really did.
    """

    simulation: Simulation
    node: Node
    store: Store
    facade: Facade
    trace: Path

    def traced(self, instrument: str, quantity: str) -> list[object]:
        """Values a quantity took, oldest first."""
        return [value for _, value in self.traced_times(instrument, quantity)]

    def traced_times(self, instrument: str, quantity: str) -> list[tuple[float, object]]:
        """The same with monotonic times."""
        entries = [json.loads(line) for line in self.trace.read_text().splitlines()]
        return [
            (entry["monotonic_s"], entry["value"])
            for entry in entries
            if entry["instrument"] == instrument and entry["quantity"] == quantity
        ]


async def until(condition: Callable[[], object], timeout_s: float = 60.0, what: str = "") -> None:
    """Wait for a condition, looking often."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


def configuration(directory: Path, simulation: Simulation, policy: str = "rule-based", **node: object) -> Config:
    """The bench's configuration for this simulation, with short epochs."""
    path = directory / "qkdctl.toml"
    if not path.exists():
        write_configuration(directory, CONFIGURATION, simulation, PolicyChoice.parse(policy))
    config = load(path, {}, {})
    section = config.node.model_copy(update={"epoch_s": 0.4, **node})
    return config.model_copy(update={"node": section})


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Simulation]:
    """The shipped bench, traced; with lasers that are at temperature and a motor that is quick, so that tests are."""
    tables = tomllib.loads(SCENARIO.read_text())
    tables["instruments"]["laser-alice"]["options"] = {"diode": {"ambient_c": 25.0}}
    motor = {"steps_per_s": 48_000.0, "home_steps_per_s": 48_000.0, "home_pause_s": 0.05}
    tables["instruments"]["voa-charlie"]["options"] = motor
    async with Simulation(scenario_of(tables), trace=directory / "trace.jsonl") as simulation:
        yield simulation


@asynccontextmanager
async def running(
    directory: Path, simulation: Simulation, *, calibrated: Sequence[str] = LINKS, stop: bool = True, **node: object
) -> AsyncIterator[Bench]:
    """A started node; the links that are `calibrated` are up when the block begins."""
    config = configuration(directory, simulation, **node)
    async with open_store(config.node.state_directory, RealClock()) as store:
        daemon = Node(config, store, await LedgerJournal.load(store), RealClock())

        async def no_reload(_: str) -> str:
            return "nothing has changed"

        bench = Bench(simulation, daemon, store, Facade(daemon, no_reload), directory / "trace.jsonl")
        await daemon.start()
        try:
            await until(lambda: all(s.usable for s in daemon.supervisors.values()), what="devices")
            fresh = [name for name in calibrated if daemon.links[name].operations.calibration is None]
            await asyncio.gather(*(bench.facade.calibrate(name, "test") for name in fresh))
            await until(lambda: all(daemon.links[name].mode == "running" for name in calibrated), what="links")
            yield bench
        finally:
            if stop:
                await daemon.stop()

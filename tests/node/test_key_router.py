"""A node gives its key router the routes of each decision, goes on after a restart, and lets go of it at its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from hil_sim.instruments.key_router import KeyRouterInstrument
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import RealClock
from qkdctl.config.load import load
from qkdctl.config.network_section import NetworkSection
from qkdctl.node.facade import Facade
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.store.store import open_store
from tests.evidence.test_key_cases import plan

pytestmark = pytest.mark.asyncio
TEXT = """\
[node]
name = "bench"
state_directory = "{folder}/state"
runtime_directory = "{folder}"

[devices.router]
driver = "key-router"
address = "{address}"
poll_s = 0.1
"""


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, looking often."""
    async with asyncio.timeout(60.0):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(folder: Path, address: str, *, router: bool = True) -> AsyncIterator[Node]:
    """A started node without peers, with short epochs."""
    path = folder / "qkdctl.toml"
    path.write_text(TEXT.format(folder=folder, address=address))
    config = load(path, {}, {})
    section = NetworkSection(file=path, key_router="router") if router else None
    short = config.node.model_copy(update={"epoch_s": 0.1})
    config = config.model_copy(update={"network": section, "node": short})
    async with open_store(config.node.state_directory, RealClock()) as store:
        node = Node(config, store, await LedgerJournal.load(store), RealClock())
        try:
            await node.start()
            yield node
        finally:
            await node.stop()


async def test_tables_follow_the_decisions_also_after_a_restart(tmp_path: Path) -> None:
    scenario = scenario_of({"instruments": {"router": {"model": "key-router", "options": {"node": "bench"}}}})
    async with Simulation(scenario) as simulation:
        instrument = simulation.bench.instruments["router"]
        assert isinstance(instrument, KeyRouterInstrument)
        router, address = instrument.router, simulation.addresses["router"]
        for _ in range(2):
            before = router.table.epoch
            async with running(tmp_path, address) as node:
                await until(lambda before=before: router.table.epoch > before + 1)  # type: ignore[misc]
                assert not any(alarm.code == "routes-not-applied" for alarm in node.alarms.listed())
                routes = Facade(node, cast("Any", None)).routes()
                assert (routes["router"], routes["demands"]) == ("router", [])


async def test_an_operator_hears_of_routes_that_nothing_at_the_node_serves(tmp_path: Path) -> None:
    async with running(tmp_path, "http://127.0.0.1:1", router=False) as node:
        elsewhere = plan("st", "sat")
        (path,) = elsewhere.paths
        here = elsewhere.model_copy(update={"paths": (path.model_copy(update={"nodes": ("s", "bench", "t")}),)})
        for route, heard in ((elsewhere, False), (here, True), (elsewhere, False)):
            node._decision_alarms.judge_routes((route,))
            assert any(alarm.code == "no-key-router" for alarm in node.alarms.listed()) is heard

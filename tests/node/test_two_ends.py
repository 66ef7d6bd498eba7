"""Two nodes with one end of a link each, over real sockets: they make key together and re-align by two orders."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.node_scenario import linked_nodes
from hil_sim.node_tables import node_tables
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.api.errors import ConflictError
from qkdctl.clock import RealClock
from qkdctl.config.load import load
from qkdctl.node.facade import Facade
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.store.store import open_store
from tests.node.bench import until

LINK = "north-south"


@asynccontextmanager
async def running(directory: Path, node: str, text: str) -> AsyncIterator[tuple[Node, Facade]]:
    """A started node with its tables."""
    path = directory / f"{node}.toml"
    place = f"state_directory = {json.dumps(str(directory / node))}"
    path.write_text(f'[node]\nname = "{node}"\n{place}\n\n{text}', encoding="utf-8")
    config = load(path, {}, {})
    async with open_store(config.node.state_directory, RealClock()) as store:
        daemon = Node(config, store, await LedgerJournal.load(store), RealClock())
        await daemon.start()
        try:
            yield daemon, Facade(daemon, _no_reload)
        finally:
            await daemon.stop()


async def _no_reload(_: str) -> str:
    return "nothing has changed"


@pytest.mark.asyncio
async def test_two_nodes_make_key_over_one_link_and_the_light_is_the_sender_s(tmp_path: Path) -> None:
    tables = linked_nodes({LINK: ("north", "south")}, interval_s=0.25)
    tables["instruments"][f"laser-{LINK}"]["options"] = {"diode": {"ambient_c": 25.0}}
    tables["links"][LINK] |= {"polarization": {"walk_rad_per_sqrt_s": 0.0}}
    async with Simulation(scenario_of(tables)) as simulation, AsyncExitStack() as stack:
        texts = node_tables(simulation, poll_s=0.1)
        (north, at_north), (south, at_south) = await asyncio.gather(
            *(stack.enter_async_context(running(tmp_path, node, texts[node])) for node in ("north", "south"))
        )
        assert [view["ends"] for facade in (at_north, at_south) for view in facade.links()] == [["alice"], ["bob"]]
        for node in (north, south):
            await until(lambda node=node: all(s.usable for s in node.supervisors.values()), what="devices")
        with pytest.raises(ConflictError, match="Alice's end"):
            await at_south.calibrate(LINK, "test")
        await at_north.calibrate(LINK, "test")
        await until(lambda: {node.links[LINK].mode for node in (north, south)} == {"running"}, what="links")
        engine = simulation.bench.instruments[f"engine-bob-{LINK}"]
        assert isinstance(engine, QkdEngine)
        await until(lambda: any(r.secret_key_bits for r in engine.session.records("bob", 0, 1000)), what="key")
        await asyncio.gather(*(facade.realign(LINK, "test") for facade in (at_north, at_south)))
        assert engine.session.state("alice").mode == engine.session.state("bob").mode == "key"
        outcomes = [e for e in await south.store.ledger.tail(20) if e.payload.get("realign") == "done"]
        assert outcomes, "Bob's node has searched"
        await at_south.make_safe(LINK, "test")
        assert engine.session.state("bob").mode == "idle"
        assert simulation.bench.links[LINK].mean_photon_number() > 0
        await at_north.make_safe(LINK, "test")
        assert simulation.bench.links[LINK].mean_photon_number() == 0

"""Simulated routers live on the key of the simulated links, as far as a scenario has engines on them."""

from typing import Any

import httpx
import pytest

from hil_sim.instruments.key_router import KeyRouterInstrument
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import VirtualClock
from qkdctl.records.route import RouteTable
from tests.hil_sim.key_relay.networks import route

pytestmark = pytest.mark.asyncio
ROUTERS: dict[str, Any] = {
    "s": {"model": "key-router", "options": {"links": {"s-t": "t"}}},
    "t": {"model": "key-router", "options": {"links": {"s-t": "s"}}},
}
ENGINES: dict[str, Any] = {
    f"engine-{role}": {"model": "qkd-engine", "link": "s-t", "role": role} for role in ("alice", "bob")
}
LINKS = {"s-t": {"preset": "snspd-50km"}}


def world_of(running: Simulation) -> Any:
    router = running.bench.instruments["s"]
    assert isinstance(router, KeyRouterInstrument)
    for node in "st":
        router.world.tell(node, RouteTable(epoch=1, routes=(route("st"),)))
    return router.world


def outcomes(world: Any) -> list[str]:
    world.advance()
    return [record.outcome for record in world.routers["t"].records(0, 1000)]


async def test_a_link_without_engines_makes_key_at_a_steady_rate() -> None:
    clock = VirtualClock()
    async with Simulation(scenario_of({"instruments": ROUTERS}), clock=clock) as running:
        world = world_of(running)
        assert outcomes(world) == ["lost"]
        await clock.advance(1.0)
        assert outcomes(world) == ["lost", *["equal"] * 4]


async def test_a_link_with_engines_makes_what_they_are_credited() -> None:
    clock = VirtualClock()
    scenario = scenario_of({"seed": 1, "links": LINKS, "instruments": ROUTERS | ENGINES})
    async with Simulation(scenario, clock=clock) as running:
        world, link = world_of(running), running.bench.links["s-t"]
        await clock.advance(5.0)
        assert set(outcomes(world)) == {"lost"}
        link.set_laser_power_w(1e-3)
        link.set_laser_power_w(1e-3 * 0.5 / link.mean_photon_number())
        for role in ("alice", "bob"):
            engine = running.bench.instruments[f"engine-{role}"]
            assert isinstance(engine, QkdEngine)
            engine.session.configure(engine.end, running=True, mean_photon_number_e6=500_000)
        await clock.advance(20.0)
        assert outcomes(world)[-1] == "equal"


async def test_the_interface_describes_itself() -> None:
    async with Simulation(scenario_of({"instruments": ROUTERS}), clock=VirtualClock()) as running:
        async with httpx.AsyncClient(base_url=running.addresses["s"], trust_env=False) as client:
            document = (await client.get("/openapi.json")).json()
            missing = await client.get("/v1/nothing")
        assert set(document["paths"]) == {"/v1/info", "/v1/routes", "/v1/relays", "/v1/audit"}
        put = document["paths"]["/v1/routes"]["put"]["requestBody"]["content"]["application/json"]["schema"]
        assert put["$ref"].endswith("RouteTable")
        assert (missing.status_code, set(missing.json())) == (404, {"error", "expected", "hint"})


async def test_two_routers_at_one_node_are_a_mistake_of_the_scenario() -> None:
    twice = {name: {"model": "key-router", "options": {"node": "s"}} for name in ("one", "two")}
    with pytest.raises(ValueError, match="has a key router"):
        async with Simulation(scenario_of({"instruments": twice}), clock=VirtualClock()):
            pass

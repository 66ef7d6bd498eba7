"""The relay interface as its guide writes it, against simulated routers on real sockets and answers made by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from qkdctl_drivers.key_router import KeyRouter

from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import VirtualClock
from qkdctl.devices import DeviceError, InstrumentError, ProtocolError, ReadBackError, RouteTable
from qkdctl.evidence.relay_audit import audit_relays
from qkdctl.records.route import Route, RoutePath
from tests.hil_sim.key_relay.networks import route

pytestmark = pytest.mark.asyncio
LINKS = {"s": {"a-s": "a"}, "a": {"a-s": "s", "a-b": "b"}, "b": {"a-b": "a", "b-t": "t"}, "t": {"b-t": "b"}}
TABLE = RouteTable(epoch=1, routes=(route("sabt"),))


@asynccontextmanager
async def routers(clock: VirtualClock, **conducts: dict[str, Any]) -> AsyncIterator[dict[str, KeyRouter]]:
    """Connected drivers of four routers in a row."""
    instruments = {
        node: {"model": "key-router", "options": {"links": links, "conduct": conducts.get(node, {})}}
        for node, links in LINKS.items()
    }
    async with Simulation(scenario_of({"seed": 1, "instruments": instruments}), clock=clock) as running:
        devices = {node: KeyRouter(node, running.addresses[node], timeout_s=10.0) for node in LINKS}
        try:
            for device in devices.values():
                await device.connect()
            yield devices
        finally:
            for device in devices.values():
                await device.close()


class Scripted(KeyRouter):
    """A driver whose device answers as a test says."""

    answers: dict[str, Any]

    async def _call(self, method: str, path: str, *, patience_s: float = 0.0, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.answers[f"{method} {path}"]
        return answer


def scripted(**answers: Any) -> Scripted:
    device = Scripted("router", Scripted.address_example)
    names = {"info": "GET /v1/info", "routes": "GET /v1/routes", "put": "PUT /v1/routes", "relays": "GET /v1/relays"}
    device.answers = {names.get(name, "POST /v1/audit"): answer for name, answer in answers.items()}
    return device


async def test_routes_are_set_and_read_back_and_keys_are_relayed() -> None:
    clock = VirtualClock()
    async with routers(clock) as devices:
        assert devices["a"].identity.text.startswith("key-router/1 a SIM-KEY-ROUTER serial ")
        await clock.advance(10.0)
        for device in devices.values():
            assert await device.set_routes(TABLE) == await device.routes() == TABLE
        records = await devices["t"].relay_records(0)
        assert [(r.key, r.position, r.outcome) for r in records] == [(f"st/1/1/{n}", 3, "equal") for n in range(4)]
        assert [r.sequence for r in await devices["t"].relay_records(2)] == [3, 4]
        assert [await devices["t"].read(name) for name in ("epoch", "route_count", "sequence")] == [1, 1, 4]


async def test_a_corrupt_router_is_convicted_over_the_wire() -> None:
    clock = VirtualClock()
    async with routers(clock, b={"corrupt_ppm": 1_000_000}) as devices:
        await clock.advance(10.0)
        for device in devices.values():
            await device.set_routes(TABLE)
        (key, *_) = [r.key for r in await devices["s"].relay_records(0) if r.outcome == "unequal"]
        told = [(node, await device.audit(key)) for node, device in devices.items()]
        (found,) = audit_relays(told, lambda nodes: len(set(nodes)) > 1)
        assert [blame.node for blame in found.blamed] == ["b"]
        with pytest.raises(InstrumentError, match="opens nothing of key st/1/1/999; a key whose hashes were unequal"):
            await devices["a"].audit("st/1/1/999")


async def test_a_table_that_is_refused_changes_nothing() -> None:
    async with routers(VirtualClock(), a={"refuses_routes": True}) as devices:
        with pytest.raises(InstrumentError, match="takes no routes"):
            await devices["a"].set_routes(TABLE)
        with pytest.raises(InstrumentError, match=r"\(422\): .*epoch: Input should be a valid integer"):
            await devices["s"]._call("PUT", "/v1/routes", json={"epoch": "1", "routes": []})
        with pytest.raises(InstrumentError, match="does not lead through s"):
            await devices["s"].set_routes(RouteTable(epoch=1, routes=(route("abt"),)))
        assert (await devices["s"].routes()).routes == ()


async def test_a_router_that_lost_power_waits_for_its_routes() -> None:
    scenario = scenario_of({"instruments": {"t": {"model": "key-router", "options": {"links": LINKS["t"]}}}})
    async with Simulation(scenario, clock=VirtualClock()) as running:
        device = KeyRouter("t", running.addresses["t"], timeout_s=10.0)
        await device.connect()
        await device.set_routes(TABLE)
        await running.power_cycle("t")
        await device.connect()
        assert await device.routes() == RouteTable(epoch=0, routes=())
        await device.close()


async def test_another_table_in_force_than_was_set_is_no_success() -> None:
    device = scripted(put=TABLE.to_plain(), routes=RouteTable(epoch=0, routes=()).to_plain())
    with pytest.raises(ReadBackError, match="serves 0 routes of epoch 0 after 1 of epoch 1"):
        await device.set_routes(TABLE)


RECORD = {
    "sequence": 5, "key": "st/1/1/0", "demand": "st", "path": ["s", "a", "t"], "position": 1,
    "announced": "0" * 64, "outcome": "equal",
}  # fmt: skip
VIEW = {
    "key": "st/1/1/0", "path": ["s", "a", "t"], "position": 1,
    "before": "0" * 64, "after": "1" * 64, "announced": ["1" * 64],
}  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"relays": "none"},
        {"relays": [RECORD, RECORD]},
        {"relays": [{**RECORD, "sequence": 3}]},
        {"relays": [{**RECORD, "outcome": "fine"}]},
        {"relays": [{**RECORD, "position": 2}]},
        {"relays": [{**RECORD, "extra": 1}]},
    ],
)
async def test_records_that_break_the_interface_are_refused(page: dict[str, Any]) -> None:
    assert [r.sequence for r in await scripted(relays={"relays": [RECORD]}).relay_records(3)] == [5]
    with pytest.raises(ProtocolError):
        await scripted(relays=page).relay_records(3)


@pytest.mark.parametrize("changes", [{"key": "st/1/1/1"}, {"before": ""}, {"path": ["s", "a"]}, {"position": "1"}])
async def test_views_that_break_the_interface_are_refused(changes: dict[str, Any]) -> None:
    assert (await scripted(audit=VIEW).audit("st/1/1/0")).opened_xor == "1" * 64
    with pytest.raises(ProtocolError):
        await scripted(audit={**VIEW, **changes}).audit("st/1/1/0")


@pytest.mark.parametrize("device", [scripted(info={"node": "a"}), scripted(info={}), scripted(info={"node": 1})])
async def test_a_service_without_identity_is_refused(device: Scripted) -> None:
    with pytest.raises(DeviceError, match="lacks"):
        await device.identify()


async def test_what_a_route_says_survives_the_wire() -> None:
    whole = Route.from_json(TABLE.routes[0].canonical())
    assert whole == TABLE.routes[0]
    assert whole.path == RoutePath(nodes=("s", "a", "b", "t"), links=("a-s", "a-b", "b-t"))

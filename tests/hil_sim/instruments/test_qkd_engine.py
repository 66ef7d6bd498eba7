"""The simulated engine keeps to the session-record interface, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from hil_sim.endpoints.http import HttpEndpoint
from hil_sim.instruments.model import Surroundings
from hil_sim.instruments.qkd_engine import MODEL, QkdEngine, QkdEngineUnit
from hil_sim.world.link import OpticalLink
from hil_sim.world.parameters import LinkParameters
from hil_sim.world.presets import PRESETS
from hil_sim.world.session_state import SessionParameters
from qkdctl.clock import Clock, RealClock, VirtualClock
from qkdctl.records.session import SessionRecord

STILL: LinkParameters = PRESETS["ingaas-25km"]


def lit_link(clock: Clock) -> OpticalLink:
    """A link whose signal pulses hold half a photon."""
    link = OpticalLink("charlie-dave", STILL, 1, clock)
    link.set_laser_power_w(1e-3)
    link.set_laser_power_w(1e-3 * 0.5 / link.mean_photon_number())
    return link


def build_pair(clock: Clock) -> tuple[QkdEngine, QkdEngine]:
    link, shared = lit_link(clock), dict[str, Any]()
    engines = []
    for role in ("alice", "bob"):
        unit = QkdEngineUnit(serial_number=f"E-{role}")
        engine = MODEL.build(Surroundings(f"engine-{role}", clock, unit, link=link, role=role, shared=shared))
        assert isinstance(engine, QkdEngine)
        engines.append(engine)
    return engines[0], engines[1]


@asynccontextmanager
async def served(engine: QkdEngine, clock: Clock) -> AsyncIterator[tuple[httpx.AsyncClient, HttpEndpoint]]:
    """A client of the engine."""
    endpoint = HttpEndpoint("engine", engine, clock)
    await endpoint.start()
    try:
        async with httpx.AsyncClient(base_url=endpoint.address, timeout=5.0, trust_env=False) as client:
            yield client, endpoint
    finally:
        await endpoint.stop()


@pytest.mark.asyncio
async def test_info_tells_what_it_is() -> None:
    clock = VirtualClock()
    _, bob = build_pair(clock)
    async with served(bob, clock) as (client, _):
        response = await client.get("/v1/info")
    assert response.status_code == 200
    assert response.json() == {
        "model": "SIM-BB84",
        "serial": "E-bob",
        "version": "1.1",
        "end": "bob",
        "link": "charlie-dave",
        "pulse_rate_hz": 20e6,
        "intensity_ratios": [1.0, 0.2, 0.0],
        "intensity_probabilities": [0.7, 0.2, 0.1],
        "protocols": ["bb84"],
        "basis_probabilities": {"z": 0.8, "x": 0.2},
    }


@pytest.mark.asyncio
async def test_each_end_is_told_its_own_settings_and_knows_the_mode_of_the_other() -> None:
    clock = VirtualClock()
    alice, bob = build_pair(clock)
    async with served(alice, clock) as (at_alice, _), served(bob, clock) as (at_bob, _):
        idle = (await at_alice.get("/v1/state")).json()
        assert idle == {
            "running": False,
            "mode": "idle",
            "peer_mode": "idle",
            "protocol": "bb84",
            "mean_photon_number_e6": 0,
            "block": 0,
            "sequence": 0,
        }
        told = (await at_bob.put("/v1/state", json={"mean_photon_number_e6": 500_000, "running": True})).json()
        assert (told["mode"], told["peer_mode"]) == ("key", "idle")
        assert (await at_alice.get("/v1/state")).json() == {**idle, "peer_mode": "key"}
        told = (await at_alice.put("/v1/state", json={"mean_photon_number_e6": 500_000, "running": True})).json()
        assert told == (await at_bob.get("/v1/state")).json()
        again = (await at_alice.put("/v1/state", json={"mode": "alignment"})).json()
        assert again["block"] == told["block"] + 1
        assert again["running"] is True


@pytest.mark.asyncio
async def test_both_ends_report_equal_counts_page_by_page() -> None:
    clock = VirtualClock()
    alice, bob = build_pair(clock)
    async with served(alice, clock) as (at_alice, _), served(bob, clock) as (at_bob, _):
        for client in (at_alice, at_bob):
            await client.put("/v1/state", json={"mode": "key", "mean_photon_number_e6": 500_000})
        await clock.advance(5.0)
        whole = (await at_alice.get("/v1/records")).json()
        assert (whole["oldest"], whole["newest"]) == (1, 5)
        records = [SessionRecord.from_json(httpx.Response(200, json=item).content) for item in whole["records"]]
        assert [record.sequence for record in records] == [1, 2, 3, 4, 5]
        assert all(record.pulses == 20_000_000 for record in records)
        assert all(record.z.detected[0] > 0 for record in records)
        page = (await at_bob.get("/v1/records", params={"after": 1, "limit": 2})).json()
        assert [item["sequence"] for item in page["records"]] == [2, 3]
        for mine, theirs in zip(whole["records"][1:3], page["records"], strict=True):
            assert {**mine, "end": ""} == {**theirs, "end": ""}
            assert (mine["end"], theirs["end"]) == ("alice", "bob")


@pytest.mark.asyncio
async def test_alignment_measures_for_as_long_as_its_pulses_take() -> None:
    clock = VirtualClock()
    alice, bob = build_pair(clock)
    async with served(bob, clock) as (client, _):
        refused = await client.post("/v1/alignment/measure", json={"pulses": 1000})
        assert refused.status_code == 409
        assert refused.json()["expected"] == "mode alignment"
        await client.put("/v1/state", json={"mode": "alignment"})
        refused = await client.post("/v1/alignment/measure", json={"pulses": 1000})
        assert refused.json()["expected"] == "both ends in mode alignment"
        alice.session.configure("alice", mode="alignment")
        measuring = asyncio.create_task(client.post("/v1/alignment/measure", json={"pulses": 20_000_000}))
        asked_for = await client.get("/v1/state")  # the engine goes on answering
        assert asked_for.json()["mode"] == "alignment"
        assert not measuring.done()
        while not measuring.done():
            await clock.advance(0.1)
            await asyncio.sleep(0.001)
        sample = measuring.result().json()
    assert sample["pulses"] == 20_000_000
    assert 0 < sample["errors"] < sample["detected"]
    assert sample["qber_ppm"] == sample["errors"] * 1_000_000 // sample["detected"]


WRONG_REQUESTS = [
    ("PUT", "/v1/state", {"mode": "sideways"}, 422, "mode"),
    ("PUT", "/v1/state", {"running": "true"}, 422, "running"),
    ("PUT", "/v1/state", {"running": 1}, 422, "running"),
    ("PUT", "/v1/state", {"mean_photon_number_e6": 0.5}, 422, "mean_photon_number_e6"),
    ("PUT", "/v1/state", {"mean_photon_number": 500000}, 422, "mean_photon_number"),
    ("PUT", "/v1/state", [1], 422, "body"),
    ("PUT", "/v1/state", {"mean_photon_number_e6": -1}, 409, "out of range"),
    ("PUT", "/v1/state", {"mean_photon_number_e6": 1_000_001}, 409, "out of range"),
    ("PUT", "/v1/state", {"protocol": "e91"}, 409, "protocol"),
    ("PUT", "/v1/state", {"running": False, "mode": "key"}, 409, "contradicts"),
    ("POST", "/v1/alignment/measure", {"pulses": 0}, 422, "pulses"),
    ("POST", "/v1/alignment/measure", {}, 422, "pulses"),
    ("GET", "/v1/records?after=-1", None, 422, "after"),
    ("GET", "/v1/records?limit=0", None, 422, "limit"),
    ("GET", "/v1/records?limit=10001", None, 422, "limit"),
    ("GET", "/v2/state", None, 404, "/v2/state"),
    ("DELETE", "/v1/state", None, 405, "DELETE"),
]


@pytest.mark.asyncio
async def test_every_error_says_what_is_wrong_what_was_expected_and_what_to_do() -> None:
    clock = VirtualClock()
    alice, _ = build_pair(clock)
    async with served(alice, clock) as (client, _):
        before = (await client.get("/v1/state")).json()
        for method, path, body, status, word in WRONG_REQUESTS:
            response = await client.request(method, path, json=body)
            assert response.status_code == status, (method, path, body)
            assert response.json().keys() == {"error", "expected", "hint"}
            assert word in response.json()["error"], (path, response.text)
        assert (await client.get("/v1/state")).json() == before


@pytest.mark.asyncio
async def test_the_interface_documents_itself() -> None:
    clock = VirtualClock()
    alice, _ = build_pair(clock)
    async with served(alice, clock) as (client, _):
        document = (await client.get("/openapi.json")).json()
    assert document["info"]["version"] == "1.1"
    assert {path: set(methods) for path, methods in document["paths"].items()} == {
        "/v1/info": {"get"},
        "/v1/state": {"get", "put"},
        "/v1/records": {"get"},
        "/v1/alignment/measure": {"post"},
    }
    assert "secret_key_bits" in document["components"]["schemas"]["SessionRecord"]["properties"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("mishap", "outcome"),
    [("internal-error", 500), ("wrong-json", {"unexpected": [1, 2, 3]}), ("not-json", ValueError)],
)
async def test_mishaps_befall_one_response(mishap: str, outcome: Any) -> None:
    clock = VirtualClock()
    alice, _ = build_pair(clock)
    async with served(alice, clock) as (client, _):
        alice.disturbances[mishap]()
        response = await client.get("/v1/state")
        if outcome == 500:
            assert response.status_code == 500
        elif outcome is ValueError:
            with pytest.raises(ValueError, match="Expecting value"):
                response.json()
        else:
            assert response.json() == outcome
        assert (await client.get("/v1/state")).json()["mode"] == "idle"


@pytest.mark.asyncio
async def test_a_truncated_response_breaks_the_connection_and_the_next_one_works() -> None:
    clock = VirtualClock()
    alice, _ = build_pair(clock)
    async with served(alice, clock) as (client, _):
        alice.disturbances["truncate"]()
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            await client.get("/v1/info")
        assert (await client.get("/v1/info")).json()["end"] == "alice"


@pytest.mark.asyncio
async def test_line_faults_reach_http_too() -> None:
    clock = RealClock()
    alice, _ = build_pair(clock)
    async with served(alice, clock) as (client, endpoint):
        endpoint.faults.stall()
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/state", timeout=0.05)
        endpoint.faults.clear()
        assert (await client.get("/v1/state")).status_code == 200
        endpoint.faults.drop()
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/state", timeout=0.05)
        endpoint.faults.garbage()
        with pytest.raises(ValueError, match=r"."):
            (await client.get("/v1/state")).json()
        endpoint.faults.split(size=7, gap_s=0.0001)
        endpoint.faults.late(0.02)
        for _ in range(2):
            assert (await client.get("/v1/state")).json()["mode"] == "idle"


@pytest.mark.asyncio
async def test_unplugging_breaks_requests_under_way_and_replugging_serves_the_same_address() -> None:
    clock = VirtualClock()
    alice, _ = build_pair(clock)
    alice.session.configure(mode="alignment")
    async with served(alice, clock) as (client, endpoint):
        address = endpoint.address
        measuring = asyncio.create_task(client.post("/v1/alignment/measure", json={"pulses": 10**9}))
        assert (await client.get("/v1/state")).status_code == 200
        await endpoint.unplug()
        with pytest.raises(httpx.TransportError):
            await measuring
        with pytest.raises(httpx.ConnectError):
            await client.get("/v1/state")
        await endpoint.replug()
        assert endpoint.address == address
        assert (await client.get("/v1/state")).json()["mode"] == "alignment"


@pytest.mark.asyncio
async def test_power_loss_at_one_end_ends_the_session_and_keeps_the_records() -> None:
    clock = VirtualClock()
    alice, bob = build_pair(clock)
    alice.session.configure(running=True, mean_photon_number_e6=400_000)
    await clock.advance(2.0)
    bob.power_cycle()
    state = alice.session.state("alice")
    assert (state.mode, state.peer_mode) == ("key", "idle")
    await clock.advance(2.0)
    assert [record.sequence for record in alice.session.records("alice", 0, 10)] == [1, 2]


def test_engines_of_one_link_must_agree_on_their_session() -> None:
    clock = VirtualClock()
    link, shared = lit_link(clock), dict[str, Any]()
    MODEL.build(Surroundings("a", clock, QkdEngineUnit(), link=link, role="alice", shared=shared))
    other = QkdEngineUnit(session=SessionParameters(block_s=10.0))
    with pytest.raises(ValueError, match="equal session options"):
        MODEL.build(Surroundings("b", clock, other, link=link, role="bob", shared=shared))


@pytest.mark.asyncio
async def test_an_engine_alone_has_light_of_its_own() -> None:
    clock = VirtualClock()
    engine = MODEL.build(Surroundings("lab", clock, QkdEngineUnit(), role="alice"))
    assert isinstance(engine, QkdEngine)
    engine.session.configure(running=True, mean_photon_number_e6=500_000)
    await clock.advance(1.0)
    (record,) = engine.session.records("alice", 0, 10)
    assert record.link == "lab"
    assert record.z.detected[0] > 0

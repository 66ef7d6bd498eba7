"""Live events: a snapshot, then what changed; slow readers miss steps, never the outcome."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from qkdctl.api import models
from qkdctl.api.facade import Event
from qkdctl.api.hub import BEAT, EventHub
from qkdctl.api.server import ApiServer
from qkdctl.api.settings import ApiSettings
from qkdctl.api.stream import STALL_S
from qkdctl.client import apply_changes
from qkdctl.clock import VirtualClock
from tests.api.memory import STATUS, MemoryFacade

DEVICE = STATUS["devices"][1]

pytestmark = pytest.mark.asyncio


def parse(message: bytes) -> tuple[str, str, Any]:
    """Kind, id and document of one server-sent event."""
    fields = dict(line.split(": ", 1) for line in message.decode().strip().splitlines())
    return fields["event"], fields["id"], json.loads(fields["data"])


def epoch(number: int) -> Event:
    return Event("node", "", {"epoch": number})


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def hub(facade: MemoryFacade, clock: VirtualClock) -> EventHub:
    return EventHub(facade, clock)


async def test_snapshot_then_updates(hub: EventHub, facade: MemoryFacade, clock: VirtualClock) -> None:
    async with aclosing(hub.stream(None)) as stream:
        kind, identity, status = parse(await anext(stream))
        assert (kind, identity.partition("-")[2], status["epoch"]) == ("snapshot", "0", 41)
        hub.publish(epoch(42))
        hub.publish(Event("alarms", "device-fault-snspd-1", None))
        kind, identity, update = parse(await anext(stream))
    assert (kind, identity.partition("-")[2], update["sequence"]) == ("update", "2", 2)
    status = apply_changes(status, update["changes"])
    assert (status["epoch"], status["alarms"]) == (42, [])


async def test_at_most_two_updates_per_second_and_only_the_latest_of_each_part(
    hub: EventHub, clock: VirtualClock
) -> None:
    async with aclosing(hub.stream(None)) as stream:
        await anext(stream)
        hub.publish(epoch(1))
        await anext(stream)
        following = asyncio.ensure_future(anext(stream))
        for number in range(2, 100):
            hub.publish(epoch(number))
            hub.publish(Event("ledger", "", {"sequence": number, "head": ""}))
            hub.publish(Event("devices", "d", DEVICE))
        await clock.advance(0.49)
        assert not following.done()
        await clock.advance(0.02)
        _, _, update = parse(await following)
    assert update["changes"] == [
        {"part": "node", "name": "", "value": {"epoch": 99}},
        {"part": "ledger", "name": "", "value": {"sequence": 99, "head": ""}},
        {"part": "devices", "name": "d", "value": models.Device.model_validate(DEVICE).model_dump()},
    ]
    assert update["changes"][2]["value"]["values"]["temperature_k"]["value"] is None
    assert (hub.counts.updates, hub.counts.coalesced) == (2, 3 * 98 - 3)


async def test_a_silent_stream_says_that_it_is_alive(hub: EventHub, clock: VirtualClock) -> None:
    async with aclosing(hub.stream(None)) as stream:
        await anext(stream)
        following = asyncio.ensure_future(anext(stream))
        await clock.advance(10.1)
        assert await following == BEAT


async def test_resume_sends_what_was_missed_and_no_more(hub: EventHub) -> None:
    for number in (1, 2, 3):
        hub.publish(Event("devices", f"d{number}", DEVICE | {"name": f"d{number}"}))
    async with aclosing(hub.stream(None)) as stream:
        run = parse(await anext(stream))[1].partition("-")[0]
    async with aclosing(hub.stream(f"{run}-1")) as stream:
        _, identity, update = parse(await anext(stream))
    assert identity == f"{run}-3"
    assert [change["name"] for change in update["changes"]] == ["d2", "d3"]


@pytest.mark.parametrize("identity", ["0000-1", "", "{run}-", "{run}-9", "{run}--1", "{run}-1x", "{run}-²", "x" * 999])
async def test_an_id_of_another_life_gives_a_snapshot(hub: EventHub, identity: str) -> None:
    hub.publish(epoch(1))
    async with aclosing(hub.stream(None)) as stream:
        run = parse(await anext(stream))[1].partition("-")[0]
    async with aclosing(hub.stream(identity.replace("{run}", run))) as stream:
        assert parse(await anext(stream))[0] == "snapshot"


async def test_the_node_stopping_ends_all_streams(hub: EventHub, facade: MemoryFacade) -> None:
    running = asyncio.create_task(hub.run())
    async with aclosing(hub.stream(None)) as one, aclosing(hub.stream(None)) as two:
        await anext(one)
        await anext(two)
        ends = [asyncio.ensure_future(anext(stream)) for stream in (one, two)]
        facade.queue.put_nowait(None)
        for end in ends:
            with pytest.raises(StopAsyncIteration):
                await end
    await running
    assert hub.counts.streams == 0


async def test_a_failing_node_ends_the_streams_but_not_the_daemon(
    hub: EventHub, facade: MemoryFacade, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> AsyncIterator[Event]:
        yield epoch(1)
        raise RuntimeError("defect")

    monkeypatch.setattr(facade, "subscribe", broken)
    with capture_logs() as logs:
        await hub.run()
    assert not hub.is_open
    assert [entry["log_level"] for entry in logs] == ["error"]


class RawReader:
    """An HTTP client that reads only when told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen = b""

    @classmethod
    async def connect(cls, path: Path, last_event_id: str = "") -> "RawReader":
        # A small limit: what is not read soon stays in the socket, and the socket fills.
        connected = cls(*await asyncio.open_unix_connection(path, limit=1024))
        header = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        connected.writer.write(f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
        await connected.reader.readuntil(b"\r\n\r\n")
        return connected

    async def collect(self) -> None:
        while data := await self.reader.read(65_536):
            self.seen += data

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


@pytest_asyncio.fixture
async def virtual(facade: MemoryFacade, folder: Path, clock: VirtualClock) -> AsyncIterator[ApiServer]:
    server = ApiServer(facade, ApiSettings(folder / "s"), clock)
    await server.start()
    yield server
    await server.stop()


async def eventually(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_reader_that_takes_nothing_costs_no_memory_and_is_dropped(
    virtual: ApiServer, facade: MemoryFacade, folder: Path, clock: VirtualClock
) -> None:
    reader = await RawReader.connect(folder / "s")
    hub = virtual.hub
    await eventually(lambda: hub.counts.streams == 1)
    text = "x" * 20_000
    published, sent = 0, -1
    # Until the socket is full: then updates stop although events go on.
    while hub.counts.updates != sent:
        sent = hub.counts.updates
        for _ in range(20):
            hub.publish(Event("complaints", "", [text]))
            published += 1
            await clock.advance(0.6)
    assert hub.counts.updates <= published - 20
    with capture_logs() as logs:
        await clock.advance(STALL_S * 1.5)
        await eventually(lambda: hub.counts.streams == 0)
    assert hub.counts.stalled == 1
    assert "dropped" in logs[0]["event"]
    await reader.close()


async def test_a_slow_reader_gets_the_latest_when_it_comes_back(
    virtual: ApiServer, facade: MemoryFacade, folder: Path, clock: VirtualClock
) -> None:
    reader = await RawReader.connect(folder / "s")
    hub = virtual.hub
    await eventually(lambda: hub.counts.streams == 1)
    for number in range(500):
        hub.publish(Event("complaints", "", ["x" * 20_000, str(number)]))
        await clock.advance(0.01)
    reading = asyncio.create_task(reader.collect())
    async with asyncio.timeout(5):
        while b'"499"]' not in reader.seen:
            await clock.advance(0.1)
    await virtual.stop()
    await reading
    assert reader.seen.count(b"event: update") < 50
    await reader.close()


async def test_a_reader_that_leaves_is_forgotten(virtual: ApiServer, folder: Path) -> None:
    reader = await RawReader.connect(folder / "s")
    await eventually(lambda: virtual.hub.counts.streams == 1)
    await reader.close()
    await eventually(lambda: virtual.hub.counts.streams == 0)


async def test_events_over_http_go_on_after_a_break(
    http: httpx.AsyncClient, facade: MemoryFacade, server: ApiServer
) -> None:
    async with http.stream("GET", "/v1/events") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: snapshot"
        identity = (await anext(lines)).removeprefix("id: ")
    facade.emit_link(qber_z=0.1)
    await eventually(facade.queue.empty)
    async with http.stream("GET", "/v1/events", headers={"Last-Event-ID": identity}) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: update"
        await anext(lines)
        update = json.loads((await anext(lines)).removeprefix("data: "))
    assert [change["value"]["qber_z"] for change in update["changes"]] == [0.1]


async def test_streams_do_not_take_all_connections(
    http: httpx.AsyncClient, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qkdctl.api.hub.STREAMS_MAX", 1)
    async with http.stream("GET", "/v1/events") as answer:
        assert await anext(answer.aiter_lines()) == "event: snapshot"
        assert (await http.get("/v1/events")).status_code == 503
        assert (await http.get("/v1/status")).status_code == 200


async def test_no_events_once_the_node_has_ended_them(http: httpx.AsyncClient, server: ApiServer) -> None:
    server.hub.close()
    assert (await http.get("/v1/events")).status_code == 503

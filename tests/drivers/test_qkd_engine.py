"""The engine interface as its guide writes it, over a hand-made HTTP server and against the simulated engine."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from qkdctl_drivers.qkd_engine import QkdEngine

from qkdctl.devices import (
    ConnectionLostError,
    DeviceError,
    ExchangeTimeoutError,
    IdentityMismatchError,
    InstrumentError,
    OutOfRangeError,
    ProtocolError,
)
from qkdctl.listening import end_listening
from tests.drivers.benches import connected

pytestmark = pytest.mark.asyncio
INFO = {"model": "SIM-BB84", "serial": "E-1", "version": "1.0", "end": "alice", "link": "alice-bob"}
STATE = {
    "running": True, "mode": "key", "peer_mode": "idle", "protocol": "bb84", "mean_photon_number_e6": 480000,
    "block": 7, "sequence": 1204,
}  # fmt: skip
Answer = Callable[[str, str, Any], tuple[int, Any] | None]


def record(sequence: int) -> dict[str, Any]:
    return {
        "link": "alice-bob", "end": "alice", "sequence": sequence, "block": 7, "started_ms": 1795205789085,
        "duration_ms": 1000, "protocol": "bb84", "pulses": 1000000000, "mean_photon_numbers_e6": [480000, 96000, 0],
        "z": {"sent": [448000000, 128000000, 64000000], "detected": [912345, 52345, 1234], "errors": [9012, 612, 611]},
        "x": {"sent": [28000000, 8000000, 4000000], "detected": [57012, 3271, 77], "errors": [570, 40, 38]},
        "secret_key_bits": 301234, "dead_ms": 0,
    }  # fmt: skip


class Engine:
    """Answers requests as a test says; keeps what was asked.

    Attributes:
        answer: gives status and body (text is sent as it is), or None for silence.
        requests: method, path with query, body.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.answer: Answer = lambda method, path, body: (200, INFO if path == "/v1/info" else STATE)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = next((int(line[15:]) for line in head.splitlines() if line.startswith("content-length")), 0)
                text = (await reader.readexactly(length)).decode()
                method, path, _ = head.splitlines()[0].split()
                request = (method.upper(), path, json.loads(text) if text else None)
                self.requests.append(request)
                reply = self.answer(*request)
                if reply is not None:
                    body = (reply[1] if isinstance(reply[1], str) else json.dumps(reply[1])).encode()
                    writer.write(f"HTTP/1.1 {reply[0]} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return


@asynccontextmanager
async def engine(*, unix: Path | None = None, timeout_s: float = 10.0, serial: str = "") -> AsyncIterator[Any]:
    """An engine and its connected driver."""
    peer, tasks = Engine(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(peer.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(lambda _: writer.transport.abort())

    if unix is not None:
        server = await asyncio.start_unix_server(accept, unix)
        address = f"http+unix://{unix}"
    else:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    device = QkdEngine("engine", address, timeout_s=timeout_s, serial_number=serial)
    try:
        await device.connect()
        peer.requests.clear()
        yield peer, device
    finally:
        await device.close()
        await end_listening(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def test_state_is_read_and_changed_field_by_field() -> None:
    async with engine() as (peer, device):
        assert device.identity.serial_number == "E-1"
        for name, value in STATE.items():
            assert await device.read(name) == value
        await device.write("mean_photon_number_e6", 450_000)
        await device.write("running", False)
        assert peer.requests[-2:] == [
            ("PUT", "/v1/state", {"mean_photon_number_e6": 450_000}),
            ("PUT", "/v1/state", {"running": False}),
        ]
        peer.requests.clear()
        for value in (1_000_001, -1, 0.5, True):
            with pytest.raises(OutOfRangeError):
                await device.write("mean_photon_number_e6", value)
        assert peer.requests == []


async def test_an_engine_of_version_1_0_does_not_know_what_the_other_end_does() -> None:
    async with engine() as (peer, device):
        peer.answer = lambda *_: (200, {key: value for key, value in STATE.items() if key != "peer_mode"})
        assert await device.read("peer_mode") == "unknown"


async def test_an_engine_may_listen_on_a_unix_socket(tmp_path: Path) -> None:
    async with engine(unix=tmp_path / "engine.sock") as (_, device):
        assert await device.read("sequence") == 1204


async def test_another_engine_is_refused_before_anything_is_set() -> None:
    with pytest.raises(IdentityMismatchError, match="expected E-2"):
        async with engine(serial="E-2"):
            pass


async def test_records_are_fetched_page_by_page_in_order() -> None:
    async with engine() as (peer, device):

        def pages(method: str, path: str, body: Any) -> tuple[int, Any]:
            after = int(path.split("after=")[1].split("&", maxsplit=1)[0])
            numbers = range(after + 1, min(after + 1000, 2500) + 1)
            return 200, {"records": [record(n) for n in numbers], "oldest": 1, "newest": 2500}

        peer.answer = pages
        records = await device.session_records(300)
        assert [item.sequence for item in records] == list(range(301, 2501))
        assert [path for _, path, _ in peer.requests] == [
            f"/v1/records?after={after}&limit=1000" for after in (300, 1300, 2300)
        ]


@pytest.mark.parametrize(
    "page",
    [
        {"records": [record(5), record(4)]},
        {"records": [record(1)]},
        {"records": [{**record(5), "pulses": 1.5}]},
        {"records": [{**record(5), "pulses": "1000"}]},
        {"records": "none"},
        {},
    ],
)
async def test_records_that_break_the_interface_are_refused(page: Any) -> None:
    async with engine() as (peer, device):
        peer.answer = lambda *_: (200, page)
        with pytest.raises(ProtocolError):
            await device.session_records(3)


async def test_a_refusal_carries_the_words_of_the_engine() -> None:
    async with engine() as (peer, device):
        peer.answer = lambda *_: (409, {"error": "no alignment here", "expected": "mode alignment", "hint": "start it"})
        with pytest.raises(InstrumentError, match=r"\(409\): no alignment here; mode alignment; start it"):
            await device.measure_qber(1000)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, "<html>"), ProtocolError),
        ((200, "[]"), ProtocolError),
        ((200, {**STATE, "running": 1}), ProtocolError),
        ((200, {}), ProtocolError),
        ((500, {"error": "broken"}), InstrumentError),
        (None, ExchangeTimeoutError),
    ],
)
async def test_whatever_comes_back_is_a_typed_error(answer: Any, error: type[DeviceError]) -> None:
    async with engine(timeout_s=0.1) as (peer, device):
        peer.answer = lambda *_: answer
        with pytest.raises(error):
            await device.read("running")


async def test_an_engine_that_is_gone_is_a_lost_connection() -> None:
    async with engine() as (_, device):
        pass
    device = QkdEngine("engine", device.address, timeout_s=10.0)
    with pytest.raises(ConnectionLostError):
        await device.connect()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:80", "zmq+tcp://127.0.0.1:80", "http://127.0.0.1"])
async def test_only_http_addresses_are_taken(address: str) -> None:
    with pytest.raises(ValueError, match=r"HTTP|needs host and port"):
        QkdEngine("engine", address)


async def test_the_simulated_engine_aligns_and_starts_a_new_block() -> None:
    async with connected("qkd-engine", role="alice") as (device, _):
        await device.write_verified("mean_photon_number_e6", 480_000)
        await device.write_verified("running", True)
        block = await device.read("block")
        with pytest.raises(InstrumentError):
            await device.measure_qber(1000)
        await device.start_alignment()
        assert await device.read("mode") == "alignment"
        sample = await device.measure_qber(1_000_000)
        assert sample.pulses == 1_000_000
        assert 0 <= sample.errors <= sample.detected
        await device.end_alignment()
        assert await device.read("mode") == "key"
        assert await device.read("block") > block

"""TCP endpoints behave like instruments on a network."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hil_sim.endpoints.tcp import TcpEndpoint
from qkdctl.clock import RealClock
from tests.hil_sim.endpoints.echo import Echo

PATIENCE_S = 5.0


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[TcpEndpoint]:
    endpoint = TcpEndpoint("echo", Echo(greeting=b"hello\n"), RealClock())
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


async def connect(endpoint: TcpEndpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", endpoint.port), PATIENCE_S)


async def line(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readline(), PATIENCE_S)


@pytest.mark.asyncio
async def test_clients_are_greeted_and_answered_independently(endpoint: TcpEndpoint) -> None:
    assert endpoint.address == f"tcp://127.0.0.1:{endpoint.port}"
    clients = [await connect(endpoint) for _ in range(3)]
    for number, (reader, writer) in enumerate(clients):
        assert await line(reader) == b"hello\n"
        writer.write(b"%d\n" % number)
    for number, (reader, _) in enumerate(clients):
        assert await line(reader) == b"%d\n" % number
    assert endpoint.clients == 3
    for _, writer in clients:
        writer.close()
        await writer.wait_closed()


@pytest.mark.asyncio
async def test_an_address_may_have_another_form() -> None:
    form = "TCPIP::{host}::{port}::SOCKET"
    endpoint = TcpEndpoint("echo", Echo(), RealClock(), address_form=form)
    await endpoint.start()
    assert endpoint.address == f"TCPIP::127.0.0.1::{endpoint.port}::SOCKET"
    await endpoint.stop()


@pytest.mark.asyncio
async def test_unplugging_breaks_connections_and_refuses_new_ones_until_replugged(endpoint: TcpEndpoint) -> None:
    reader, writer = await connect(endpoint)
    await line(reader)
    port = endpoint.port
    await endpoint.unplug()
    await endpoint.unplug()
    assert await asyncio.wait_for(reader.read(1), PATIENCE_S) == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await connect(endpoint)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))
    await endpoint.replug()
    await endpoint.replug()
    assert endpoint.port == port
    reader, writer = await connect(endpoint)
    assert await line(reader) == b"hello\n"
    writer.close()
    await writer.wait_closed()


@pytest.mark.asyncio
async def test_a_client_that_leaves_in_the_middle_of_a_reply_leaves_nothing_behind(endpoint: TcpEndpoint) -> None:
    endpoint.faults.split(size=1, gap_s=0.01)
    reader, writer = await connect(endpoint)
    writer.write(b"a long reply that is sent byte by byte\n")
    await asyncio.wait_for(reader.readexactly(1), PATIENCE_S)
    writer.close()
    await writer.wait_closed()
    await endpoint.stop()
    assert endpoint.clients == 0


@pytest.mark.asyncio
async def test_a_client_that_never_reads_is_cut_off(endpoint: TcpEndpoint) -> None:
    loop = asyncio.get_running_loop()
    block = (b"x" * 65_535 + b"\n") * 1000
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", endpoint.port))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(loop.sock_sendall(client, block), PATIENCE_S)


@pytest.mark.asyncio
async def test_a_taken_port_is_an_error(endpoint: TcpEndpoint) -> None:
    second = TcpEndpoint("second", Echo(), RealClock(), port=endpoint.port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.stop()


@pytest.mark.asyncio
async def test_starting_and_stopping_twice_is_allowed(endpoint: TcpEndpoint) -> None:
    port = endpoint.port
    await endpoint.start()
    assert endpoint.port == port
    await endpoint.stop()
    await endpoint.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize("turns", range(6))
async def test_a_client_that_comes_as_the_cable_is_pulled_is_cut_off(endpoint: TcpEndpoint, turns: int) -> None:
    with socket.create_connection(("127.0.0.1", endpoint.port)) as client:
        for _ in range(turns):
            await asyncio.sleep(0)
        await endpoint.unplug()
        await asyncio.sleep(0)
        client.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) in (b"", b"hello\n")
            assert client.recv(1) == b""
    assert endpoint.clients == 0

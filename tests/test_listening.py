"""Servers end without losing a connection that they were about to accept."""

import asyncio
import gc
import socket
import sys
from collections.abc import Iterator

import pytest

from qkdctl.listening import end_listening

#: More turns of the loop than accepting a connection takes.
TURNS = range(8)


@pytest.fixture
def leaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was found open when nobody could close it any more."""
    found: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda leak: found.append(repr(leak.exc_value)))
    yield found
    gc.collect()
    assert found == []


class Known(asyncio.Protocol):
    """A connection that is kept."""

    def __init__(self, known: list[asyncio.Transport]) -> None:
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._known.append(transport)


def has_ended(client: socket.socket) -> bool:
    """Whether the other side closed the connection, or never took it."""
    client.settimeout(5.0)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.usefixtures("leaks")
def test_a_connection_that_comes_as_a_server_ends_is_refused_or_known(turns: int) -> None:
    async def connect_and_end() -> None:
        known: list[asyncio.Transport] = []
        server = await asyncio.get_running_loop().create_server(lambda: Known(known), "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await end_listening(server)
            for transport in known:
                transport.abort()
            await asyncio.sleep(0)
            assert has_ended(client)

    asyncio.run(connect_and_end())


def test_an_ended_server_may_end_again_and_its_port_is_free() -> None:
    async def end_twice() -> None:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        await end_listening(server)
        await end_listening(server)
        with socket.create_server(address):
            pass

    asyncio.run(end_twice())

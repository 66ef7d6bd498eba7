"""What TCP callers must bring: a known host name, no foreign origin, a token, the header that pages cannot send."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from qkdctl.api.roles import Role
from qkdctl.api.server import ApiServer
from qkdctl.api.settings import ApiSettings, TcpSettings
from qkdctl.clock import RealClock
from tests.api.memory import MemoryFacade

OPERATE, READ = "operate-token-0123456789", "read-token-0123456789"
TOKENS = {OPERATE: Role.OPERATE, READ: Role.READ}
CSRF = {"X-Qkdctl": "1"}


async def serve(facade: MemoryFacade, folder: Path, tcp: TcpSettings) -> AsyncIterator[httpx.AsyncClient]:
    server = ApiServer(facade, ApiSettings(folder / "s", tcp=tcp), RealClock())
    await server.start()
    assert server.tcp_address is not None
    host, port = server.tcp_address
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        yield client
    await server.stop()


@pytest_asyncio.fixture
async def guarded(facade: MemoryFacade, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    tcp = TcpSettings(tokens=TOKENS, names=frozenset({"bench.example"}))
    async for client in serve(facade, folder, tcp):
        yield client


@pytest_asyncio.fixture
async def loopback(facade: MemoryFacade, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async for client in serve(facade, folder, TcpSettings()):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (bearer("wrong-token-0123456789"), 401),
        ({"Authorization": f"Basic {READ}"}, 401),
        (bearer(READ), 200),
        (bearer(OPERATE), 200),
        (bearer(READ) | {"Host": "evil.example"}, 421),
        (bearer(READ) | {"Host": "bench.example:80"}, 200),
        (bearer(READ) | {"Host": "["}, 421),
        (bearer(READ) | {"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        (bearer(READ) | {"Origin": "http://evil.example"}, 403),
        (bearer(READ) | {"Origin": "null"}, 403),
        (bearer(READ) | {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"}, 200),
    ],
)
async def test_reading(guarded: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    answer = await guarded.get("/v1/status", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (bearer(OPERATE) | CSRF, 200),
        (bearer(OPERATE), 403),
        (bearer(READ) | CSRF, 403),
        (CSRF, 401),
    ],
)
async def test_acting(guarded: httpx.AsyncClient, facade: MemoryFacade, headers: dict[str, str], status: int) -> None:
    assert (await guarded.post("/v1/safe", headers=headers)).status_code == status
    assert (facade.done != []) == (status == 200)


@pytest.mark.asyncio
async def test_no_path_is_open_without_a_token(guarded: httpx.AsyncClient) -> None:
    for path in ("/v1/openapi.json", "/metrics", "/health/live", "/v1/events", "/nowhere"):
        assert (await guarded.get(path)).status_code == 401


@pytest.mark.asyncio
async def test_loopback_without_a_token_may_read_only(loopback: httpx.AsyncClient, facade: MemoryFacade) -> None:
    assert (await loopback.get("/v1/status")).status_code == 200
    refusal = await loopback.post("/v1/safe", headers=CSRF)
    assert refusal.status_code == 403
    assert "role read" in refusal.json()["error"]
    assert facade.done == []


def test_every_other_address_needs_a_token() -> None:
    with pytest.raises(ValueError, match="without a token"):
        TcpSettings(host="0.0.0.0")
    with pytest.raises(ValueError, match="without a token"):
        TcpSettings(host="bench.example")
    with pytest.raises(ValueError, match="shorter than 16"):
        TcpSettings(host="0.0.0.0", tokens={"short": Role.READ})
    assert TcpSettings(host="::1").is_loopback


def test_settings_do_not_show_their_tokens() -> None:
    assert OPERATE not in repr(TcpSettings(tokens=TOKENS))


@pytest.mark.asyncio
async def test_who_is_no_administrator_sends_nothing_large(guarded: httpx.AsyncClient, facade: MemoryFacade) -> None:
    body = {"name": "large", "data": "A" * 100_000}
    refused = await guarded.post("/v1/policies", json=body, headers=bearer(OPERATE) | CSRF)
    assert refused.status_code == 413
    refused = await guarded.post("/v1/policies", json=body | {"data": "AAAA"}, headers=bearer(OPERATE) | CSRF)
    assert refused.status_code == 403
    assert facade.done == []

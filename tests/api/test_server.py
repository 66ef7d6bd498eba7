"""The listener: a socket that belongs to one live daemon, and an end that keeps nobody waiting."""

import asyncio
import socket
import stat
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from qkdctl.api.server import ApiServer, SocketTakenError, claim_socket
from qkdctl.api.settings import ApiSettings, TcpSettings, api_settings
from qkdctl.clock import RealClock
from qkdctl.config.model import ApiSection
from tests.api.memory import MemoryFacade

DESCRIPTORS = Path("/proc/self/fd")
SECTION = {
    "socket": "/run/qkdctl/qkdctl.sock",
    "socket_mode": "0600",
    "roles": {"read": ["root"], "operate": [], "admin": ["@root"]},
    "tcp": {"host": "::", "port": 8470, "token_file": "/etc/qkdctl/token"},
}


@pytest.mark.asyncio
async def test_the_socket_has_its_mode_and_goes_at_the_end(facade: MemoryFacade, folder: Path) -> None:
    server = ApiServer(facade, ApiSettings(folder / "s", socket_mode=0o600), RealClock())
    await server.start()
    assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o600
    await server.stop()
    await server.stop()
    assert list(folder.iterdir()) == []


@pytest.mark.asyncio
async def test_a_socket_that_a_dead_daemon_left_is_replaced(facade: MemoryFacade, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "s"))
    server = ApiServer(facade, ApiSettings(folder / "s"), RealClock())
    await server.start()
    await server.stop()


@pytest.mark.asyncio
async def test_a_second_daemon_is_refused_and_harms_nothing(
    facade: MemoryFacade, server: ApiServer, folder: Path, http: httpx.AsyncClient
) -> None:
    second = ApiServer(facade, ApiSettings(folder / "s"), RealClock())
    with pytest.raises(SocketTakenError, match="another daemon answers"):
        await second.start()
    await second.stop()
    assert (await http.get("/v1/status")).status_code == 200


def test_a_frozen_daemon_still_holds_its_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as frozen, socket.socket(socket.AF_UNIX) as waiting:
        frozen.bind(str(folder / "s"))
        frozen.listen(0)
        waiting.connect(str(folder / "s"))
        with pytest.raises(SocketTakenError, match="another daemon answers"):
            claim_socket(ApiSettings(folder / "s"))


def test_a_file_in_the_way_is_not_removed(folder: Path) -> None:
    (folder / "s").write_text("mine")
    with pytest.raises(SocketTakenError, match="no socket"):
        claim_socket(ApiSettings(folder / "s"))
    assert (folder / "s").read_text() == "mine"


@pytest.mark.asyncio
async def test_a_socket_of_somebody_else_stays_when_we_stop(
    facade: MemoryFacade, server: ApiServer, folder: Path
) -> None:
    (folder / "s").rename(folder / "ours")
    with claim_socket(ApiSettings(folder / "s")):
        await server.stop()
        assert (folder / "s").exists()


@pytest.mark.asyncio
async def test_a_port_in_use_leaves_no_socket_behind(facade: MemoryFacade, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        tcp = TcpSettings(port=taken.getsockname()[1])
        server = ApiServer(facade, ApiSettings(folder / "s", tcp=tcp), RealClock())
        with pytest.raises(OSError, match="in use"):
            await server.start()
    assert list(folder.iterdir()) == []


def test_the_directory_of_the_socket_is_made(folder: Path) -> None:
    with claim_socket(ApiSettings(folder / "run" / "qkdctl" / "s")):
        assert stat.S_IMODE((folder / "run" / "qkdctl").stat().st_mode) == 0o750


def test_an_error_says_where_the_api_cannot_listen(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    with pytest.raises(OSError, match=r"the API cannot listen on the control socket .*/loop/s: Too many levels"):
        claim_socket(ApiSettings(folder / "loop" / "s"))


@pytest.mark.asyncio
async def test_stop_ends_streams_and_answers_running_requests_within_half_a_second(
    facade: MemoryFacade, server: ApiServer, http: httpx.AsyncClient
) -> None:
    before = asyncio.all_tasks()
    calibrating = asyncio.create_task(http.post("/v1/links/alice-bob/calibrate"))
    async with http.stream("GET", "/v1/events") as events:
        lines = events.aiter_lines()
        assert await anext(lines) == "event: snapshot"
        started = asyncio.get_running_loop().time()
        await server.stop()
        assert asyncio.get_running_loop().time() - started < 0.5
        assert [line async for line in lines][-1] == ""
    answer = await calibrating
    assert answer.status_code == 503
    assert "stops" in answer.json()["error"]
    assert facade.done == []
    assert asyncio.all_tasks() <= before | {calibrating}


@pytest.mark.asyncio
async def test_stop_leaves_no_descriptor_open(facade: MemoryFacade, folder: Path) -> None:
    before = set(DESCRIPTORS.iterdir())
    for _ in range(3):
        server = ApiServer(facade, ApiSettings(folder / "s", tcp=TcpSettings()), RealClock())
        await server.start()
        _, writer = await asyncio.open_unix_connection(folder / "s")
        writer.write(b"GET /v1/status HT")
        await server.stop()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    assert set(DESCRIPTORS.iterdir()) == before


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET /v1/sta",
        b"PUT /v1/devices/voa-1/attributes/x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{",
    ],
)
async def test_half_a_request_does_not_hold_a_connection(
    facade: MemoryFacade, folder: Path, monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    monkeypatch.setattr("qkdctl.api.peer.REQUEST_TIMEOUT_S", 0.05)
    server = ApiServer(facade, ApiSettings(folder / "s"), RealClock())
    await server.start()
    reader, writer = await asyncio.open_unix_connection(folder / "s")
    writer.write(half)
    async with asyncio.timeout(4):
        await asyncio.gather(reader.read(), return_exceptions=True)
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    await server.stop()


@pytest.mark.asyncio
async def test_a_whole_request_may_take_its_time(
    facade: MemoryFacade, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qkdctl.api.peer.REQUEST_TIMEOUT_S", 0.02)
    server = ApiServer(facade, ApiSettings(folder / "s"), RealClock())
    await server.start()
    asyncio.get_running_loop().call_later(0.1, facade.release.set)
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(folder / "s")), base_url="http://localhost"
    ) as client:
        assert (await client.post("/v1/links/alice-bob/calibrate")).status_code == 200
    await server.stop()


def test_an_unknown_name_is_logged_once_and_only_when_it_was_configured() -> None:
    with capture_logs() as events:
        api_settings(ApiSection.model_validate({"socket": "/run/s"}), lambda reference: reference.text)
    assert events == []
    roles = {"operate": ["@no-such-group", "root"], "admin": ["@no-such-group"]}
    with capture_logs() as events:
        api_settings(ApiSection.model_validate({"socket": "/run/s", "roles": roles}), lambda reference: reference.text)
    assert [(event["name"], event["key"]) for event in events] == [("@no-such-group", "api.roles.admin")]


def test_settings_from_the_configuration() -> None:
    section = ApiSection.model_validate(SECTION)
    settings = api_settings(section, lambda reference: f"token-behind-{reference}\n")
    assert (settings.socket_mode, settings.roles.admin.gids) == (0o600, frozenset({0}))
    assert settings.tcp is not None
    assert list(settings.tcp.tokens) == ["token-behind-/etc/qkdctl/token"]
    open_to_all = section.model_copy(update={"tcp": section.tcp.model_copy(update={"token_file": None})})  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="without a token"):
        api_settings(open_to_all, str)

"""Serving the API inside the daemon's event loop, in the order the daemon wants."""

import asyncio
import contextlib
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn

from qkdctl.api.app import create_app
from qkdctl.api.facade import NodeFacade
from qkdctl.api.hub import EventHub
from qkdctl.api.peer import PeerProtocol
from qkdctl.api.settings import ApiSettings, TcpSettings
from qkdctl.clock import Clock
from qkdctl.listening import end_listening

_log = structlog.get_logger("qkdctl.api")
_CONNECTIONS_MAX = 128
_GRACE_S = 0.2
_DIRECTORY_MODE = 0o750


class SocketTakenError(OSError):
    """The path of the control socket belongs to somebody else."""


class ApiServer:
    """Listener, event hub and application of one node.

    Attributes:
        hub: the live events.
        tcp_address: host and port of the TCP listener once started; None without one.
    """

    def __init__(self, facade: NodeFacade, settings: ApiSettings, clock: Clock) -> None:
        self._settings = settings
        self.hub = EventHub(facade, clock, interval_s=settings.update_interval_s)
        app = create_app(facade, self.hub, clock, settings.roles, settings.tcp)
        config = uvicorn.Config(
            app,
            http=PeerProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # a caller must not choose the address it is known by
            server_header=False,
            date_header=False,
            limit_concurrency=_CONNECTIONS_MAX,
        )
        self._server = uvicorn.Server(config)
        self._hub_task: asyncio.Task[None] | None = None
        self._inode = 0
        self.tcp_address: tuple[str, int] | None = None

    async def start(self) -> None:
        """Listen; returns when connections are accepted.

        Raises:
            SocketTakenError: a live daemon answers on the socket, or the path is no socket.
            OSError: the socket or port cannot be bound.
        """
        sockets = [claim_socket(self._settings)]
        self._inode = self._settings.socket.stat().st_ino
        try:
            if self._settings.tcp is not None:
                sockets.append(_tcp_socket(self._settings.tcp))
                self.tcp_address = sockets[-1].getsockname()[:2]
            self._server.config.load()
            self._server.lifespan = self._server.config.lifespan_class(self._server.config)
            # serve() would add a ticking task and take the signals, and its end waits in steps of 0.1 s.
            await self._server.startup(sockets=sockets)
        except BaseException:
            for opened in sockets:
                opened.close()
            self._remove_socket()
            raise
        self._hub_task = asyncio.create_task(self.hub.run(), name="api-events")

    async def stop(self) -> None:
        """Stop listening, end event streams, give running requests a moment, then cut what is left."""
        if self._hub_task is None:
            return
        self.hub.close()
        self._hub_task.cancel()
        await asyncio.gather(self._hub_task, return_exceptions=True)
        self._hub_task = None
        await end_listening(*self._server.servers)
        self._remove_socket()
        await self._end_requests()

    async def _end_requests(self) -> None:
        state = self._server.server_state
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(list(state.tasks), timeout=_GRACE_S)
        left = list(state.tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for connection in list(state.connections):
            assert isinstance(connection, PeerProtocol)
            connection.shutdown_now()
        await asyncio.sleep(0)

    def _remove_socket(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._settings.socket.stat().st_ino == self._inode:
                self._settings.socket.unlink()


def claim_socket(settings: ApiSettings) -> socket.socket:
    """Bind the unix socket, removing one that a dead daemon left behind.

    The mode is set between bind and listen, so nobody connects before it holds.

    Raises:
        SocketTakenError: a live daemon answers there, or the path is something else than a socket.
        OSError: the path cannot be used.
    """
    path = settings.socket
    with _named(f"the control socket {path}", "the daemon's user must be able to write to its directory"):
        _clear_away(path)
        path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _closed_on_error(listener):
            listener.bind(str(path))
            path.chmod(settings.socket_mode)
    return listener


def _clear_away(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketTakenError(
                f"{path} exists and is no socket; expected a free path. Choose another, or remove it"
            )
        if _answers(path):
            raise SocketTakenError(
                f"another daemon answers on {path}; expected none. Stop it first, or use another socket"
            )
        path.unlink()


def _answers(path: Path) -> bool:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with probe:
        # A frozen daemon with a full backlog still holds the instruments: no answer at all counts as alive.
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _tcp_socket(settings: TcpSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with (
        _named(f"{settings.host} port {settings.port}", "stop what listens there, or change [api.tcp]"),
        _closed_on_error(listener),
    ):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    return listener


@contextlib.contextmanager
def _named(where: str, hint: str) -> Iterator[None]:
    """Let an error say where the API cannot listen, and what to do."""
    try:
        yield
    except SocketTakenError:
        raise
    except OSError as error:
        kind = PermissionError if isinstance(error, PermissionError) else OSError
        raise kind(f"the API cannot listen on {where}: {error.strerror or error}; {hint}") from error


@contextlib.contextmanager
def _closed_on_error(opened: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise

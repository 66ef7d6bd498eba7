"""Credentials of the peer, from the kernel, for every connection."""

import asyncio
import socket
import struct

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from qkdctl.api.roles import Peer

#: Who connects and does not send a whole request in this time must not keep others from connecting.
REQUEST_TIMEOUT_S = 10.0
_UCRED = struct.Struct("iII")
#: Linux socket(7) since 4.13; the socket module has no name for it.
_SO_PEERGROUPS = 59
_GROUPS_MAX_BYTES = 1024


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also tells the application who is at the other end.

    Every request finds in its state `peer`, a `Peer`, and `abort`, which closes without waiting for the reader.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the peer before the first byte is read."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        self.app_state = {**self.app_state, "peer": peer_of(connection), "abort": transport.abort}
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that has begun must be whole before its deadline."""
        super().data_received(data)
        is_partial = bool(self.conn.trailing_data[0]) and self.conn.their_state is h11.IDLE
        if is_partial or self.conn.their_state is h11.SEND_BODY:
            self._expect_request()
        else:
            self._forget_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._forget_deadline()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.abort)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def shutdown_now(self) -> None:
        """Close the connection without waiting for the reader."""
        self.transport.abort()


def peer_of(connection: socket.socket) -> Peer:
    """The other end of a connected socket."""
    if connection.family != socket.AF_UNIX:
        try:
            host, port = connection.getpeername()[:2]
        except OSError:
            return Peer(address="gone")
        return Peer(address=f"{host}:{port}")
    pid, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid=pid, uid=uid, gid=gid, groups=_groups_of(connection))


def _groups_of(connection: socket.socket) -> tuple[int, ...]:
    try:
        packed = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_MAX_BYTES)
    except OSError:
        # More groups than fit, or a kernel without the option: the primary group still counts, no more is granted.
        return ()
    return struct.unpack(f"{len(packed) // 4}I", packed)

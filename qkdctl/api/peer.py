"""Credentials of the peer, from the kernel, for every connection."""

import asyncio
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol

from qkdctl.api.roles import Peer

_UCRED = struct.Struct("iII")
#: Linux socket(7) since 4.13; the socket module has no name for it.
_SO_PEERGROUPS = 59
_GROUPS_MAX_BYTES = 1024


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also tells the application who is at the other end.

    Every request finds in its state `peer`, a `Peer`, and `abort`, which closes without waiting for the reader.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the peer before the first byte is read."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        self.app_state = {**self.app_state, "peer": peer_of(connection), "abort": transport.abort}

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

"""Who may do what: read < operate < admin."""

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self


class Role(IntEnum):
    """What a caller may do; each includes the ones before it.

    READ sees everything but secrets. OPERATE moves instruments and links within their limits. ADMIN also changes what
    those limits are (reload).
    """

    READ = 1
    OPERATE = 2
    ADMIN = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection.

    Attributes:
        pid, uid, gid, groups: credentials that the kernel vouches for, of the moment the connection was made; None and
            empty over TCP.
        address: host and port over TCP; "" on the unix socket.
    """

    pid: int | None = None
    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    address: str = ""

    @property
    def is_local(self) -> bool:
        """True on the unix socket."""
        return self.uid is not None

    def __str__(self) -> str:
        return f"uid {self.uid} (pid {self.pid})" if self.is_local else f"tcp {self.address}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and in which role; `who` is what the log and the ledger say."""

    who: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class Members:
    """A set of local users, by user id and group id.

    Attributes:
        unknown: entries that this machine does not know; they give nobody anything.
    """

    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()
    everybody: bool = False
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_entries(cls, entries: Iterable[str]) -> Self:
        """Look up user names, "@group" names and "*" for everybody."""
        uids: set[int] = set()
        gids: set[int] = set()
        unknown: list[str] = []
        everybody = False
        for entry in entries:
            try:
                if entry == "*":
                    everybody = True
                elif entry.startswith("@"):
                    gids.add(grp.getgrnam(entry[1:]).gr_gid)
                else:
                    uids.add(pwd.getpwnam(entry).pw_uid)
            except KeyError:
                unknown.append(entry)
        return cls(frozenset(uids), frozenset(gids), everybody, tuple(unknown))

    def includes(self, peer: Peer) -> bool:
        """True when the local peer is one of them."""
        return self.everybody or peer.uid in self.uids or not self.gids.isdisjoint((peer.gid, *peer.groups))


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """Roles of local peers.

    Root and the daemon's own user are always admin: they could take the socket anyway. Whom the socket's mode lets in
    and no rule names has no access.
    """

    read: Members = field(default_factory=lambda: Members(everybody=True))
    operate: Members = field(default_factory=Members)
    admin: Members = field(default_factory=Members)
    own_uid: int = field(default_factory=os.getuid)

    def of(self, peer: Peer) -> Role | None:
        """Role of a local peer, None for no access.

        Raises:
            ValueError: the peer came over TCP; there the token decides.
        """
        if not peer.is_local:
            raise ValueError(f"{peer} has no user id; expected a peer of the unix socket")
        if peer.uid in {0, self.own_uid} or self.admin.includes(peer):
            return Role.ADMIN
        if self.operate.includes(peer):
            return Role.OPERATE
        return Role.READ if self.read.includes(peer) else None

"""Who may do what: read < operate < admin."""

import grp
import os
import pwd
from collections.abc import Sequence
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
class RoleSettings:
    """Roles of local peers by user id and group id.

    Root and the daemon's own user are always admin: they could take the socket anyway.

    Attributes:
        others: role of a peer that no rule names and whom the socket's mode let in; None for no access.
    """

    admin_uids: frozenset[int] = frozenset()
    admin_gids: frozenset[int] = frozenset()
    operate_uids: frozenset[int] = frozenset()
    operate_gids: frozenset[int] = frozenset()
    others: Role | None = Role.READ
    own_uid: int = field(default_factory=os.getuid)

    @classmethod
    def from_names(
        cls,
        *,
        admin_users: Sequence[str] = (),
        admin_groups: Sequence[str] = (),
        operate_users: Sequence[str] = (),
        operate_groups: Sequence[str] = (),
        others: Role | None = Role.READ,
    ) -> Self:
        """Look up user and group names.

        Raises:
            ValueError: the machine knows no such user or group.
        """
        return cls(
            admin_uids=frozenset(_uid(name) for name in admin_users),
            admin_gids=frozenset(_gid(name) for name in admin_groups),
            operate_uids=frozenset(_uid(name) for name in operate_users),
            operate_gids=frozenset(_gid(name) for name in operate_groups),
            others=others,
        )

    def of(self, peer: Peer) -> Role | None:
        """Role of a local peer, None for no access.

        Raises:
            ValueError: the peer came over TCP; there the token decides.
        """
        if peer.uid is None or peer.gid is None:
            raise ValueError(f"{peer} has no user id; expected a peer of the unix socket")
        groups = {peer.gid, *peer.groups}
        if peer.uid in {0, self.own_uid} or peer.uid in self.admin_uids or groups & self.admin_gids:
            return Role.ADMIN
        if peer.uid in self.operate_uids or groups & self.operate_gids:
            return Role.OPERATE
        return self.others


def _uid(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ValueError(f"there is no user {name!r} on this machine; expected a login name") from None


def _gid(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ValueError(f"there is no group {name!r} on this machine; expected a group name") from None

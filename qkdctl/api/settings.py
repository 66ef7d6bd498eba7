"""Where the API listens and who may use it."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from qkdctl.api.roles import Members, Role, RoleSettings
from qkdctl.config.model import ApiSection, RolesSection, TcpSection
from qkdctl.config.secrets import TOKEN_MIN
from qkdctl.config.types import SecretReference

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TcpSettings:
    """The optional TCP listener.

    Attributes:
        host: address to bind.
        port: port to bind; 0 lets the system choose.
        tokens: role that each bearer token gives. Without any, loopback callers may read and nobody may act.
        names: further host names under which callers may address the daemon.

    Raises:
        ValueError: no token for an address that is not loopback, or a short one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tokens: Mapping[str, Role] = field(default_factory=dict, repr=False)
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.is_loopback and not self.tokens:
            raise ValueError(
                f"the API would listen on {self.host} without a token; expected a token for every address that is not "
                "loopback. Set a token file, or listen on 127.0.0.1"
            )
        if any(len(token) < TOKEN_MIN for token in self.tokens):
            raise ValueError(
                f"an API token is shorter than {TOKEN_MIN} characters; expected a random one. "
                "Make it with: openssl rand -hex 24"
            )

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names that requests may carry; any other is a page that plays with DNS."""
        return self.names | {self.host.lower()} | _LOOPBACK_NAMES


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens and who may use it.

    Attributes:
        socket: path of the unix socket; its directory must exist.
        socket_mode: permission bits of the socket.
        roles: who may do what on the unix socket.
        tcp: optional TCP listener.
        update_interval_s: shortest time between two updates of one event stream.
    """

    socket: Path
    socket_mode: int = 0o660
    roles: RoleSettings = field(default_factory=RoleSettings)
    tcp: TcpSettings | None = None
    update_interval_s: float = 0.5


def api_settings(section: ApiSection, read_secret: Callable[[SecretReference], str]) -> ApiSettings:
    """Settings from the [api] table.

    The TCP token gives the role operate: whoever may change limits comes over the unix socket, where the kernel vouches
    for the caller.

    Args:
        section: the table.
        read_secret: gives the text behind a reference; its errors pass through.

    Raises:
        ValueError: TCP on an address that is not loopback without a token, or a token that is too short.
    """
    return ApiSettings(
        socket=section.socket,
        socket_mode=int(section.socket_mode, 8),
        roles=_roles(section.roles),
        tcp=None if section.tcp is None else _tcp(section.tcp, read_secret),
    )


def _roles(section: RolesSection) -> RoleSettings:
    """Who has which role; a name that somebody configured and this machine does not know is logged, once."""
    members = {role: Members.from_entries(getattr(section, role)) for role in ("read", "operate", "admin")}
    where: dict[str, str] = {}
    for role in sorted(section.model_fields_set):
        for name in members[role].unknown:
            where.setdefault(name, f"api.roles.{role}")
    for name, key in where.items():
        _log.warning("a role names a user or group that this machine does not know", name=name, key=key)
    return RoleSettings(members["read"], members["operate"], members["admin"])


def _tcp(section: TcpSection, read_secret: Callable[[SecretReference], str]) -> TcpSettings:
    reference = section.token_file
    tokens = {} if reference is None else {read_secret(reference).strip(): Role.OPERATE}
    return TcpSettings(host=section.host, port=section.port, tokens=tokens)

"""What stands before every route: size, Host and Origin, token, CSRF header; it settles who is calling."""

import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from qkdctl.api.problems import problem
from qkdctl.api.roles import Caller, Peer, Role, RoleSettings
from qkdctl.api.settings import TcpSettings

BODY_MAX_BYTES = 64 * 1024
#: Policy files come as base64 in JSON, from administrators alone.
UPLOAD_MAX_BYTES = 6 * 1024 * 1024
_UPLOADS = frozenset({"/v1/policies"})
#: A page of another origin cannot send a header of its own without asking first, and nobody answers that question.
CSRF_HEADER = "x-qkdctl"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware that refuses early and puts a `Caller` into the request's state."""

    def __init__(self, app: ASGIApp, roles: RoleSettings, tcp: TcpSettings | None) -> None:
        self._app = app
        self._roles = roles
        self._tcp = tcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the request or answer it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = self._admit(scope, headers) or _size(headers, _limit(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        state = scope.setdefault("state", {})
        peer = state.get("peer")
        if not isinstance(peer, Peer):
            return problem(
                HTTPStatus.FORBIDDEN, "the connection has no known peer", expected="the daemon's own listener"
            )
        if peer.is_local:
            state["caller"] = Caller(str(peer), self._roles.of(peer))
            return None
        if self._tcp is None:
            return problem(HTTPStatus.FORBIDDEN, "the API does not serve TCP", expected="the unix socket")
        refusal = _origin(headers, self._tcp) or _csrf(scope, headers)
        if refusal is not None:
            return refusal
        return self._token(state, peer, headers, self._tcp)

    def _token(self, state: dict[str, object], peer: Peer, headers: Headers, tcp: TcpSettings) -> JSONResponse | None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if not scheme and not tcp.tokens:
            state["caller"] = Caller(str(peer), Role.READ)
            return None
        role = None
        if scheme.lower() == "bearer":
            # Every token is compared, so that the time taken tells nothing about which one was near.
            for token, granted in tcp.tokens.items():
                if hmac.compare_digest(token.encode(), given.strip().encode()):
                    role = granted
        if role is None:
            return problem(
                HTTPStatus.UNAUTHORIZED,
                "the token is missing or wrong",
                expected="Authorization: Bearer TOKEN",
                hint="local users need no token on the unix socket",
                headers={"WWW-Authenticate": "Bearer"},
            )
        state["caller"] = Caller(str(peer), role)
        return None


def _limit(scope: Scope) -> int:
    """Bytes that the body of an admitted request may have."""
    caller = scope["state"]["caller"]
    return UPLOAD_MAX_BYTES if scope["path"] in _UPLOADS and caller.role is Role.ADMIN else BODY_MAX_BYTES


def _size(headers: Headers, limit: int) -> JSONResponse | None:
    if "transfer-encoding" in headers:
        return problem(HTTPStatus.LENGTH_REQUIRED, "the body has no stated length", expected="a Content-Length header")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > limit:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large", expected=f"at most {limit} bytes")
    return None


def _origin(headers: Headers, tcp: TcpSettings) -> JSONResponse | None:
    host = headers.get("host", "")
    if _host_name(f"//{host}") not in tcp.allowed_hosts:
        return problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"this daemon is not called {host!r}",
            expected=f"a Host of {', '.join(sorted(tcp.allowed_hosts))}",
            hint="add the name to the API's host names in the configuration",
        )
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return problem(
            HTTPStatus.FORBIDDEN,
            f"a page of {origin!r} may not call this API",
            expected=f"an Origin of {host!r}, or none",
        )
    return None


def _csrf(scope: Scope, headers: Headers) -> JSONResponse | None:
    if scope["method"] in _READING or CSRF_HEADER in headers:
        return None
    return problem(
        HTTPStatus.FORBIDDEN,
        f"{scope['method']} without the header that keeps foreign pages out",
        expected=f"{CSRF_HEADER}: 1",
    )


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None

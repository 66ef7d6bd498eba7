"""One request to a key manager and its reply, within a deadline and a size."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from qkdctl.clock import Clock
from qkdctl.keys.etsi014_errors import (
    KeyManagerError,
    KeyManagerReplyError,
    KeyManagerSlowError,
    KeyManagerUnreachableError,
)
from qkdctl.keys.etsi014_settings import Etsi014Settings
from qkdctl.keys.etsi014_tls import client_context, own_expiry, tls_failure


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply.

    Attributes:
        status: the status code.
        body: all of it.
    """

    status: int
    body: bytes


class Exchange:
    """A connection to a key manager that is kept open between requests.

    Nothing is sent again by itself: a request that was lost on the way back has used up its keys.
    """

    def __init__(self, settings: Etsi014Settings, clock: Clock) -> None:
        """Prepare; nothing connects yet.

        Args:
            settings: where, and as whom.
            clock: tells whether the node's own certificate has expired.

        Raises:
            KeyManagerTlsError: a certificate or key file cannot be used.
        """
        self._settings = settings
        self._clock = clock
        self._client = httpx.AsyncClient(
            verify=client_context(settings),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},  # no bomb hides in plain bytes
            timeout=None,  # noqa: S113 -- the deadline below covers the whole exchange, dribbling replies included
            trust_env=False,  # a proxy from the environment must not come between node and key manager
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        """Ask.

        Args:
            method: GET or POST.
            path: below the URL, percent-encoded.
            body: of a POST.

        Raises:
            KeyManagerUnreachableError: no connection, or it broke.
            KeyManagerSlowError: the deadline passed.
            KeyManagerTlsError: certificates do not fit.
            KeyManagerReplyError: the reply is too large, or no HTTP.
        """
        settings = self._settings
        what = f"{method} {settings.url}{path}"
        try:
            async with asyncio.timeout(settings.timeout_s):
                async with self._client.stream(method, settings.url + path, json=body) as response:
                    return Reply(response.status_code, await self._read(response, what))
        except TimeoutError:
            raise KeyManagerSlowError(
                f"{what}: no complete reply",
                expected=f"one within {settings.timeout_s:g} s",
                hint="check the load of the key manager and the way to it, or allow more time",
            ) from None
        except (httpx.HTTPError, OSError) as error:  # httpx lets alerts of TLS 1.3 through as they come
            raise self._failure(what, error) from error

    async def _read(self, response: httpx.Response, what: str) -> bytes:
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._settings.max_reply_bytes:
                raise KeyManagerReplyError(
                    f"{what}: the reply is too large",
                    expected=f"at most {self._settings.max_reply_bytes} bytes",
                    hint="ask for fewer keys at once; if it is no key container at all, check the address",
                )
        return bytes(body)

    def _failure(self, what: str, error: httpx.HTTPError | OSError) -> KeyManagerError:
        """The error of ours for one of the transport."""
        if (failure := tls_failure(self._settings.url, error)) is not None:
            return failure
        if isinstance(error, httpx.ConnectError):
            return KeyManagerUnreachableError(
                f"{what}: cannot connect: {error}",
                expected="a key manager that listens there",
                hint="check that it runs, and the address",
            )
        if _hung_up(error):
            return own_expiry(self._settings, self._clock) or KeyManagerUnreachableError(
                f"{what}: the connection broke",
                expected="a complete reply",
                hint="if every request ends so, the key manager may refuse this node's certificate without saying it: "
                "check its authority and validity",
            )
        return KeyManagerReplyError(
            f"{what}: {error}", expected="an HTTP reply", hint="check that this address is a key manager's"
        )


def _hung_up(error: Exception) -> bool:
    """Whether the connection ended too early; httpx tells that from other nonsense in its text only."""
    if isinstance(error, httpx.RemoteProtocolError):
        return "closed connection" in str(error) or "disconnected" in str(error)
    return isinstance(error, httpx.NetworkError | OSError)

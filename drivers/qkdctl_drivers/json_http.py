"""Devices that are a service with JSON over HTTP: one client for all of them."""

import asyncio
import json
from typing import Any

import httpx

from qkdctl.devices import (
    ConnectionLostError,
    Device,
    ExchangeTimeoutError,
    InstrumentError,
    ProtocolError,
)
from qkdctl.devices.address import parse_address


class JsonHttpDevice(Device):
    """A device that answers requests with JSON objects, and refusals with `error`, `expected` and `hint`."""

    def __init__(self, name: str, address: str, **settings: Any) -> None:
        super().__init__(name, address, **settings)
        self._place = parse_address(address)
        if self._place.scheme not in {"http", "https", "http+unix"}:
            raise ValueError(f"{name}: {address!r} is no HTTP address; expected {self.address_example}")
        self._client: httpx.AsyncClient | None = None

    async def _open(self) -> None:
        await self.close()
        socket = httpx.AsyncHTTPTransport(uds=self._place.path) if self._place.scheme == "http+unix" else None
        base = "http://device" if socket is not None else self.address
        self._client = httpx.AsyncClient(base_url=base, transport=socket, timeout=self.timeout_s, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _call(self, method: str, path: str, *, patience_s: float = 0.0, **arguments: Any) -> dict[str, Any]:
        """One request; the reply is a JSON object.

        Args:
            method: GET, PUT or POST.
            path: with a leading slash.
            patience_s: how long to wait, by default as long as the device is given for any exchange.
            arguments: `params` and `json`, as httpx takes them.

        Raises:
            TransportError: no answer.
            ProtocolError: an answer that is no JSON object.
            InstrumentError: a refusal, with the words of the device.
        """
        if self._client is None:
            raise ConnectionLostError(f"{self.name}: not connected")
        what, limit_s = f"{method} {self.address}{path}", patience_s or self.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                response = await self._client.request(method, path, timeout=limit_s, **arguments)
            body = json.loads(response.content)
        except (TimeoutError, httpx.TimeoutException):
            raise ExchangeTimeoutError(f"{what}: no reply within {limit_s:g} s") from None
        except httpx.RequestError as error:
            raise ConnectionLostError(f"{what}: {error or type(error).__name__}") from error
        except ValueError as error:
            raise ProtocolError(f"{what}: the reply is no JSON: {error}") from error
        if response.is_error:
            raise _refusal(self.name, what, response.status_code, body)
        if not isinstance(body, dict):
            raise ProtocolError(f"{what}: the reply is no JSON object")
        return body


def _refusal(name: str, what: str, status: int, body: Any) -> InstrumentError:
    words = body if isinstance(body, dict) else {}
    parts = [str(words[key]) for key in ("error", "expected", "hint") if words.get(key)]
    text = "; ".join(parts) or f"{body!r:.200}"
    return InstrumentError(f"{name} refused {what} ({status}): {text}", what, [(status, text)])

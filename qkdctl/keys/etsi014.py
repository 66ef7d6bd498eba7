"""Client of a key manager: ETSI GS QKD 014 V1.1.1, REST-based key delivery."""

import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from qkdctl.clock import Clock, RealClock
from qkdctl.keys.etsi014_documents import DeliveredKey, ErrorReply, KeyContainer, KeyManagerStatus
from qkdctl.keys.etsi014_errors import (
    KeyManagerError,
    KeyManagerReplyError,
    KeyNotFoundError,
    KeyRequestError,
    KeyUnauthorisedError,
    KeyUnavailableError,
)
from qkdctl.keys.etsi014_exchange import Exchange, Reply
from qkdctl.keys.etsi014_settings import Etsi014Settings

_NOT_FOUND = "one or more keys specified are not found on KME"
_MESSAGE_MOST = 300
_REFUSALS: dict[int, type[KeyManagerError]] = {
    400: KeyRequestError,
    401: KeyUnauthorisedError,
    503: KeyUnavailableError,
}
_HINTS = {
    400: "the key manager's status tells its limits",
    401: "check that the certificate names an SAE that is registered there",
    503: "wait until the link has made more key, or the key manager reaches its peer again",
}
_Document = TypeVar("_Document", bound=BaseModel)


class Etsi014Client:
    """Fetches keys as the application that its certificate names.

    Used as an asynchronous context manager. Every method raises a `KeyManagerError`; requests are never repeated by
    themselves, because a reply that got lost has used up its keys.
    """

    def __init__(self, settings: Etsi014Settings, clock: Clock | None = None) -> None:
        """Prepare; nothing connects yet.

        Args:
            settings: where, and as whom.
            clock: tells whether the node's own certificate has expired; by default that of the machine.

        Raises:
            KeyManagerTlsError: a certificate or key file cannot be used.
        """
        self._url = settings.url
        self._exchange = Exchange(settings, clock or RealClock())

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._exchange.close()

    async def status(self, slave: str) -> KeyManagerStatus:
        """What the key manager has for a slave."""
        reply = await self._exchange.request("GET", _path(slave, "status"))
        return self._document(reply, KeyManagerStatus, f"status of {slave}")

    async def new_keys(
        self, slave: str, *, number: int = 1, size_bits: int | None = None, additional_slaves: Sequence[str] = ()
    ) -> tuple[DeliveredKey, ...]:
        """New keys, which the slaves can then fetch by their IDs.

        Args:
            slave: the other application.
            number: keys, at least 1.
            size_bits: of each, a multiple of 8; by default what the key manager's status says.
            additional_slaves: further applications that may fetch the same keys.
        """
        body: dict[str, Any] = {"number": number}
        if size_bits is not None:
            body["size"] = size_bits
        if additional_slaves:
            body["additional_slave_SAE_IDs"] = list(additional_slaves)
        what = f"enc_keys for {slave}"
        reply = await self._exchange.request("POST", _path(slave, "enc_keys"), body)
        keys = self._document(reply, KeyContainer, what).keys
        if len({key.key_id for key in keys}) != number or len(keys) != number:
            raise self._wrong(what, f"{len(keys)} keys", f"{number} with different IDs")
        if size_bits is not None and any(8 * len(key.key) != size_bits for key in keys):
            raise self._wrong(what, f"keys of {sorted({8 * len(key.key) for key in keys})} bits", f"{size_bits} bits")
        return keys

    async def keys_by_id(self, master: str, key_ids: Sequence[uuid.UUID]) -> tuple[DeliveredKey, ...]:
        """The keys that a master got, in the order of their IDs; each can be fetched once."""
        what = f"dec_keys of {master}"
        body = {"key_IDs": [{"key_ID": str(key_id)} for key_id in key_ids]}
        reply = await self._exchange.request("POST", _path(master, "dec_keys"), body)
        if reply.status == 404:  # the standard has 400 for that, some key managers do not
            message = f"{self._url}: {what}: {_message(reply)}"
            raise KeyNotFoundError(message, hint="the keys are gone, or the address is no key manager's")
        keys = {key.key_id: key for key in self._document(reply, KeyContainer, what).keys}
        if keys.keys() != {*key_ids}:
            raise self._wrong(what, f"keys {', '.join(map(str, keys))}", f"keys {', '.join(map(str, key_ids))}")
        return tuple(keys[key_id] for key_id in key_ids)

    def _document(self, reply: Reply, kind: type[_Document], what: str) -> _Document:
        if reply.status != 200:
            raise self._refusal(reply, what)
        try:
            return kind.model_validate_json(reply.body)
        except ValidationError as error:
            # Neither the input nor the URL: the input may hold keys.
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ")
            raise self._wrong(what, f"{where or 'the reply'}: {problem}", kind.__name__) from None

    def _refusal(self, reply: Reply, what: str) -> KeyManagerError:
        message = _message(reply)
        if reply.status not in _REFUSALS:
            return self._wrong(what, f"status {reply.status}: {message}", "200, 400, 401 or 503")
        not_found = reply.status == 400 and message == _NOT_FOUND
        kind = KeyNotFoundError if not_found else _REFUSALS[reply.status]
        return kind(f"{self._url}: {what}: {message}", hint=_HINTS[reply.status])

    def _wrong(self, what: str, got: str, expected: str) -> KeyManagerReplyError:
        return KeyManagerReplyError(
            f"{self._url}: {what}: got {got}",
            expected=expected,
            hint="check that this address is a key manager's, version 1.1.1 of ETSI GS QKD 014",
        )


def _message(reply: Reply) -> str:
    try:
        return ErrorReply.model_validate_json(reply.body).message[:_MESSAGE_MOST]
    except ValidationError:
        return "no reason given"


def _path(sae_id: str, method: str) -> str:
    return f"/api/v1/keys/{quote(sae_id, safe='')}/{method}"

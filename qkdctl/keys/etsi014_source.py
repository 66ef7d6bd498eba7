"""Pairwise keys from a key manager that speaks ETSI GS QKD 014.

The node is an application (SAE) of its key manager. For its sending direction it is the master and asks for new keys;
for the peer's it is the slave and fetches by ID. The key manager delivers each key once to each side and keeps the two
directions apart, so nothing has to be remembered here.
"""

import uuid
from collections.abc import Mapping, Sequence

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, Key
from qkdctl.keys.etsi014 import Etsi014Client
from qkdctl.keys.etsi014_documents import DeliveredKey
from qkdctl.keys.etsi014_errors import (
    KeyManagerError,
    KeyRequestError,
    KeyUnauthorisedError,
    KeyUnavailableError,
)

_BLOCK_BITS = 8 * BLOCK_BYTES


class Etsi014KeySource:
    """A `KeySource`; its errors are those of the client, all of them `KeySourceError`."""

    def __init__(self, client: Etsi014Client, applications: Mapping[str, str]) -> None:
        """Fetch keys for these peers.

        Args:
            client: of this node's key manager; whoever made it closes it.
            applications: SAE ID of each peer.
        """
        self._client = client
        self._applications = dict(applications)

    async def chapter(self, peer: str) -> Key:
        """A fresh key of `CHAPTER_BYTES`."""
        (key,) = await self._client.new_keys(self._application(peer), size_bits=8 * CHAPTER_BYTES)
        return _named(key)

    async def draw(self, peer: str, count: int) -> list[Key]:
        """Up to `count` fresh keys of `BLOCK_BYTES`; fewer when the key manager has no more."""
        drawn: list[Key] = []
        while (wanted := await self._possible(peer, count - len(drawn))) > 0:
            try:
                keys = await self._client.new_keys(self._application(peer), number=wanted, size_bits=_BLOCK_BITS)
            except KeyUnavailableError:
                break  # the other end was quicker
            drawn += map(_named, keys)
        return drawn

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """The peer's keys by ID.

        A key manager delivers all keys of a request or none. One that is not there, or not for this node, is therefore
        found by halving, and costs about two requests for each time the number of keys can be halved. How a key manager
        words its refusal is its own affair: each 400 and 404 is taken for one of a key.
        """
        if not ids:
            return {}
        application = self._application(peer)
        try:
            keys = await self._client.keys_by_id(application, [uuid.UUID(bytes=name) for name in ids])
        except KeyRequestError:
            pass
        except KeyUnauthorisedError:
            # Said of a key that is meant for somebody else, and of a node that is not known there at all.
            await self._client.status(application)
        else:
            return {key.key_id.bytes: key.key for key in keys}
        if len(ids) == 1:
            return {}
        half = len(ids) // 2
        return await self.fetch(peer, ids[:half]) | await self.fetch(peer, ids[half:])

    async def left_bits(self, peer: str) -> int:
        """What the key manager has for both directions together, in bits."""
        status = await self._client.status(self._application(peer))
        return status.stored_key_count * status.key_size

    def fetched(self, peer: str) -> int:  # noqa: ARG002 -- the same for every peer
        """0: the key manager itself delivers nothing twice."""
        return 0

    def peer_fetched(self, peer: str, mark: int) -> None:
        """Nothing to do, for the same reason."""

    async def _possible(self, peer: str, wanted: int) -> int:
        """How many blocks one request can give now."""
        if wanted <= 0:
            return 0
        status = await self._client.status(self._application(peer))
        return min(wanted, status.max_key_per_request, status.stored_key_count * status.key_size // _BLOCK_BITS)

    def _application(self, peer: str) -> str:
        if peer not in self._applications:
            raise KeyManagerError(
                f"no SAE ID is known for node {peer!r}",
                expected=f"one of {', '.join(sorted(self._applications)) or 'none'}",
                hint="name the application of every peer in the configuration of the keys",
            )
        return self._applications[peer]


def _named(key: DeliveredKey) -> Key:
    return Key(key.key_id.bytes, key.key)

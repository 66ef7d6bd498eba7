"""Key between nodes that run in one process, for simulations: drawn here, fetched there, gone."""

import secrets
from collections.abc import Callable, Sequence

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, Key, KeySourceError


class KeyHub:
    """All key of a simulated network.

    Args:
        random: makes key from a length in bytes; a seeded one makes runs repeatable.
    """

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._random = random
        self._issued: dict[tuple[str, str, bytes], bytes] = {}
        self._left: dict[tuple[str, str], int] = {}
        self._number = 0

    def source(self, node: str) -> "HubSource":
        """The keys of one node; any number of its processes may have one."""
        return HubSource(self, node)

    def supply(self, sender: str, receiver: str, bits: int) -> None:
        """Set how much key there is for one direction; without this there is no end of it."""
        self._left[sender, receiver] = bits

    def left_bits(self, sender: str, receiver: str) -> int:
        """Key that is still there for one direction, in bits."""
        return self._left.get((sender, receiver), 2**62)

    def issue(self, sender: str, receiver: str, size: int) -> Key | None:
        """A new key of some bytes, or None if there is not enough."""
        left = self.left_bits(sender, receiver) - 8 * size
        if left < 0:
            return None
        if (sender, receiver) in self._left:
            self._left[sender, receiver] = left
        self._number += 1
        key = Key(self._number.to_bytes(16), self._random(size))
        self._issued[sender, receiver, key.id] = key.material
        return key

    def deliver(self, sender: str, receiver: str, number: bytes) -> bytes | None:
        """The receiver's copy, once."""
        return self._issued.pop((sender, receiver, number), None)


class HubSource:
    """The `KeySource` of one node on a hub."""

    def __init__(self, hub: KeyHub, node: str) -> None:
        self._hub = hub
        self._node = node

    async def chapter(self, peer: str) -> Key:
        """A new key.

        Raises:
            KeySourceError: there is not enough.
        """
        key = self._hub.issue(self._node, peer, CHAPTER_BYTES)
        if key is None:
            raise KeySourceError(f"no key left from {self._node} to {peer}; wait until the link has made more")
        return key

    async def draw(self, peer: str, count: int) -> list[Key]:
        """New keys, as many as there are."""
        keys = (self._hub.issue(self._node, peer, BLOCK_BYTES) for _ in range(count))
        return [key for key in keys if key is not None]

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """Keys that the peer drew and nobody has fetched."""
        keys = {number: self._hub.deliver(peer, self._node, number) for number in ids}
        return {number: key for number, key in keys.items() if key is not None}

    async def left_bits(self, peer: str) -> int:
        """Key that is still there."""
        return self._hub.left_bits(self._node, peer)

    def fetched(self, _peer: str) -> int:
        """Of no matter: the hub gives no key out twice."""
        return 0

    def peer_fetched(self, peer: str, mark: int) -> None:
        """Of no matter."""

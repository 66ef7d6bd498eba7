"""The secret key of two nodes that has not been given out yet."""

from collections.abc import Callable
from typing import Literal

from hil_sim.world.streams import random_stream

KeyFeed = Callable[[], int]
"""Secret bits that a link, or a relay over several, has made for two nodes since the simulation began; never falls."""

Route = Literal["direct", "relayed"]


class PoolEmptyError(Exception):
    """There is less key than was asked for."""


class KeyPool:
    """Secret key that two nodes hold in common; both see the same bytes in the same order.

    How much there is, the world decides: the pool takes in what its feed has credited, whenever somebody looks. Beyond
    its capacity new key is discarded. The bytes are a stream that depends on the seed and the two names only.

    Attributes:
        nodes: the two nodes, in alphabetical order.
        route: `direct` when one link made the key, `relayed` when trusted nodes between passed it on.
    """

    def __init__(
        self, first: str, second: str, feed: KeyFeed, *, capacity_bits: int, seed: int = 0, route: Route = "direct"
    ) -> None:
        """A pool that is as full as its feed has been generous.

        Args:
            first: a node.
            second: another one.
            feed: asked for the bits credited in total.
            capacity_bits: most bits in store, at least 8.
            seed: of the bytes.
            route: how the key came about.

        Raises:
            ValueError: for one node twice, or a capacity below a byte.
        """
        if first == second:
            raise ValueError(f"a key pool joins two nodes, got {first!r} twice")
        if capacity_bits < 8:
            raise ValueError(f"key pool {first}, {second}: the capacity must be 8 bits or more, got {capacity_bits}")
        self.nodes = (min(first, second), max(first, second))
        self.route: Route = route
        self._feed = feed
        self._capacity_bits = capacity_bits
        self._stream = random_stream(seed, "key pool", *self.nodes)
        self._seen_bits = self._available_bits = 0

    def available_bits(self) -> int:
        """Secret bits in store now."""
        credited = self._feed()
        assert credited >= self._seen_bits, "credited key is never taken back"
        self._available_bits = min(self._available_bits + credited - self._seen_bits, self._capacity_bits)
        self._seen_bits = credited
        return self._available_bits

    def check(self, size_bytes: int) -> None:
        """Make sure that so many bytes can be taken.

        Raises:
            PoolEmptyError: there are fewer.
        """
        available = self.available_bits()
        if 8 * size_bytes > available:
            a, b = self.nodes
            raise PoolEmptyError(f"{a} and {b} share {available} secret bits now, {8 * size_bytes} are needed")

    def take(self, size_bytes: int) -> bytes:
        """Take so many bytes out; nobody gets them again.

        Raises:
            PoolEmptyError: there are fewer; nothing was taken.
        """
        self.check(size_bytes)
        self._available_bits -= 8 * size_bytes
        return self._stream.bytes(size_bytes)

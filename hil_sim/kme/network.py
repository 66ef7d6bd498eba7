"""The key managers of a simulation: where each application is at home, and which nodes share key."""

import uuid
from collections.abc import Iterable

from hil_sim.kme.issued import IssuedKeys
from hil_sim.kme.limits import KmeLimits
from hil_sim.kme.manager import KeyManager
from hil_sim.kme.pool import KeyPool
from hil_sim.world.streams import random_stream
from qkdctl.clock import Clock


class KmeNetwork:
    """All key managers, one per node, and what they hold in common.

    Attributes:
        limits: what every manager announces.
        issued: keys on their way to their slaves.
        managers: by name.
    """

    def __init__(self, clock: Clock, limits: KmeLimits | None = None, *, seed: int = 0) -> None:
        """Nobody yet.

        Args:
            clock: source of time.
            limits: by default those of the standard's example.
            seed: of key IDs, and of keys that never leave a node.
        """
        self.limits = limits or KmeLimits()
        self.issued = IssuedKeys(clock, most=self.limits.max_key_count, keep_s=self.limits.undelivered_s)
        self._ids = random_stream(seed, "key ids")
        self._inside = random_stream(seed, "keys inside a node")
        self._homes: dict[str, KeyManager] = {}
        self.managers: dict[str, KeyManager] = {}
        self._pools: dict[tuple[str, str], KeyPool] = {}

    def add_manager(self, kme_id: str, sae_ids: Iterable[str]) -> KeyManager:
        """A key manager with its applications.

        Args:
            kme_id: name of the manager, which is also that of its node.
            sae_ids: the applications at home there.

        Raises:
            ValueError: for a name that is taken or blank.
        """
        names = tuple(sae_ids)
        taken = {*self.managers, *self._homes}
        for name in (kme_id, *names):
            if name in taken or not name.strip():
                raise ValueError(f"KME and SAE IDs must be unique in the network and not blank, got {name!r}")
            taken.add(name)
        manager = KeyManager(kme_id, self)
        self.managers[kme_id] = manager
        self._homes.update(dict.fromkeys(names, manager))
        return manager

    def add_pool(self, pool: KeyPool) -> None:
        """Let two nodes share key; a pair that has a pool already gets the new one.

        Raises:
            ValueError: for a node without a manager.
        """
        for node in pool.nodes:
            if node not in self.managers:
                raise ValueError(f"there is no key manager {node!r}; known: {', '.join(sorted(self.managers))}")
        self._pools[pool.nodes] = pool

    @property
    def sae_ids(self) -> tuple[str, ...]:
        """Every application, in the order of its arrival."""
        return tuple(self._homes)

    def home(self, sae_id: str) -> KeyManager | None:
        """The manager at which an application is at home."""
        return self._homes.get(sae_id)

    def pool(self, first: str, second: str) -> KeyPool | None:
        """The key that two nodes share; None when neither a link nor a relay joins them."""
        return self._pools.get((min(first, second), max(first, second)))

    def new_id(self) -> uuid.UUID:
        """A key ID that was not used before."""
        return uuid.UUID(bytes=self._ids.bytes(16), version=4)

    def inside_key(self, size_bytes: int) -> bytes:
        """Key for applications of one node; no link has to make it."""
        return self._inside.bytes(size_bytes)

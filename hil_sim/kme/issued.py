"""Keys that a master has and its slaves may still fetch."""

import uuid
from dataclasses import dataclass

from qkdctl.clock import Clock


@dataclass(slots=True)
class IssuedKey:
    """One key.

    Attributes:
        key_id: names it.
        material: its bytes.
        master: the SAE that has it.
        slaves: the SAEs it was issued for.
        waiting: those among them that have not fetched it yet.
        issued_s: when, on the monotonic clock.
    """

    key_id: uuid.UUID
    material: bytes
    master: str
    slaves: frozenset[str]
    waiting: set[str]
    issued_s: float


class IssuedKeys:
    """The issued keys of all key managers; a key is forgotten once every slave has it, or when it has waited too long.

    The managers of a simulation share this register: what one issues, its peers know at once.
    """

    def __init__(self, clock: Clock, *, most: int, keep_s: float) -> None:
        """An empty register.

        Args:
            clock: source of time.
            most: keys that may wait; the oldest give way to new ones.
            keep_s: how long a key may wait.
        """
        self._clock = clock
        self._most = most
        self._keep_s = keep_s
        self._keys: dict[uuid.UUID, IssuedKey] = {}

    def __len__(self) -> int:
        """Keys that wait now."""
        self._forget_old()
        return len(self._keys)

    def add(self, key_id: uuid.UUID, material: bytes, master: str, slaves: frozenset[str]) -> IssuedKey:
        """Let a new key wait for its slaves."""
        key = IssuedKey(key_id, material, master, slaves, set(slaves), self._clock.monotonic())
        self._keys[key_id] = key
        self._forget_old()
        return key

    def find(self, key_id: uuid.UUID) -> IssuedKey | None:
        """A key that still waits for somebody."""
        self._forget_old()
        return self._keys.get(key_id)

    def deliver(self, key: IssuedKey, slave: str) -> None:
        """Note that a slave has fetched a key."""
        key.waiting.remove(slave)
        if not key.waiting:
            del self._keys[key.key_id]

    def _forget_old(self) -> None:
        """Dictionaries keep their order, so the oldest comes first."""
        last_s = self._clock.monotonic() - self._keep_s
        while self._keys:
            oldest = next(iter(self._keys.values()))
            if len(self._keys) <= self._most and oldest.issued_s >= last_s:
                return
            del self._keys[oldest.key_id]

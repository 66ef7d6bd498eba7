"""Bounded queues that take turns, so that nobody is crowded out by whoever talks most."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class FairQueues(Generic[K, T]):
    """One queue per key.

    Args:
        keys: all there will ever be.
        capacity: items per queue; the oldest gives way.
    """

    def __init__(self, keys: Iterable[K], capacity: int) -> None:
        self._queues: dict[K, deque[T]] = {key: deque(maxlen=capacity) for key in keys}
        self._turns: deque[K] = deque()
        self._count = 0
        self._filled = asyncio.Event()

    def put(self, key: K, item: T) -> bool:
        """Append; True when the oldest item of that queue was lost for it."""
        queue = self._queues[key]
        full = len(queue) == queue.maxlen
        if not queue:
            self._turns.append(key)
        queue.append(item)
        self._count += not full
        self._filled.set()
        return full

    async def get(self) -> tuple[K, T]:
        """The oldest item of the queue whose turn it is; waits for one."""
        while not self._turns:
            self._filled.clear()
            await self._filled.wait()
        return self.pop()

    def pop(self) -> tuple[K, T]:
        """The oldest item of the queue whose turn it is; there must be one."""
        key = self._turns.popleft()
        queue = self._queues[key]
        item = queue.popleft()
        self._count -= 1
        if queue:
            self._turns.append(key)
        return key, item

    def __len__(self) -> int:
        """Items in all queues."""
        return self._count

    def queued(self, key: K) -> int:
        """Items in one queue."""
        return len(self._queues[key])

    def clear(self) -> dict[K, int]:
        """Empty all queues; how many items each lost."""
        lost = {key: len(queue) for key, queue in self._queues.items() if queue}
        for key in lost:
            self._queues[key].clear()
        self._turns.clear()
        self._count = 0
        return lost

"""Faults between a simulated instrument and the wire."""

import asyncio
import random
from dataclasses import dataclass, replace
from enum import StrEnum

from qkdctl.clock import Clock


class FaultKind(StrEnum):
    """What may go wrong with a reply."""

    DROP = "drop"
    GARBAGE = "garbage"
    SPLIT = "split"
    LATE = "late"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class ReplyFault:
    """One kind of fault for the next `replies` replies.

    Attributes:
        kind: what happens to them.
        replies: how many replies it still meets; for `MERGE` how many go out as one.
        delay_s: lateness (`LATE`), pause between pieces (`SPLIT`), longest wait for the others (`MERGE`).
        size: bytes in each piece (`SPLIT`).
    """

    kind: FaultKind
    replies: int
    delay_s: float = 0.0
    size: int = 1

    def __post_init__(self) -> None:
        if self.replies < 1 or self.size < 1 or self.delay_s < 0:
            raise ValueError(
                f"fault '{self.kind}': replies and size are at least 1 and delays not negative, got "
                f"replies={self.replies}, size={self.size}, delay_s={self.delay_s}"
            )


class FaultPlan:
    """The faults of one endpoint, added on demand at run time.

    Reply faults form a queue: each reply meets the first of them only, so a plan reads in the order in which it was
    made. A stall is apart: while it lasts no byte passes in either direction.
    """

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        """Start without faults; `seed` fixes the garbage."""
        self._clock = clock
        self._random = random.Random(seed)
        self._queue: list[ReplyFault] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._timer: asyncio.Task[None] | None = None

    @property
    def quiet(self) -> bool:
        """True when replies pass untouched."""
        return not self._queue and self._flowing.is_set()

    @property
    def stalled(self) -> bool:
        """True while no byte passes."""
        return not self._flowing.is_set()

    def stall(self, seconds: float | None = None) -> None:
        """Let no byte pass for so many seconds, or until `clear`; call it inside a running event loop.

        Raises:
            ValueError: when `seconds` is not positive.
        """
        if seconds is not None and seconds <= 0:
            raise ValueError(f"fault 'stall': seconds must be positive, got {seconds}")
        self._stop_timer()
        self._flowing.clear()
        if seconds is not None:
            self._timer = asyncio.get_running_loop().create_task(self._resume_after(seconds))

    def drop(self, replies: int = 1) -> None:
        """Lose the next replies."""
        self._queue.append(ReplyFault(FaultKind.DROP, replies))

    def garbage(self, replies: int = 1) -> None:
        """Replace the next replies by noise of equal length; the last byte stays, so that framing survives."""
        self._queue.append(ReplyFault(FaultKind.GARBAGE, replies))

    def split(self, replies: int = 1, size: int = 1, gap_s: float = 0.002) -> None:
        """Send the next replies in pieces of `size` bytes, `gap_s` seconds apart."""
        self._queue.append(ReplyFault(FaultKind.SPLIT, replies, gap_s, size))

    def late(self, delay_s: float, replies: int = 1) -> None:
        """Send the next replies `delay_s` seconds late; what follows waits behind them."""
        self._queue.append(ReplyFault(FaultKind.LATE, replies, delay_s))

    def merge(self, replies: int = 2, within_s: float = 0.05) -> None:
        """Send the next replies as one piece, waiting at most `within_s` seconds for them."""
        self._queue.append(ReplyFault(FaultKind.MERGE, replies, within_s))

    def clear(self) -> None:
        """End every fault; bytes held by a stall flow again."""
        self._queue.clear()
        self._stop_timer()
        self._flowing.set()

    async def flowing(self) -> None:
        """Wait for the end of a stall."""
        await self._flowing.wait()

    async def close(self) -> None:
        """Forget every fault and leave no task behind."""
        timer = self._timer
        self.clear()
        if timer is not None:
            await asyncio.gather(timer, return_exceptions=True)

    def take(self) -> ReplyFault | None:
        """The fault that the next reply meets; counts it."""
        if not self._queue:
            return None
        fault = self._queue[0]
        if fault.replies == 1 or fault.kind is FaultKind.MERGE:
            self._queue.pop(0)
        else:
            self._queue[0] = replace(fault, replies=fault.replies - 1)
        return fault

    def noise(self, data: bytes) -> bytes:
        """Garbage as long as `data`, ending with its last byte and with no line end before it."""
        body = bytes(self._random.choice(_NOISE) for _ in range(max(len(data) - 1, 0)))
        return body + data[-1:]

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _resume_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None
        self._flowing.set()


# Every byte but NUL, the line ends and ETB, which frame the replies of one instrument or another.
_NOISE = bytes(value for value in range(1, 256) if value not in b"\n\r\x17")

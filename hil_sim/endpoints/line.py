"""The path of bytes between one connection and the instrument behind it."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil_sim.endpoints.base import Conversation, Reply
from hil_sim.endpoints.faults import FaultKind, FaultPlan
from hil_sim.endpoints.streaming import StreamingConversation
from qkdctl.clock import Clock

# A paced line sends what fits in this time at once: fine enough to see partial replies, coarse enough to be cheap.
_PACING_GRAIN_S = 0.005


@dataclass(slots=True)
class _Outgoing:
    """Bytes waiting for their time; `room` more replies may still join them (a merge)."""

    data: bytes
    due_s: float
    room: int = 0


class Line:
    """Feeds a conversation and sends its replies in order, through the faults and at the pace of the line.

    Replies that are due leave at once without a task; one task exists only while something waits.
    """

    def __init__(
        self,
        conversation: Conversation,
        write: Callable[[bytes], None],
        faults: FaultPlan,
        clock: Clock,
        *,
        byte_time_s: float = 0.0,
    ) -> None:
        """Connect `conversation` to `write`; `byte_time_s` paces both directions, 0 meaning no pacing."""
        self._conversation = conversation
        self._write = write
        self._faults = faults
        self._clock = clock
        self._byte_time_s = byte_time_s
        self._held: deque[bytes] = deque()
        self._waiting: deque[_Outgoing] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._stream: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Greet, and begin to stream when the conversation does so."""
        self._send(self._conversation.greeting(), 0.0)
        if isinstance(self._conversation, StreamingConversation):
            self._stream = asyncio.get_running_loop().create_task(self._tick(self._conversation))

    def feed(self, data: bytes) -> None:
        """Take bytes that a client sent."""
        if self._held or self._faults.stalled:
            self._held.append(data)
            self._start_pump()
        else:
            self._send(self._conversation.received(data), len(data) * self._byte_time_s)

    def close(self) -> list[asyncio.Task[None]]:
        """Stop; bytes that still waited are lost. Returns the cancelled tasks for the owner to await."""
        self._held.clear()
        self._waiting.clear()
        tasks = [task for task in (self._pump, self._stream) if task is not None]
        for task in tasks:
            task.cancel()
        return tasks

    def _send(self, replies: Sequence[Reply], arrival_s: float) -> None:
        if not arrival_s and not self._byte_time_s and not self._waiting and self._faults.quiet:
            for reply in replies:
                if reply.delay_s <= 0 and not self._waiting:
                    self._write(reply.data)
                else:
                    self._wait(reply.data, self._clock.monotonic() + reply.delay_s)
            return
        due_s = self._clock.monotonic() + arrival_s
        for reply in replies:
            self._shape(reply.data, due_s + reply.delay_s)
        self._flush()

    def _shape(self, data: bytes, due_s: float) -> None:
        """Queue one reply as its fault, if any, deforms it."""
        if self._joins(data):
            return
        fault = self._faults.take()
        if fault is None:
            self._wait(data, due_s)
        elif fault.kind is FaultKind.GARBAGE:
            self._wait(self._faults.noise(data), due_s)
        elif fault.kind is FaultKind.LATE:
            self._wait(data, due_s + fault.delay_s)
        elif fault.kind is FaultKind.MERGE:
            self._wait(data, due_s + fault.delay_s, room=fault.replies - 1)
        elif fault.kind is FaultKind.SPLIT:
            for index, start in enumerate(range(0, len(data), fault.size)):
                self._wait(data[start : start + fault.size], due_s + index * fault.delay_s)

    def _joins(self, data: bytes) -> bool:
        """Append to a merge in progress; the last reply to join makes it due."""
        last = self._waiting[-1] if self._waiting else None
        if last is None or last.room == 0:
            return False
        last.data += data
        last.room -= 1
        if last.room == 0:
            last.due_s = self._clock.monotonic()
        return True

    def _wait(self, data: bytes, due_s: float, room: int = 0) -> None:
        """Queue bytes, never before those already queued; on a paced line in grains."""
        if self._waiting:
            due_s = max(due_s, self._waiting[-1].due_s)
        if not self._byte_time_s:
            self._waiting.append(_Outgoing(data, due_s, room))
        else:
            grain = max(1, int(_PACING_GRAIN_S / self._byte_time_s))
            for start in range(0, len(data), grain):
                piece = data[start : start + grain]
                due_s += len(piece) * self._byte_time_s
                self._waiting.append(_Outgoing(piece, due_s))
        self._start_pump()

    def _flush(self) -> None:
        """Send what is due."""
        now = self._clock.monotonic()
        while self._waiting and self._waiting[0].due_s <= now and not self._faults.stalled:
            self._write(self._waiting.popleft().data)

    def _start_pump(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._held or self._waiting:
            await self._faults.flowing()
            while self._held and not self._faults.stalled:
                data = self._held.popleft()
                self._send(self._conversation.received(data), len(data) * self._byte_time_s)
            self._flush()
            if self._waiting and not self._faults.stalled:
                await self._clock.sleep(self._waiting[0].due_s - self._clock.monotonic())

    async def _tick(self, conversation: StreamingConversation) -> None:
        due_s = self._clock.monotonic() + conversation.period_s()
        while True:
            await self._clock.sleep(due_s - self._clock.monotonic())
            await self._faults.flowing()
            self._send(conversation.tick(), 0.0)
            # What a stall or a busy loop has missed leaves a gap, never a burst.
            period_s = conversation.period_s()
            due_s += period_s * max(1, math.ceil((self._clock.monotonic() - due_s) / period_s))

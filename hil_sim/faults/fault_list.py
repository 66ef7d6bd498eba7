"""Which faults there are now."""

import asyncio

from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from qkdctl.clock import Clock


class FaultList:
    """Faults that last, until their time is over or they are cleared.

    Args:
        clock: measures their time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: list[tuple[MqttFault, float | None]] = []
        self._changed = asyncio.Event()

    def add(self, fault: MqttFault) -> None:
        """Begin a fault, besides those that there are."""
        ends_s = None if fault.seconds is None else self._clock.monotonic() + fault.seconds
        self._faults.append((fault, ends_s))

    def clear(self, kind: MqttFaultKind | None = None) -> None:
        """End the faults of one kind, or all."""
        self._faults = [(fault, ends_s) for fault, ends_s in self._faults if kind not in (None, fault.kind)]
        self._changed.set()

    def now(self) -> list[MqttFault]:
        """The faults that last, in the order in which they began."""
        now_s = self._clock.monotonic()
        self._faults = [(fault, ends_s) for fault, ends_s in self._faults if ends_s is None or now_s < ends_s]
        return [fault for fault, _ in self._faults]

    def cuts(self, client: str) -> bool:
        """Whether connections of a client are broken at once."""
        return self._strikes(MqttFaultKind.CUT, client)

    async def flowing(self, client: str) -> None:
        """Wait while the connections of a client are stalled."""
        while self._strikes(MqttFaultKind.STALL, client):
            self._changed.clear()
            ends = [ends_s for _, ends_s in self._faults if ends_s is not None]
            await until_or(self._changed, self._clock, min(ends) - self._clock.monotonic() if ends else None)

    def _strikes(self, kind: MqttFaultKind, client: str) -> bool:
        return any(fault.kind is kind and fault.strikes_client(client) for fault in self.now())


async def until_or(event: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Wait for an event, for so many seconds at most; None waits as long as it takes."""
    if seconds is None:
        await event.wait()
        return
    tasks = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

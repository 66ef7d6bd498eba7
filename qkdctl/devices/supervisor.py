"""Keeps one instrument connected and its readings fresh, and lets its failures concern nobody else."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from qkdctl.clock import Clock
from qkdctl.devices.adoption import AdoptionReport, adopt_or_make_safe
from qkdctl.devices.attributes import Poll, Value
from qkdctl.devices.backoff import Backoff
from qkdctl.devices.device import Device, close_quietly
from qkdctl.devices.errors import (
    BusStuckError,
    ConnectionLostError,
    DeviceError,
    IdentityMismatchError,
    UnsafeError,
)
from qkdctl.devices.outage import Outage
from qkdctl.devices.schedule import Grid, RoundRobin

_FAILURES_UNTIL_RECONNECT = 3
_STALE_CYCLES = 3
_LATENESS_WINDOW = 1000


async def _no_obstacle() -> None:
    """Nothing stands against preparing the device."""


class DeviceState(Enum):
    """Offline: not tried, or given up. Fault: somebody has to look (wrong instrument, not shown dark, bus stuck)."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    DEGRADED = "degraded"
    FAULT = "fault"


class StartPolicy(Enum):
    """What a failed first connection means: the daemon does not start, it keeps trying, or the device is left out."""

    ERROR = "error"
    RETRY = "retry"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Reading:
    """The last value of an attribute.

    Attributes:
        value: None when it was never read.
        at: monotonic time of the value in seconds.
        error: why the latest read failed; "" when it did not.
    """

    value: Value | None = None
    at: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """How a device is watched.

    Attributes:
        poll_s: period of the poll grid.
        offset_s: shifts the grid, so that devices do not all poll at once.
        on_start: see StartPolicy.
        backoff_first_s, backoff_limit_s: bounds of the delay between connection attempts.
        may_write: False only observes: nothing is ever written, not even to go safe.
    """

    poll_s: float = 1.0
    offset_s: float = 0.0
    on_start: StartPolicy = StartPolicy.RETRY
    backoff_first_s: float = 0.25
    backoff_limit_s: float = 10.0
    may_write: bool = True


@dataclass(slots=True)
class SupervisorCounters:
    """Totals since the start.

    Attributes:
        polls: attribute reads that gave a value.  failures: exchanges that failed.
        connects: successful connections.  cycles: poll cycles.
        lateness_s: start of recent cycles after their deadline.
    """

    polls: int = 0
    failures: int = 0
    connects: int = 0
    cycles: int = 0
    lateness_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LATENESS_WINDOW))


class Supervisor:
    """Runs one device.

    Args:
        device: driver instance, not yet connected.
        settings: see SupervisorSettings.
        clock: time for polls and back-off.
        committed: gives the last committed set-points of the device, attribute -> value.
        on_change: called after each change of state and each cycle; must not block.
        before_preparing: awaited before a device is prepared, which may move anything; raises DeviceError, saying why,
            as long as that must not be.
        jitter: source of the back-off's jitter.

    Attributes:
        progress: what an operation that takes long is doing, "" when none is under way.
        writing: held by whoever commits new set-points and writes them, so that no adoption judges them half-way.
        adoption: what was found and done when the device last came (back) online.
        first_attempt: set when the first connection has succeeded or failed.
    """

    def __init__(
        self,
        device: Device,
        settings: SupervisorSettings,
        clock: Clock,
        *,
        committed: Callable[[], Mapping[str, Value]] = dict,
        on_change: Callable[["Supervisor"], None] = lambda _: None,
        before_preparing: Callable[[], Awaitable[None]] = _no_obstacle,
        jitter: random.Random | None = None,
    ) -> None:
        self.device = device
        self.settings = settings
        self._clock = clock
        self._committed = committed
        self._on_change = on_change
        self._before_preparing = before_preparing
        self._backoff = Backoff(settings.backoff_first_s, settings.backoff_limit_s, jitter or random.Random())  # noqa: S311
        self.state = DeviceState.OFFLINE
        self.readings: dict[str, Reading] = {a.name: Reading() for a in device.attributes if a.readable}
        self.counters = SupervisorCounters()
        self.grid = Grid(settings.poll_s, 0.0)
        self.last_tick = clock.monotonic()
        self.progress = ""
        self.adoption: AdoptionReport | None = None
        self.first_attempt = asyncio.Event()
        self.writing = asyncio.Lock()
        self._usable = asyncio.Event()
        self._outage = Outage(device.name, device.address)
        device.on_progress = self._progressed
        self._fast = tuple(a.name for a in device.attributes if a.readable and a.poll is Poll.FAST)
        self._slow = RoundRobin(tuple(a.name for a in device.attributes if a.readable and a.poll is Poll.SLOW))

    @property
    def last_error(self) -> str:
        """The latest failure; "" when there is no outage."""
        return self._outage.last_error

    @property
    def usable(self) -> bool:
        """True when the device may be read and written."""
        return self.state in (DeviceState.ONLINE, DeviceState.DEGRADED)

    async def until_usable(self) -> None:
        """Wait until the device may be read and written."""
        await self._usable.wait()

    def value(self, name: str) -> Value | None:
        """The last value of an attribute unless it is stale."""
        return None if self.is_stale(name) else self.readings[name].value

    def is_stale(self, name: str) -> bool:
        """True when the value is older than a few turns of its poll, or the device is gone."""
        reading = self.readings[name]
        slow = sum(1 for a in self.device.attributes if a.readable and a.poll is Poll.SLOW)
        cycles = _STALE_CYCLES * (1 if name in self._fast else max(1, slow))
        age_s = self._clock.monotonic() - reading.at
        return reading.value is None or not self.usable or age_s > cycles * self.settings.poll_s + self.device.timeout_s

    def set_point(self, name: str) -> Value | None:
        """The set-point last committed for an attribute."""
        return self._committed().get(name)

    def note(self, name: str, value: Value) -> None:
        """Take over a value that somebody else has just read back."""
        self.readings[name] = Reading(value, self._clock.monotonic())

    async def run(self) -> None:
        """Connect, poll, reconnect; ends only when cancelled, or when a device to be ignored does not answer."""
        try:
            while True:
                await self._connect()
                self.first_attempt.set()
                if self.usable:
                    await self._poll_until_lost()
                elif self.counters.connects == 0 and self.settings.on_start is StartPolicy.IGNORE:
                    self._enter(DeviceState.OFFLINE)
                    return
                await close_quietly(self.device)
                self.last_tick = self._clock.monotonic()
                await self._clock.sleep(self._backoff.next_delay_s())
        finally:
            await close_quietly(self.device)

    async def _connect(self) -> None:
        self.last_tick = self._clock.monotonic()
        if self.state is not DeviceState.FAULT:
            self._enter(DeviceState.CONNECTING)
        try:
            await self.device.connect(may_write=self.settings.may_write)
            if self.settings.may_write and not await self.device.is_prepared():
                await self._before_preparing()
                await self.device.prepare()
            await self._adopt()
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            self._lost(error)
            return
        self.counters.connects += 1
        self._outage.answered()
        self.readings = {name: replace(reading, error="") for name, reading in self.readings.items()}
        self._enter(DeviceState.ONLINE)

    async def _adopt(self) -> None:
        """Compare with the committed set-points; not while somebody is writing new ones."""
        if not self.settings.may_write:
            return
        async with self.writing:
            self.adoption = await adopt_or_make_safe(self.device, self._committed())
        for name, value in self.adoption.read_back.items():
            self.note(name, value)

    async def _poll_until_lost(self) -> None:
        self.grid.deadline = self._clock.monotonic() + self.settings.offset_s
        while True:
            await self._clock.sleep(self.grid.deadline - self._clock.monotonic())
            self.last_tick = self._clock.monotonic()
            self.counters.lateness_s.append(self.last_tick - self.grid.deadline)
            try:
                await self._cycle()
            except (ConnectionLostError, BusStuckError) as error:
                self._lost(error)
                return
            if self._outage.unanswered >= _FAILURES_UNTIL_RECONNECT:
                self._enter(DeviceState.CONNECTING)
                return
            self.grid.advance(self._clock.monotonic())

    async def _cycle(self) -> None:
        """All fast attributes, then one slow one; an attribute that fails does not stop the others."""
        for name in (*self._fast, *self._slow.take()):
            before = self.readings[name]
            try:
                value = await self.device.read(name)
            except (ConnectionLostError, BusStuckError):
                raise
            except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
                if self.readings[name] is before:
                    self.readings[name] = replace(before, error=str(error) or type(error).__name__)
                self._failed(error)
                if self._outage.unanswered >= _FAILURES_UNTIL_RECONNECT:
                    break
                continue
            self._outage.answered()
            self.counters.polls += 1
            # what somebody has set and read back since this read began is newer than it
            if self.readings[name] is before:
                self.readings[name] = Reading(value, self._clock.monotonic())
        self.counters.cycles += 1
        await self._judge()

    async def _judge(self) -> None:
        """Degraded as long as the latest read of any attribute failed; what happened meanwhile is judged afterwards."""
        if any(reading.error for reading in self.readings.values()):
            self._enter(DeviceState.DEGRADED)
            return
        if self.state is DeviceState.DEGRADED:
            try:
                await self._adopt()
            except (ConnectionLostError, BusStuckError):
                raise
            except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
                self._failed(error)
                return
        self._backoff.reset()
        self._outage.over(self.adoption.outcome.value if self.adoption else "")
        self._enter(DeviceState.ONLINE)

    def _lost(self, error: Exception) -> None:
        """The device cannot be used until it is connected again; for some reasons somebody has to look."""
        not_its_own = isinstance(error, IdentityMismatchError | UnsafeError | BusStuckError)
        state = DeviceState.FAULT if not_its_own or not isinstance(error, DeviceError) else DeviceState.CONNECTING
        self._failed(error, fault=state is DeviceState.FAULT)
        self._enter(state)

    def _failed(self, error: Exception, *, fault: bool = False) -> None:
        self.counters.failures += 1
        self._outage.failed(error, fault=fault)

    def _progressed(self, what: str) -> None:
        """A device that is busy is not hung."""
        self.progress = what
        self.last_tick = self._clock.monotonic()
        self._on_change(self)

    def _enter(self, state: DeviceState) -> None:
        self.state = state
        if self.usable:
            self._usable.set()
        else:
            self._usable.clear()
        self._on_change(self)

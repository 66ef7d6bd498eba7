"""Instruments in memory that share one light, with every failure on demand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from qkdctl.actuation.calibration import OpticalPath
from qkdctl.devices import (
    Attribute,
    ConnectionLostError,
    Device,
    DeviceKind,
    ExchangeTimeoutError,
    Limits,
    Poll,
    ProtocolError,
    QberSample,
    SessionRecord,
    Value,
)
from qkdctl.records.session import BasisCounts

PATH = OpticalPath(wavelength_nm=1550.0, pulse_rate_hz=1e9, tap_ratio=100.0, fixed_loss_db=55.0)
MAXIMUM_DB = 60.0
INSERTION_DB = 0.6


@dataclass
class World:
    """The light of one link.

    Attributes:
        now: reading of the clock.
        brightness: what the laser gives beyond what its current should.
        launched: time and mean photon number at the fibre, at each change.
        emitted: time and whether the laser shines, at each change.
    """

    now: Callable[[], float]
    current_a: float = 0.0
    on: bool = False
    attenuation_db: float = MAXIMUM_DB
    shutter_open: bool = False
    brightness: float = 1.0
    launched: list[tuple[float, float]] = field(default_factory=list)
    emitted: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def tap_w(self) -> float:
        return self.brightness * max(0.0, self.current_a - 0.01) * 0.25 / 100 if self.on else 0.0

    @property
    def mean_photon_number(self) -> float:
        return PATH.mean_photon_number(self.tap_w, self.attenuation_db) if self.shutter_open else 0.0

    def note(self) -> None:
        """Put on record what there is to see."""
        if not self.launched or self.launched[-1][1] != self.mean_photon_number:
            self.launched.append((self.now(), self.mean_photon_number))
        if not self.emitted or self.emitted[-1][1] != self.on:
            self.emitted.append((self.now(), self.on))


class Instrument(Device):
    """An instrument behind a wire that keeps order: what is sent while it hangs is done when it wakes up.

    Attributes:
        held: what it holds.  at_power_on: what it holds then.
        gone: its cable is out.  hangs_until: it answers nothing before.
        raises: by (verb, attribute), what an exchange raises, `read` or `write`.
        deaf: it swallows cancellations, as bad drivers do.
        on_write: told of every write that arrives.
        crashed: the daemon is dead; nothing it asks arrives any more.
    """

    identity_pattern: ClassVar[str] = r"(?P<serial>\d+)$"
    latency_s = 0.005
    at_power_on: ClassVar[dict[str, Value]] = {}

    def __init__(self, name: str, world: World, **settings: Any) -> None:
        super().__init__(name, "tcp://192.0.2.1:1", **{"timeout_s": 0.5, **settings})
        self.world = world
        self.serial = "1"
        self.held: dict[str, Value] = dict(self.at_power_on)
        self.gone = False
        self.hangs_until = 0.0
        self.raises: dict[tuple[str, str], Exception] = {}
        self.deaf = False
        self.crashed = asyncio.Event()
        self.on_write: Callable[[str, str, Value], None] = _ignore
        self._session = asyncio.Lock()
        self._late: list[tuple[str, Value]] = []

    def power_cycle(self) -> None:
        """Off and on."""
        self._late.clear()
        self.held = dict(self.at_power_on)
        self.shine()

    def shine(self) -> None:
        """Show the world what it holds."""

    async def _open(self) -> None:
        await self._exchange("open", "")

    async def close(self) -> None:
        return

    async def _identity(self) -> str:
        await self._exchange("read", "identity")
        return f"{type(self).__name__} {self.serial}"

    async def _read(self, attribute: Attribute) -> Value:
        await self._exchange("read", attribute.name)
        return self.held[attribute.name]

    async def _write(self, attribute: Attribute, value: Value) -> None:
        await self._exchange("write", attribute.name, value)

    async def _exchange(self, verb: str, name: str, value: Value = "") -> None:
        work = self._in_order(verb, name, value)
        if not self.deaf:
            await work
            return
        task = asyncio.ensure_future(work)
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                continue

    async def _in_order(self, verb: str, name: str, value: Value) -> None:
        async with self._session:
            if self.gone:
                await asyncio.sleep(self.latency_s)
                raise ConnectionLostError(f"{self.name}: no route")
            if verb == "write":
                self._late.append((name, value))
            if (wait_s := self.hangs_until - self.world.now()) > 0:
                await asyncio.sleep(min(wait_s, self.timeout_s))
                if wait_s > self.timeout_s:
                    raise ExchangeTimeoutError(f"{self.name}: silence")
            await asyncio.sleep(self.latency_s)
            if self.crashed.is_set():
                await asyncio.Event().wait()
            if (verb, name) in self.raises:
                self._late.clear()
                raise self.raises[verb, name]
            self.wake()

    def wake(self) -> None:
        """Do what was sent, in its order; an instrument that hung does so by itself."""
        arrived, self._late = self._late, []
        for name, value in arrived:
            self.on_write(self.name, name, value)
            self.hold(name, value)
            self.shine()

    def hold(self, name: str, value: Value) -> None:
        """Take over a value."""
        self.held[name] = value


class Laser(Instrument):
    kind: ClassVar[DeviceKind] = DeviceKind.PHOTON_SOURCE
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("emission_enabled", False),)
    darkens: ClassVar[bool] = True
    at_power_on: ClassVar[dict[str, Value]] = {"emission_enabled": False, "current_a": 0.0}
    attributes = (
        Attribute("emission_enabled", bool, writable=True, poll=Poll.FAST),
        Attribute("current_a", float, "A", limits=Limits(0.0, 0.1), writable=True, poll=Poll.FAST, tolerance=1e-6),
    )

    def shine(self) -> None:
        self.world.on = bool(self.held["emission_enabled"])
        self.world.current_a = float(self.held["current_a"])
        self.world.note()


class Shutter(Instrument):
    """An attenuator with a shutter."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True
    at_power_on: ClassVar[dict[str, Value]] = {"shutter_open": False, "attenuation_db": 0.0}
    attributes = (
        Attribute(
            "attenuation_db", float, "dB", limits=Limits(0.0, MAXIMUM_DB), writable=True, poll=Poll.FAST,
            resolution=0.01, tolerance=0.005,
        ),
        Attribute("shutter_open", bool, writable=True, poll=Poll.FAST),
    )  # fmt: skip

    def shine(self) -> None:
        self.world.attenuation_db = float(self.held["attenuation_db"])
        self.world.shutter_open = bool(self.held["shutter_open"])
        self.world.note()


class Wedge(Instrument):
    """An attenuator without shutter that must be homed after power-on, through its least attenuation."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("attenuation_db", "maximum"),)
    at_power_on: ClassVar[dict[str, Value]] = {"attenuation_db": -1.0}
    move_s = 2.0
    attributes = (
        Attribute(
            "attenuation_db", float, "dB", limits=Limits(INSERTION_DB, MAXIMUM_DB), writable=True, poll=Poll.FAST,
            resolution=0.01, tolerance=0.005, settle_s=5.0,
        ),
    )  # fmt: skip

    async def is_prepared(self) -> bool:
        await self._exchange("read", "home")
        return self.held["attenuation_db"] != -1.0

    async def prepare(self) -> None:
        self.world.attenuation_db = INSERTION_DB
        self.world.note()
        await asyncio.sleep(self.move_s)
        await self._exchange("write", "attenuation_db", INSERTION_DB)

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        if value == -1.0:
            raise ProtocolError(f"{self.name}: unknown")
        return value

    def shine(self) -> None:
        self.world.shutter_open = True
        if self.held["attenuation_db"] != -1.0:
            self.world.attenuation_db = float(self.held["attenuation_db"])
        self.world.note()


class Meter(Instrument):
    kind: ClassVar[DeviceKind] = DeviceKind.POWER_METER
    at_power_on: ClassVar[dict[str, Value]] = {"wavelength_nm": 1310.0, "power_w": 0.0}
    attributes = (
        Attribute("power_w", float, "W", poll=Poll.FAST),
        Attribute("wavelength_nm", float, "nm", limits=Limits(800.0, 1700.0), writable=True, tolerance=0.01),
    )

    async def _read(self, attribute: Attribute) -> Value:
        value = await super()._read(attribute)
        return self.world.tap_w + 1e-12 if attribute.name == "power_w" else value


class Controller(Instrument):
    """A polarisation controller; the error rate is lowest at (100, -200, 300, 0) mV."""

    kind: ClassVar[DeviceKind] = DeviceKind.POLARIZATION_CONTROLLER
    at_power_on: ClassVar[dict[str, Value]] = {f"voltage_{n}_mv": 0 for n in (1, 2, 3, 4)}
    attributes = tuple(
        Attribute(f"voltage_{n}_mv", int, "mV", limits=Limits(-5000, 5000), writable=True) for n in (1, 2, 3, 4)
    )

    @property
    def qber_ppm(self) -> int:
        goal = (100, -200, 300, 0)
        away = sum(abs(int(self.held[f"voltage_{n}_mv"]) - at) for n, at in enumerate(goal, start=1))
        return 10_000 + 20 * away


class Engine(Instrument):
    """One end; its records follow from what the world shows while it runs."""

    kind: ClassVar[DeviceKind] = DeviceKind.QKD_ENGINE
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("running", False),)
    at_power_on: ClassVar[dict[str, Value]] = {"running": False, "protocol": "bb84", "mean_photon_number_e6": 0}
    attributes = (
        Attribute("running", bool, writable=True, poll=Poll.FAST),
        Attribute("mean_photon_number_e6", int, limits=Limits(0, 1_000_000), writable=True, poll=Poll.FAST),
        Attribute("protocol", str, writable=True),
        Attribute("sequence", int),
        Attribute("peer_mode", str),
    )

    def __init__(self, name: str, world: World, session: "Session", end: str, controller: Controller) -> None:
        super().__init__(name, world)
        self.session = session
        self.end = end
        self.controller = controller
        self.peer: Engine = self
        self.deform: Callable[[list[SessionRecord]], list[SessionRecord]] = list

    async def _read(self, attribute: Attribute) -> Value:
        await self._exchange("read", attribute.name)
        if attribute.name == "peer_mode":
            return self.peer.mode
        return self.session.sequence() if attribute.name == "sequence" else self.held[attribute.name]

    @property
    def mode(self) -> str:
        if self.aligning:
            return "alignment"
        return "key" if self.held["running"] else "idle"

    async def session_records(self, after: int) -> list[SessionRecord]:
        await self._exchange("read", "records")
        return self.deform(self.session.records(after, self))

    @property
    def aligning(self) -> bool:
        return bool(self.held.get("aligning"))

    def hold(self, name: str, value: Value) -> None:
        """Told to stop or to run, an engine leaves its alignment."""
        super().hold(name, value)
        if name == "running":
            self.held["aligning"] = False

    async def start_alignment(self) -> None:
        await self._exchange("write", "aligning", True)

    async def measure_qber(self, pulses: int) -> QberSample:
        await self._exchange("read", "qber")
        if not self.aligning or not self.world.mean_photon_number:
            raise ProtocolError(f"{self.name}: cannot measure")
        qber_ppm = self.controller.qber_ppm
        return QberSample(pulses=pulses, detected=pulses, errors=pulses * qber_ppm // 1_000_000, qber_ppm=qber_ppm)

    async def end_alignment(self) -> None:
        await self._exchange("write", "aligning", False)


class Session:
    """The key session of both ends: one record each half second, from the moment it is made."""

    interval_s = 0.5

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._begun = now()

    def sequence(self) -> int:
        return int((self._now() - self._begun) / self.interval_s)

    def records(self, after: int, engine: Engine) -> list[SessionRecord]:
        return [self._record(number, engine) for number in range(after + 1, self.sequence() + 1)]

    def _record(self, sequence: int, engine: Engine) -> SessionRecord:
        mean_e6 = int(engine.held["mean_photon_number_e6"])
        if mean_e6:
            z = BasisCounts(sent=(70_000, 20_000, 10_000), detected=(1000, 60, 2), errors=(12, 3, 1))
            x = BasisCounts(sent=(17_500, 5_000, 2_500), detected=(250, 15, 1), errors=(3, 1, 0))
        else:  # dark counts
            z = BasisCounts(sent=(70_000, 20_000, 10_000), detected=(14, 4, 2), errors=(7, 2, 1))
            x = BasisCounts(sent=(17_500, 5_000, 2_500), detected=(4, 1, 1), errors=(2, 1, 0))
        return SessionRecord(
            link="a-b", end="alice" if engine.end == "alice" else "bob", sequence=sequence, block=1, started_ms=0,
            duration_ms=500, protocol="bb84", pulses=125_000, mean_photon_numbers_e6=(mean_e6, mean_e6 // 5, 0),
            z=z, x=x, secret_key_bits=400 if mean_e6 else 0, dead_ms=0,
        )  # fmt: skip


def _ignore(_: str, __: str, ___: Value) -> None:
    """Nobody watches."""

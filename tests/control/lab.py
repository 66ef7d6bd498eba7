"""One link on a laboratory bench in memory, under the whole control loop, in virtual time."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from qkdctl.abft.effects import Alarm, Collect, Halt, Recall
from qkdctl.abft.messages import Message
from qkdctl.abft.packet import Spoken
from qkdctl.abft.replica import Beginning, Replica
from qkdctl.abft.value import Entry as AgreedEntry
from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.roles import AliceEnd, BobEnd, LinkRoles
from qkdctl.actuation.safety import require_dark
from qkdctl.actuation.set_points import Operation
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.host import Host
from qkdctl.control.alarms import Alarms
from qkdctl.control.epoch import EpochLoop
from qkdctl.control.link import LinkController
from qkdctl.control.link_settings import LinkSettings, Manual
from qkdctl.control.reporting import Reporter
from qkdctl.devices import Value
from qkdctl.devices.supervisor import Supervisor, SupervisorSettings
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.network_side import alone
from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.proposal import LinkProposal, Policy, Proposal
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import ActBook, ActReport
from qkdctl.records.facts import LinkFacts, LinkTable, ProtocolFacts
from qkdctl.records.network import NetworkState
from qkdctl.records.report import NodeReport
from qkdctl.records.session import End
from qkdctl.store.errors import StoreError
from tests.control.instruments import PATH, Controller, Engine, Instrument, Laser, Meter, Session, Shutter, Wedge, World
from tests.control.virtual import LoopClock

CAP_E6 = 600_000
CURRENT_A = 0.04
EPOCH_S = 1.0


class Disk:
    """What survives a crash: entries, the set-points they commit, calibration records."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Mapping[str, Any]]] = []
        self.committed: dict[tuple[str, str], Value] = {}
        self.records: dict[str, CalibrationRecord] = {}
        self.latency_s = 0.004
        self.full = False
        self.stuck = asyncio.Event()
        self.dead = False
        self.on_entry: Callable[[str], None] = lambda _: None
        self.calibrations = SimpleNamespace(put=self._put)
        self.ledger = SimpleNamespace(append=self._append)
        self._one_at_a_time = asyncio.Lock()
        self.stuck.set()

    async def _append(
        self, kind: str, payload: Mapping[str, Any], points: dict[tuple[str, str], Value] | None, _beside: object
    ) -> Any:
        await self._turn()
        self.entries.append((kind, payload))
        self.committed |= points or {}
        self.on_entry(kind)
        return SimpleNamespace(sequence=len(self.entries), hash="")

    async def _put(self, link: str, document: Mapping[str, Any]) -> None:
        await self._turn()
        self.records[link] = CalibrationRecord.model_validate(dict(document))

    async def _turn(self) -> None:
        async with self._one_at_a_time:
            await self.stuck.wait()
            await asyncio.sleep(self.latency_s)
            if self.dead:
                raise StoreError("the machine is off")
            if self.full:
                raise StoreError("database or disk is full")


class Chosen:
    """A policy that does what the test says, once."""

    identity = "chosen"

    def __init__(self) -> None:
        self.action = "hold"

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        action, self.action = self.action, "hold"
        return Proposal("chosen", tuple(LinkProposal(link.link, action) for link in facts.links))


class Alone:
    """What the replica of a node alone wants done; a node with one end gets the other end's word for everything."""

    def __init__(self, epochs: EpochLoop, alarms: Alarms, *, mirrors: bool) -> None:
        self._epochs = epochs
        self._alarms = alarms
        self._mirrors = mirrors

    async def persist(self, writes: Mapping[str, str | None]) -> None:
        pass

    async def commit(self, entry: AgreedEntry) -> None:
        await self._epochs.commit(entry)

    async def collect(self, wish: Collect) -> str:
        text = await self._epochs.collect(wish)
        return mirrored(NodeReport.from_json(text)).canonical().decode() if self._mirrors else text

    async def recall(self, wish: Recall) -> list[Message]:
        raise AssertionError(wish)

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        raise AssertionError(messages)

    def alarm(self, alarm: Alarm) -> None:
        self._alarms.raise_(alarm.code, alarm.subject, alarm.text)

    def alarm_over(self, code: str, subject: str) -> None:
        self._alarms.clear(code, subject)

    def halt(self, halt: Halt) -> None:
        raise AssertionError(halt)


def mirrored(report: NodeReport) -> NodeReport:
    """Bob's end agrees with what Alice's says."""
    (alice,) = report.ends
    sessions = tuple(record.model_copy(update={"end": "bob"}) for record in alice.sessions)
    told_e6 = alice.sessions[-1].mean_photon_numbers_e6[0] if sessions else 0
    bob = alice.model_copy(update={"end": "bob", "sessions": sessions, "mean_photon_number_e6": told_e6})
    return report.model_copy(update={"ends": (alice, bob)})


class Lab:
    """Instruments and disk; a daemon can be started on them, again and again.

    Attributes:
        world: the light.  instruments: those of the ends at this node, by name.  disk: of the daemon.
        daemon: the one that runs now.
    """

    def __init__(self, *, wedge: bool = False, seed: int = 0, ends: tuple[End, ...] = ("alice", "bob")) -> None:
        loop = asyncio.get_running_loop()
        self.world = World(loop.time)
        self.disk = Disk()
        self.random = random.Random(seed)
        controller, session = Controller("epc", self.world), Session(loop.time)
        self.laser, self.meter, self.controller = Laser("laser", self.world), Meter("tap", self.world), controller
        self.attenuator: Instrument = Wedge("voa", self.world) if wedge else Shutter("voa", self.world)
        self.alice = Engine("alice", self.world, session, "alice", controller)
        self.bob = Engine("bob", self.world, session, "bob", controller)
        self.alice.peer, self.bob.peer = self.bob, self.alice
        everything = (self.laser, self.attenuator, self.meter, controller, self.alice, self.bob)
        for instrument in everything:
            instrument.shine()
        self.ends = ends
        self.instruments: dict[str, Instrument] = {
            instrument.name: instrument
            for instrument in everything
            if ("bob" if instrument in (controller, self.bob) else "alice") in ends
        }
        self.daemon: Daemon | None = None

    def roles(self, supervised: Mapping[str, Supervisor]) -> LinkRoles:
        """What stands at this node."""
        alice = bob = None
        if "alice" in self.ends:
            light = (supervised["laser"], supervised["voa"], supervised["alice"])
            alice = AliceEnd(*light, power_meter=supervised["tap"])
        if "bob" in self.ends:
            bob = BobEnd(supervised["bob"], polarization_controller=supervised["epc"])
        return LinkRoles(alice, bob)

    @property
    def mean_photon_number(self) -> float:
        """At the fibre, really."""
        return self.world.mean_photon_number

    @asynccontextmanager
    async def running(self, *, calibrated: bool = True, **settings: Any) -> AsyncIterator["Daemon"]:
        """A daemon on these instruments, stopped at the end unless it crashed."""
        if calibrated and "a-b" not in self.disk.records:
            self.disk.records["a-b"] = record(self)
        daemon = self.daemon = Daemon(self, **settings)
        await daemon.start()
        try:
            yield daemon
        finally:
            if not daemon.crashed:
                await daemon.stop()


def record(lab: Lab, **changes: Any) -> CalibrationRecord:
    """What calibrating this bench gives."""
    return CalibrationRecord(
        **{
            "link": "a-b", "made_at_ms": 1, "path": PATH, "operating_current_a": CURRENT_A,
            "tap_power_w": (CURRENT_A - 0.01) * 0.25 / 100, "tap_power_sd_w": 1e-9, "samples": 20,
            "meter_uncertainty_db": 0.13, "source": "Laser 1", "power_meter": "Meter 1",
            "attenuator": f"{type(lab.attenuator).__name__} 1", **changes,
        }
    )  # fmt: skip


class Daemon:
    """The control of one node."""

    def __init__(
        self,
        lab: Lab,
        *,
        may_write: bool = True,
        until_safe: int = 3,
        policy: Any = None,
        initial_e6: int = 300_000,
        manual: str = "auto",
        at_hand: Mapping[str, Policy] | None = None,
        acts: Callable[[ActBook], ActReport] = lambda _: ActReport(),
    ) -> None:
        self.lab = lab
        self.crashed = False
        clock = LoopClock()
        self.alarms = Alarms(clock)
        self.journal = LedgerJournal(lab.disk, dict(lab.disk.committed), SimpleNamespace())  # type: ignore[arg-type]
        self.supervisors = {
            name: Supervisor(
                instrument,
                SupervisorSettings(poll_s=0.25, offset_s=0.01 * number, may_write=may_write),
                clock,
                committed=lambda name=name: self.journal.committed(name),  # type: ignore[misc]
                on_change=lambda _: self.link.react(),
                before_preparing=self._dark_first if name == "voa" else _at_once,
                jitter=random.Random(lab.random.random()),
            )
            for number, (name, instrument) in enumerate(lab.instruments.items())
        }
        roles = lab.roles(self.supervisors)
        settings = LinkSettings(PATH, CURRENT_A, CAP_E6, Operation(initial_e6, "bb84"), 1000, 12_000)
        self.link = LinkController("a-b", settings, roles, self.journal, self.alarms, clock, may_write=may_write)
        self.link.operations.calibration = lab.disk.records.get("a-b")
        self.link.orders.manual = Manual(manual)
        self.policy = policy or Chosen()
        shield = ShieldSettings(max_raise_ppm=1_000_000, realign_rest_epochs=0, stale_after_ms=60_000)
        baseline = RuleBased() if policy is None else Hold()
        side = alone("lab", self.policy.identity, self._table, lambda: shield)
        policies = (lambda _: self.policy) if at_hand is None else at_hand.get
        application = self.application = NodeApplication(side.terms, policies, None, baseline)
        self.replica = Replica("lab", Beginning(side.chain, {}), side.timing, application, clock.monotonic())
        links = {"a-b": self.link}
        self.epochs = EpochLoop(
            "lab", EPOCH_S, clock, links=links,
            reporter=Reporter("lab", links, self.supervisors, self.alarms, clock, EPOCH_S / 2, inline),
            application=application, journal=self.journal, alarms=self.alarms, policy=lambda: application.running,
            table=self._table, acts=lambda: acts(application.book), relaying=None, aside=inline, until_safe=until_safe,
            on_epoch=lambda _: None,
        )  # fmt: skip
        self.host = Host(self.replica, Alone(self.epochs, self.alarms, mirrors=not roles.whole), clock)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """As the node does it, the first seconds included."""
        self._tasks = [asyncio.create_task(s.run(), name=n) for n, s in self.supervisors.items()]
        for supervisor in self.supervisors.values():
            try:
                async with asyncio.timeout(3.0):
                    await supervisor.first_attempt.wait()
            except TimeoutError:
                continue
        self._restore()
        self.link.begin()
        self._tasks.append(asyncio.create_task(self.host.run(), name="agreement"))
        self._tasks.append(asyncio.create_task(self.epochs.run(self.host.tick), name="epochs"))

    async def stop(self) -> None:
        """As the node does it."""
        for task in self._tasks[-2:]:
            task.cancel()
        try:
            await self.link.shut_down()
        finally:
            await self._end()

    async def crash(self) -> None:
        """As kill -9 does it: nothing that is under way gets one byte further."""
        self.crashed = True
        self.lab.disk.dead = True
        for instrument in self.lab.instruments.values():
            instrument.crashed.set()
            instrument.deaf = False
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.0)
        while left := {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.1)
        self.lab.disk.dead = False
        for instrument in self.lab.instruments.values():
            instrument.crashed = asyncio.Event()
            instrument.__dict__["_session"] = asyncio.Lock()

    def alarm(self, code: str) -> bool:
        """Whether it lasts."""
        return any(alarm.code == code and alarm.active for alarm in self.alarms.listed())

    async def _end(self) -> None:
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=1.0)
        self.lab.disk.stuck.set()
        await self.journal.settle(1000.0)

    def _restore(self) -> None:
        for kind, payload in reversed(self.lab.disk.entries):
            if kind == "decision":
                plan = payload["value"]["outcome"]["plan"]["links"][0]
                if plan["mean_photon_number_e6"]:
                    self.link.operations.operation = Operation(plan["mean_photon_number_e6"], "bb84")
                return

    async def _dark_first(self) -> None:
        await require_dark(self.supervisors["laser"], "preparing voa")

    def _table(self) -> LinkTable:
        calibration = self.link.operations.calibration
        uncertainty_ppm = calibration.uncertainty_ppm if calibration else 100_000
        row = facts(alice="lab", bob="lab", calibration_uncertainty_ppm=uncertainty_ppm)
        return LinkTable(epoch_ms=round(1000 * EPOCH_S), links=(row,))


def facts(**changes: Any) -> LinkFacts:
    """What is agreed about the link of this bench."""
    return LinkFacts(
        **{
            "link": "a-b",
            "protocols": (
                ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=CAP_E6, qber_limit_ppm=60_000),
            ),
            "pulse_rate_hz": 10**9, "detector_efficiency_ppm": 500_000, "receiver_loss_mdb": 3_000,
            "background_yield_e9": 200, "aligned_qber_ppm": 12_000, "attenuator_step_mdb": 10,
            "calibration_uncertainty_ppm": 100_000, "can_realign": 1, "realign_dead_ms": 1_000, "dwell_epochs": 0,
            **changes,
        }
    )  # fmt: skip


async def inline(work: Callable[[], Any]) -> Any:
    """Work that other nodes do beside their event loop; threads know no virtual time."""
    return work()


async def _at_once() -> None:
    """Nothing stands against it."""

"""Two daemons with one end of a link each, over one simulated key session, in virtual time."""

import asyncio
import contextlib
import random
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

from hil_sim.world.link import OpticalLink
from hil_sim.world.session import KeySession
from hil_sim.world.session_state import SessionParameters, SessionRefusedError
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.snapshot import next_state
from qkdctl.actuation.roles import LinkRoles
from qkdctl.actuation.safety import require_dark
from qkdctl.actuation.set_points import Operation
from qkdctl.control.alarms import Alarms
from qkdctl.control.link import LinkController
from qkdctl.control.link_settings import LinkSettings
from qkdctl.control.reporting import Reporter
from qkdctl.devices import InstrumentError, QberSample, SessionRecord, Value
from qkdctl.devices.attributes import Attribute
from qkdctl.devices.supervisor import Supervisor, SupervisorSettings
from qkdctl.node.journal import LedgerJournal
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.session import End
from qkdctl.store.errors import StoreError
from tests.control.instruments import PATH, Controller, Engine, Instrument, World
from tests.control.lab import CAP_E6, CURRENT_A, EPOCH_S, Disk, Lab, facts, inline, record
from tests.control.virtual import LoopClock
from tests.hil_sim.world.links import STILL

ENDS: tuple[End, ...] = ("alice", "bob")
NODES = {"alice": "north", "bob": "south"}
_OWNER: ContextVar[object] = ContextVar("owner", default=None)


class Fibre(World):
    """The light of the link, which really arrives at the other end."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__(clock.monotonic)
        self.link = OpticalLink("a-b", STILL, 1, clock)
        self.session = KeySession(self.link, SessionParameters(interval_s=0.5, least_clicks=50))

    def note(self) -> None:
        super().note()
        self.link.set_laser_power_w(100 * self.tap_w)
        self.link.set_attenuation_db(self.attenuation_db)
        self.link.set_shutter_open(self.shutter_open)


class FarController(Controller):
    """Its voltages turn the polarisation of the fibre."""

    world: Fibre

    def hold(self, name: str, value: Value) -> None:
        super().hold(name, value)
        self.world.link.set_polarization_voltages_mv(tuple(self.held[f"voltage_{n}_mv"] for n in (1, 2, 3, 4)))


class FarEngine(Engine):
    """One end of the simulated key session."""

    world: Fibre

    def __init__(self, name: End, world: Fibre, controller: Controller) -> None:
        super().__init__(name, world, SimpleNamespace(), name, controller)
        self.place: End = name
        world.session.join(name)

    @property
    def state(self) -> Any:
        return self.world.session.state(self.place)

    def power_cycle(self) -> None:
        self.world.session.configure(self.place, running=False)

    def hold(self, name: str, value: Value) -> None:
        if name == "aligning":
            self.world.session.configure(self.place, mode="alignment" if value else "key")
        else:
            self.world.session.configure(self.place, **{name: value})

    async def _read(self, attribute: Attribute) -> Value:
        await self._exchange("read", attribute.name)
        return getattr(self.state, attribute.name)

    async def session_records(self, after: int) -> list[SessionRecord]:
        await self._exchange("read", "records")
        return self.deform(self.world.session.records(self.place, after, 1000))

    async def measure_qber(self, pulses: int) -> QberSample:
        await self._exchange("read", "qber")
        try:
            return self.world.session.measure(pulses, self.place)
        except SessionRefusedError as error:
            raise InstrumentError(f"{self.name}: {error}", "measure", []) from error


class Site:
    """One node: the instruments of its end, what survives a crash, and a daemon that may run."""

    def __init__(self, end: End, instruments: Mapping[str, Instrument]) -> None:
        self.end = end
        self.node = NODES[end]
        self.instruments = dict(instruments)
        self.disk = Disk()
        self.daemon: HalfDaemon | None = None

    @property
    def link(self) -> LinkController:
        assert self.daemon is not None, "no daemon runs here"
        return self.daemon.link


class HalfDaemon:
    """The control of one end; the pair is its clock and its agreement."""

    def __init__(self, site: Site, roles_of: Callable[[Mapping[str, Supervisor]], LinkRoles], initial_e6: int) -> None:
        clock = LoopClock()
        self.site = site
        self.alarms = Alarms(clock)
        self.journal = LedgerJournal(site.disk, dict(site.disk.committed), SimpleNamespace())  # type: ignore[arg-type]
        self.supervisors = {
            name: Supervisor(
                instrument,
                SupervisorSettings(poll_s=0.25, offset_s=0.01 * number),
                clock,
                committed=lambda name=name: self.journal.committed(name),  # type: ignore[misc]
                on_change=lambda _: self.link.react(),
                before_preparing=self._dark_first,
                jitter=random.Random(number),
            )
            for number, (name, instrument) in enumerate(site.instruments.items())
        }
        settings = LinkSettings(PATH, CURRENT_A, CAP_E6, Operation(initial_e6, "bb84"), 2_000_000, 20_000, 5.0)
        roles = roles_of(self.supervisors)
        self.link = LinkController("a-b", settings, roles, self.journal, self.alarms, clock)
        self.link.operations.calibration = site.disk.records.get("a-b")
        self.reporter = Reporter(site.node, {"a-b": self.link}, self.supervisors, self.alarms, clock, 0.3, inline)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """As the node does it."""
        self.tasks = [asyncio.create_task(supervisor.run(), name=n) for n, supervisor in self.supervisors.items()]
        for supervisor in self.supervisors.values():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3.0):
                    await supervisor.first_attempt.wait()
        self.link.begin()

    async def stop(self) -> None:
        """As the node does it."""
        try:
            await self.link.shut_down()
        finally:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            await self.journal.settle(1000.0)

    def alarm(self, code: str) -> bool:
        """Whether it lasts."""
        return any(alarm.code == code and alarm.active for alarm in self.alarms.listed())

    async def _dark_first(self) -> None:
        if "laser" in self.supervisors:
            await require_dark(self.supervisors["laser"], "preparing voa")


class Pair:
    """Two nodes that agree on the reports of those that are there, once per epoch.

    Attributes:
        world: the fibre.  sites: by end.  state: as agreed.  actions: what the policy proposes next, once.
        deaf: ends that hear of no decision.
    """

    def __init__(self, initial_e6: Mapping[End, int] | None = None) -> None:
        clock = LoopClock()
        self.world = Fibre(clock)
        bench = Lab()
        controller = FarController("epc", self.world)
        engines = {end: FarEngine(end, self.world, controller) for end in ENDS}
        for instrument in (bench.laser, bench.attenuator, bench.meter):
            instrument.world = self.world
            instrument.shine()
        for number, voltage_mv in enumerate(STILL.polarization.start_mv, start=1):
            controller.hold(f"voltage_{number}_mv", voltage_mv)
        light: list[Instrument] = [bench.laser, bench.attenuator, bench.meter, engines["alice"]]
        self.sites: dict[End, Site] = {
            "alice": Site("alice", {i.name: i for i in light}),
            "bob": Site("bob", {i.name: i for i in (controller, engines["bob"])}),
        }
        self.sites["alice"].disk.records["a-b"] = record(bench)
        self.controller, self.engines = controller, engines
        self.initial_e6 = initial_e6 or {"alice": 300_000, "bob": 300_000}
        self.action = "hold"
        self.state: NetworkState | None = None
        self.states: list[NetworkState] = []
        self.deaf: set[End] = set()
        self._epoch = 0
        self._owners: weakref.WeakKeyDictionary[asyncio.Task[Any], object] = weakref.WeakKeyDictionary()
        asyncio.get_running_loop().set_task_factory(self._new_task)

    @property
    def alice(self) -> Site:
        return self.sites["alice"]

    @property
    def bob(self) -> Site:
        return self.sites["bob"]

    def start(self, end: End) -> Coroutine[Any, Any, None]:
        """A daemon at this end."""
        site = self.sites[end]
        lab = SimpleNamespace(ends=(end,))
        with self._as(site):
            site.daemon = HalfDaemon(site, lambda supervised: Lab.roles(lab, supervised), self.initial_e6[end])  # type: ignore[arg-type]
        return self.run(end, site.daemon.start())

    async def run(self, end: End, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the daemon of this end do something."""
        with self._as(self.sites[end]):
            task = asyncio.ensure_future(work)
        return await task

    async def stop(self) -> None:
        """Stop every daemon that runs."""
        for end, site in self.sites.items():
            if site.daemon is not None:
                await self.run(end, site.daemon.stop())
                site.daemon = None

    async def crash(self, end: End) -> None:
        """As kill -9 does it, at one node."""
        site = self.sites[end]
        site.daemon = None
        site.disk.dead = True
        for instrument in site.instruments.values():
            instrument.crashed.set()
        while left := {task for task, owner in self._owners.items() if owner is site and not task.done()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.1)
        site.disk.dead = False
        for instrument in site.instruments.values():
            instrument.crashed = asyncio.Event()
            instrument.__dict__["_session"] = asyncio.Lock()

    async def epoch(self) -> NetworkState:
        """One epoch: report, agree, decide, commit, carry out."""
        await asyncio.sleep(EPOCH_S)
        self._epoch += 1
        table = LinkTable(epoch_ms=round(1000 * EPOCH_S), links=(facts(alice="north", bob="south"),))
        there = [site for site in self.sites.values() if site.daemon is not None]
        reports = [
            await self.run(site.end, site.daemon.reporter.report(self._epoch, table, "chosen"))
            for site in there
            if site.daemon is not None
        ]
        if not reports:
            return self.states[-1]
        state = next_state(self.state, reports, table, Electorate.equal(tuple(NODES.values()), 0))
        proposal = Proposal("chosen", (LinkProposal("a-b", self.action),))
        self.action = "hold"
        settings = ShieldSettings(max_raise_ppm=1_000_000, realign_rest_epochs=0, stale_after_ms=60_000)
        plan = shield(state, proposal, settings, table, ShieldHistory())
        for site in (site for site in there if site.end not in self.deaf):
            await self._carry_out(site, state, plan.links[0])
        self.state = state
        self.states.append(state)
        return state

    async def until(self, condition: Callable[[], object], epochs: int = 40) -> None:
        """Epochs until a condition holds."""
        for _ in range(epochs):
            if condition():
                return
            await self.epoch()
        modes = {end: site.daemon and (site.link.mode, site.link.busy) for end, site in self.sites.items()}
        raise AssertionError(f"not within {epochs} epochs: {modes}, {self.states[-1]}")

    def both(self, mode: str) -> bool:
        """Both ends are in this mode and do nothing else."""
        return all(
            site.daemon is not None and site.link.mode == mode and not site.link.busy for site in self.sites.values()
        )

    def settled(self) -> bool:
        """Key comes, of settings that both ends and the light have in common."""
        told = {engine.state.mean_photon_number_e6 for engine in self.engines.values()}
        modes = {engine.state.mode for engine in self.engines.values()}
        key = self.state is not None and bool(self.state.rows) and self.state.rows[0].secret_key_bits > 0
        return self.both("running") and modes == {"key"} and len(told) == 1 and key

    async def _carry_out(self, site: Site, state: NetworkState, plan: Any) -> None:
        daemon = site.daemon
        assert daemon is not None
        with self._as(site):
            takes_part = site.link.takes_part(state.links[0].mode)
            set_points = site.link.set_points_for(plan) if takes_part else {}
            task = asyncio.ensure_future(daemon.journal.append("decision", {}, set_points))
        try:
            await task
        except StoreError:
            return
        with self._as(site):
            if site.daemon is daemon:
                if takes_part:
                    daemon.link.carry_out(plan)
                daemon.link.tick()

    @contextlib.contextmanager
    def _as(self, site: Site) -> Iterator[None]:
        token = _OWNER.set(site)
        try:
            yield
        finally:
            _OWNER.reset(token)

    def _new_task(self, loop: Any, work: Any, **settings: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **settings)
        self._owners[task] = _OWNER.get()
        return task

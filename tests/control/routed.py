"""Nodes with key routers on real sockets, in virtual time; what they report is decided upon as all of them would."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from qkdctl_drivers.key_router import KeyRouter

from hil_sim.instruments.key_router import KeyRouterInstrument
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.value import Entry, Value
from qkdctl.agreement.application import NodeApplication, Terms
from qkdctl.agreement.state import AgreedState
from qkdctl.clock import VirtualClock
from qkdctl.control.alarms import Alarms
from qkdctl.control.relaying import Relaying, RelayReport
from qkdctl.devices.supervisor import Supervisor, SupervisorSettings
from qkdctl.policy.baselines import BASELINES, Hold
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import ActBook
from qkdctl.records.facts import LinkTable
from qkdctl.records.relay import RelayView
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.route import RouteDemand, RoutePlan
from qkdctl.records.session import End
from tests.records.samples import end_report, facts, report, session

EPOCH_S = 1.0
KEY_BITS = 256
KEYS = 20
"""Of each demand in each epoch."""
BOTH: tuple[End, End] = ("alice", "bob")


class Site:
    """One node: its router, and what the daemon does with it."""

    def __init__(self, name: str, instrument: KeyRouterInstrument, address: str, clock: VirtualClock) -> None:
        self.name = name
        self.instrument = instrument
        self.alarms = Alarms(clock)
        self.supervisor = Supervisor(
            KeyRouter(f"{name}-router", address, timeout_s=2.0),
            SupervisorSettings(poll_s=EPOCH_S),
            clock,
            on_change=lambda _: self.relaying.react(),
        )
        self.relaying = Relaying(
            name,
            self.supervisor,
            self.alarms,
            clock,
            interval_ms=round(1000 * EPOCH_S),
            patience_s=2.0,
            may_write=True,
        )

    def alarm(self, code: str) -> bool:
        """Whether it lasts."""
        return any(alarm.code == code and alarm.active for alarm in self.alarms.listed())


class Routed:
    """The network.

    Attributes:
        state: after the last decision.
        sites: by name.
        simulation: of the routers.
        away: nodes whose reports do not count.
        retell: changes what a node reports, for liars.
    """

    def __init__(
        self,
        links: Sequence[str],
        demands: Sequence[RouteDemand],
        sites: dict[str, Site],
        simulation: Simulation,
        clock: VirtualClock,
    ) -> None:
        names, faults = sorted(sites), (len(sites) - 1) // 3
        entries = [facts(link, alice=link.split("-")[0], bob=link.split("-")[1]) for link in sorted(links)]
        self.table = LinkTable(epoch_ms=round(1000 * EPOCH_S), links=tuple(entries))
        book = ActBook(members=tuple(names), faults=faults, threshold_wish=faults + 1, lifetime_epochs=9, policy="hold")
        terms = Terms(self.table, ShieldSettings(), tuple(demands), book)
        self.application = NodeApplication(lambda: terms, BASELINES.get, None, Hold())
        self.chain = Chain.beginning(Electorate.equal(names, faults))
        self.sites = sites
        self.simulation = simulation
        self.clock = clock
        self.away: set[str] = set()
        self.retell: Callable[[NodeReport], NodeReport] = lambda told: told
        self.reports: list[NodeReport] = []

    @property
    def state(self) -> AgreedState:
        assert self.application.state is not None
        return self.application.state

    def plan(self, demand: str) -> RoutePlan:
        return next(plan for plan in self.state.routes if plan.demand == demand)

    def ways(self, demand: str) -> list[str]:
        return ["".join(path.nodes) for path in self.plan(demand).paths]

    def blamed(self) -> set[str]:
        return {verdict.node for verdict in self.state.network.verdicts if verdict.error_permille}

    def opened(self) -> dict[str, set[str]]:
        """Who opened which key in the reports of the last decision."""
        views: list[tuple[str, RelayView]] = [(told.node, view) for told in self.reports for view in told.relays]
        return {key: {node for node, view in views if view.key == key} for key in {view.key for _, view in views}}

    async def decide(self, *early: str) -> AgreedState:
        """One epoch; these nodes made their reports before the newest keys, all others after them."""
        relayed = {name: await self.sites[name].relaying.report() for name in early}
        await self.clock.advance(EPOCH_S)
        relayed |= {name: await site.relaying.report() for name, site in self.sites.items() if name not in early}
        told = [self.retell(self._report(name, said)) for name, said in sorted(relayed.items())]
        self.reports = [one for one in told if one.node not in self.away]
        texts = {one.node: one.canonical().decode() for one in self.reports}
        outcome = self.application.decide(self.chain, texts)
        digests = tuple((name, digest_of(text)) for name, text in sorted(texts.items()))
        entry = Entry(self.chain, Value(self.chain.epoch, self.chain.previous, digests, outcome), texts)
        _, agreed = self.application.after(entry)
        self.application.advance(agreed)
        self.chain = entry.next_chain
        for site in self.sites.values():
            site.relaying.apply(agreed)
        for site in self.sites.values():
            await site.relaying.attend()
        return agreed

    async def until(self, condition: Callable[[], object], epochs: int = 12) -> int:
        """Decide until a condition is fulfilled; how many epochs that took."""
        for count in range(epochs):
            if condition():
                return count
            await self.decide()
        raise AssertionError(f"not within {epochs} epochs; the state is {self.state}")

    async def wait(self, condition: Callable[[], object]) -> None:
        """Let time pass and routers answer until a condition is fulfilled."""
        async with asyncio.timeout(10.0):
            while not condition():
                await self.clock.advance(0.1)

    def _report(self, name: str, relayed: RelayReport) -> NodeReport:
        ends: list[EndReport] = []
        for entry in self.table.links:
            for end in BOTH:
                if entry.node(end) == name:
                    made = session(self.chain.epoch, end, entry.link)
                    ends.append(end_report(made, end=end, link=entry.link))
        return report(self.chain.epoch, *ends, node=name, policy="hold", relays=relayed.views, tallies=relayed.tallies)


@asynccontextmanager
async def routed(links: Sequence[str], *demands: str, **conducts: dict[str, Any]) -> AsyncIterator[Routed]:
    """A network after its first epoch; its links are named after their nodes of one letter (`a-b`), demands too (`ab`).

    Args:
        links: names.
        demands: both ends.
        conducts: of routers, by node.
    """
    clock = VirtualClock()
    names = sorted({name for link in links for name in link.split("-")})
    instruments = {}
    for name in names:
        own = {link: (set(link.split("-")) - {name}).pop() for link in links if name in link.split("-")}
        options = {"links": own, "key_bits_per_s": 1e6, "conduct": conducts.get(name, {})}
        instruments[name] = {"model": "key-router", "options": options}
    wanted = [RouteDemand(demand=d, source=d[0], target=d[1], bits=KEYS * KEY_BITS) for d in demands]
    async with Simulation(scenario_of({"seed": 1, "instruments": instruments}), clock=clock) as running:
        sites = {}
        for name in names:
            instrument = running.bench.instruments[name]
            assert isinstance(instrument, KeyRouterInstrument)
            sites[name] = Site(name, instrument, running.addresses[name], clock)
        tasks = [asyncio.create_task(site.supervisor.run()) for site in sites.values()]
        try:
            for site in sites.values():
                await site.supervisor.until_usable()
            network = Routed(links, wanted, sites, running, clock)
            await network.decide()
            yield network
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

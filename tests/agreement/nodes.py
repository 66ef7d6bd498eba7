"""Nodes without instruments that agree with each other in one process: real replicas, stores, keys and tags."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import combinations
from pathlib import Path

from qkdctl.abft.act_book import electorate_of
from qkdctl.abft.chain import Chain
from qkdctl.abft.effects import Halt
from qkdctl.abft.quorum import FULL_PPM
from qkdctl.abft.timing import Timing
from qkdctl.agreement.application import NodeApplication, Terms
from qkdctl.agreement.recovery import recover
from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.levels import Way
from qkdctl.bus.pairwise_hub import Fate, HubTransport, PairHub, unharmed
from qkdctl.clock import Clock, RealClock
from qkdctl.control.alarms import Alarm, Alarms
from qkdctl.control.epoch import EpochLoop, EpochOutcome
from qkdctl.control.reporting import Reporter
from qkdctl.keys.base import KeySource
from qkdctl.keys.hub import KeyHub
from qkdctl.keys.pair_file import create_pair_files
from qkdctl.keys.pair_source import PairSource
from qkdctl.node.agreeing import Agreeing
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.network_side import Connected, NetworkSide
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import ActBook, ActReport
from qkdctl.records.facts import LinkTable
from qkdctl.store.store import Store, open_store

PATIENCE_S = 20.0
LATE_S = 0.5
"""What an epoch waits for nodes that are away, and so for those of a slow computer."""


class AgreeingNode:
    """One node: its store, its part in the agreement, what it has decided.

    Attributes:
        outcomes: of all epochs, oldest first.
        halted: why it stopped for good.
        changes: of alarms, oldest first.
    """

    def __init__(
        self, name: str, side: NetworkSide, store: Store, journal: LedgerJournal, policies: Mapping[str, Policy]
    ) -> None:
        clock = RealClock()
        self.name = name
        self.store = store
        self.outcomes: list[EpochOutcome] = []
        self.halted: list[Halt] = []
        self.changes: list[Alarm] = []
        self.alarms = Alarms(clock, self.changes.append)
        self.policies = policies
        self._side = side
        self.application = self._at(None)
        self.epochs = EpochLoop(
            name, 1.0, clock, links={}, reporter=Reporter(name, {}, {}, self.alarms, clock, 1.0, asyncio.to_thread),
            application=self.application, journal=journal, alarms=self.alarms, policy=lambda: self.application.running,
            table=lambda: side.terms().table, acts=self._acts, relaying=None,
            aside=asyncio.to_thread, until_safe=3, on_epoch=self.outcomes.append,
        )  # fmt: skip
        self.agreeing = Agreeing(
            name, side, store, self.alarms, clock, self.epochs, self.application, self.halted.append
        )

    async def begin(self) -> None:
        recovered = await recover(self.store, self._side.chain, self._at)
        self.application.state = recovered.state
        self.epochs.epoch = recovered.beginning.chain.epoch - 1
        await self.agreeing.begin(recovered, secrets.token_bytes)

    @property
    def raised(self) -> set[str]:
        """Codes of all alarms there ever were."""
        return {alarm.code for alarm in self.changes}

    def alarm(self, code: str) -> bool:
        return any(alarm.code == code for alarm in self.alarms.listed())

    def _acts(self) -> ActReport:
        return self.agreeing.act_report()

    def _at(self, state: object) -> NodeApplication:
        return NodeApplication(self._side.terms, self.policies.get, state)  # type: ignore[arg-type]


class Table:
    """A network around one table; nodes come and go with their stores.

    Args:
        folder: for the stores.
        names: of the members.
        faults: f.
        fate: what happens to messages.
        pair_files: keys are in the folders of the nodes.
        late_s: when reports of an epoch count as late; at `PATIENCE_S` all that are here are in time.

    Attributes:
        digests: of the descriptions of nodes that have another one than the rest.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        faults: int,
        fate: Fate = unharmed,
        *,
        pair_files: bool = False,
        late_s: float = LATE_S,
    ) -> None:
        self._timing = Timing(report_s=late_s, round_s=0.5, repeat_s=0.05, repeat_most_s=0.2)
        self.names = tuple(sorted(names))
        self.book = ActBook(
            members=self.names, faults=faults, threshold_wish=faults + 1, lifetime_epochs=100, policy="rule-based"
        )
        self.terms = Terms(LinkTable(epoch_ms=1000, links=()), ShieldSettings(), (), self.book)
        self.nodes: dict[str, AgreeingNode] = {}
        self.digests: dict[str, str] = {}
        self._folder = folder
        self._keys = KeyHub()
        self._has_pair_files = pair_files
        for one, other in combinations(self.names if pair_files else (), 2):
            paths = folder / one / f"{other}.keys", folder / other / f"{one}.keys"
            for path in paths:
                path.parent.mkdir(exist_ok=True)
            create_pair_files(paths, (one, other), 500)
        self._hub = PairHub(RealClock(), fate)
        self._stacks: dict[str, AsyncExitStack] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def replace_keys(self, name: str, peer: str) -> None:
        """Give a node that is away a key file of another network for one of its peers."""
        path = self._folder / name / f"{peer}.keys"
        path.unlink()
        create_pair_files((path, self._folder / "the other copy"), (name, peer), 500)

    async def enter(self, name: str, policies: Mapping[str, Policy] = BASELINES) -> AgreeingNode:
        """Start a node on its store."""
        stack = self._stacks[name] = AsyncExitStack()
        return await self._run(name, name, stack, policies)

    async def _run(self, name: str, folder: str, stack: AsyncExitStack, policies: Mapping[str, Policy]) -> AgreeingNode:
        store = await stack.enter_async_context(open_store(self._folder / folder, RealClock()))
        others = [other for other in self.names if other != name]

        async def connect(store: Store, _: Clock) -> Connected:
            source: KeySource = self._keys.source(name)
            if self._has_pair_files:
                files = {other: self._folder / folder / f"{other}.keys" for other in others}
                source = await stack.enter_async_context(PairSource(name, files))
            ways = dict.fromkeys(others, Way())
            authenticator = await Authenticator.start(ways, source, store.pads)
            return Connected(authenticator, source, self._hub.join(name, others))

        chain = Chain.beginning(electorate_of(self.book, dict.fromkeys(self.names, FULL_PPM)), "0" * 64)
        side = NetworkSide(
            "lab", self.digests.get(name, "0" * 64), tuple(others), chain, lambda: self.terms, self._timing, connect
        )
        journal = await LedgerJournal.load(store)
        node = self.nodes[folder] = AgreeingNode(name, side, store, journal, policies)
        await node.begin()
        self._tasks[folder] = asyncio.create_task(node.agreeing.run(), name=folder)
        return node

    async def enter_copy(self, name: str) -> AgreeingNode:
        """Start a copy of a running node's folder as well; peers hear both, and reach the copy."""
        (self._folder / f"copy of {name}").mkdir()
        shutil.copytree(self._folder / name, self._folder / f"copy of {name}", dirs_exist_ok=True)
        stack = self._stacks[f"copy of {name}"] = AsyncExitStack()
        return await self._run(name, f"copy of {name}", stack, BASELINES)

    def reconnect(self, name: str) -> None:
        """Peers reach the node again, and not its copy."""
        transport = self.nodes[name].agreeing.peers.transport  # type: ignore[union-attr]
        assert isinstance(transport, HubTransport)
        self._hub._nodes[name] = transport

    async def leave(self, name: str) -> None:
        """Stop a node as a crash does: nothing more is said, stored or heard."""
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._hub.leave(name)
        del self.nodes[name]
        await self._stacks.pop(name).aclose()

    async def decide(self, epochs: int = 1, *, among: Sequence[str] | None = None) -> int:
        """Tick all nodes until these have decided so many more epochs; returns the number of the last one."""
        nodes = [self.nodes[name] for name in among or self.nodes]
        wanted = max(node.epochs.epoch for node in nodes) + epochs
        for epoch in range(wanted - epochs + 1, wanted + 1):
            await self.until(lambda: all(node.agreeing.replica.instance is None for node in nodes))  # type: ignore[union-attr]
            for node in self.nodes.values():
                node.agreeing.tick()
            await self.until(lambda epoch=epoch: all(node.epochs.epoch >= epoch for node in nodes))  # type: ignore[misc]
        return wanted

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; a node that ended by an error makes it known."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                for task in self._tasks.values():
                    if task.done() and not task.cancelled():
                        task.result()
                await asyncio.sleep(0.002)

    async def close(self) -> None:
        for name in list(self._tasks):
            await self.leave(name)


@asynccontextmanager
async def table(
    folder: Path,
    names: str = "abcd",
    faults: int = 1,
    *,
    but: str = "",
    fate: Fate = unharmed,
    pair_files: bool = False,
    late_s: float = LATE_S,
) -> AsyncIterator[Table]:
    """A network whose nodes, but some, have started."""
    found = Table(folder, names, faults, fate, pair_files=pair_files, late_s=late_s)
    try:
        for name in found.names:
            if name not in but:
                await found.enter(name)
        yield found
    finally:
        await found.close()

"""The part of a node that agrees with the others: replica, host, peers and acts, and what the replica wants done."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from qkdctl.abft.act_messages import PartialTag, SharesWanted
from qkdctl.abft.acts import Acts
from qkdctl.abft.effects import Alarm, Collect, Halt, Recall
from qkdctl.abft.messages import Content, Decided, Message, digest_of
from qkdctl.abft.packet import Spoken
from qkdctl.abft.replica import FORK, Replica
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.abft.value import Entry
from qkdctl.agreement.act_desk import ROOM, ActDesk
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.host import Host
from qkdctl.agreement.ledger_entries import value_text
from qkdctl.agreement.peer_side import PeerSettings, PeerSide
from qkdctl.agreement.recovery import VOTES_ROOM, Recovered
from qkdctl.clock import Clock
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.epoch import DivergenceError, EpochLoop
from qkdctl.node.conditions import ConditionAlarms, conditions
from qkdctl.node.network_side import NetworkSide
from qkdctl.records.act import ActReport
from qkdctl.store.store import Store

log = structlog.get_logger(__name__)
_AboutActs = PartialTag | SharesWanted | SealedShare
_BETWEEN_GREETINGS_S = 0.5
SUPERSEDED = "superseded"
WRONG_TAGS = "wrong-tags"
_FORGED_LEAST = 3


class Agreeing:
    """Agrees on epochs and carries out what the replica wants; see `qkdctl.agreement.host.Duties`.

    Args:
        me: name of the node.
        side: its network.
        store, alarms, clock: of the node.
        epochs: collects reports and commits decisions.
        application: of the node, at the state that was recovered.
        on_halt: told why the node must stop for good; must not block.
    """

    def __init__(
        self,
        me: str,
        side: NetworkSide,
        store: Store,
        alarms: Alarms,
        clock: Clock,
        epochs: EpochLoop,
        application: NodeApplication,
        on_halt: Callable[[Halt], None],
    ) -> None:
        self.peers: PeerSide | None = None
        self.desk: ActDesk | None = None
        self.replica: Replica | None = None
        self._me = me
        self._side = side
        self._store = store
        self._alarms = alarms
        self._clock = clock
        self._epochs = epochs
        self._application = application
        self._on_halt = on_halt
        self._host: Host | None = None
        self._understood: set[str] = set()
        self._strangers: set[str] = set()
        self._sat_out = False
        self._gave_way = False
        self._tags: dict[str, tuple[int, int]] = {}
        self._conditions = ConditionAlarms(me, alarms)

    async def begin(self, recovered: Recovered, random: Callable[[int], bytes]) -> None:
        """Take up where the store ends.

        Args:
            recovered: what it held.
            random: uniformly random bytes, for threshold keys.
        """
        now = self._clock.monotonic()
        self.replica = Replica(self._me, recovered.beginning, self._side.timing, self._application, now)
        self._host = Host(self.replica, self, self._clock, self._side.peers)
        if self._side.connect is not None:
            connected = await self._side.connect(self._store, self._clock)
            self.peers = PeerSide(
                PeerSettings(f"{self._side.name[:40]}-{self._side.digest[:16]}", self._me, self._side.peers),
                connected.authenticator,
                connected.source,
                connected.transport,
                self._clock,
                self._deliver,
                self._heard,
                self._compare_with_peers,
                self._stranger,
                self._give_way,
            )
        stored = await self._store.memories.all(ROOM)
        acts = Acts(self._me, self._side.name, self._application.book, stored, random)
        source = None if self.peers is None else self.peers.source
        self.desk = ActDesk(acts, self._store.memories, source, self._say, self.alarm, self._application.book)

    def tick(self) -> None:
        """It is time for the next epoch."""
        assert self._host is not None, "ticks come after the beginning"
        assert self.replica is not None, "ticks come after the beginning"
        self._conditions.judge(conditions(self._me, self.replica, self.peers, self._epochs.epoch_s))
        self._judge_strangers()
        if self.peers is not None:
            self._judge_tags(self.peers)
            self.peers.begin_epoch()
        self._host.tick()

    def _judge_tags(self, peers: PeerSide) -> None:
        """Nothing but wrong tags from a peer since the last tick: keys that are not its own, or somebody in between."""
        for peer in self._side.peers:
            figures = peers.authenticator.figures(peer)
            forged, right = figures.forged, figures.accepted + figures.greetings
            forged_before, right_before = self._tags.get(peer, (0, 0))
            self._tags[peer] = forged, right
            if right > right_before:
                self._alarms.clear(WRONG_TAGS, peer)
            elif forged - forged_before >= _FORGED_LEAST:
                text = (
                    f"{forged - forged_before} packets in the name of {peer} have wrong tags, and none is right: "
                    "its key is not that of this node, or somebody makes them up; compare the key files of the two"
                )
                self._alarms.raise_(WRONG_TAGS, peer, text, Severity.CRITICAL)

    def act_report(self) -> ActReport:
        """What to report about acts."""
        return ActReport() if self.desk is None else self.desk.report()

    async def run(self) -> None:
        """Agree until cancelled, or until the replica halts."""
        assert self._host is not None, "there is no agreement before the beginning"
        assert self.desk is not None, "there is no agreement before the beginning"
        if self.peers is None:
            await self._follow_acts()
            await self._host.run()
            return
        peers = asyncio.create_task(self.peers.run(), name="peers")
        host = asyncio.create_task(self._run_among(self.peers, self._host), name="replica")
        shares = asyncio.create_task(self.desk.run(), name="shares")
        try:
            await asyncio.wait({peers, host, shares}, return_when=asyncio.FIRST_COMPLETED)
            for task in (peers, host, shares):
                if task.done():
                    await task
        finally:
            for task in (peers, host, shares):
                task.cancel()
            await asyncio.gather(peers, host, shares, return_exceptions=True)

    async def _run_among(self, peers: PeerSide, host: Host) -> None:
        """Say nothing of substance before a strong quorum has told how far it has seen this node."""
        assert self.replica is not None, "there is no agreement before the beginning"
        while not self.replica.chain.electorate.is_strong({self._me, *peers.in_step()}):
            await peers.hello()
            await self._clock.sleep(_BETWEEN_GREETINGS_S)
        await self._follow_acts()
        await host.run()

    async def persist(self, writes: Mapping[str, str | None]) -> None:
        """See Duties."""
        await self._store.memories.write(VOTES_ROOM, writes)

    async def commit(self, entry: Entry) -> None:
        """See Duties."""
        if entry.value.previous != entry.chain.previous:
            # what the others decided before is not what this node has: nothing of it may reach ledger or instruments
            said, known = entry.value.previous[:12], entry.chain.previous[:12]
            text = f"epoch {entry.chain.epoch}: the others decided it after {said}, this node's ledger ends in {known}"
            self._break_off(Halt(FORK, text))
            return
        try:
            await self._epochs.commit(entry)
        except DivergenceError as error:
            self._break_off(Halt("divergence", str(error)))
            return
        if self.replica is not None and not self.replica.rejoins:
            self._alarms.clear("restored-store", self._me)
        await self._follow_acts()

    async def collect(self, wish: Collect) -> str:
        """See Duties."""
        return await self._epochs.collect(wish)

    async def recall(self, wish: Recall) -> list[Message]:
        """See Duties."""
        found = await self._store.decisions.of(wish.epoch)
        if found is None:
            return []
        text = value_text(found.payload)
        if not wish.digests:
            return [Decided(wish.epoch, digest_of(text))]
        texts = await self._store.decisions.reports(wish.digests)
        texts |= {digest_of(text): text}
        return [Content(wish.epoch, texts[digest]) for digest in wish.digests if digest in texts]

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """See Duties."""
        if self.peers is not None:
            await self.peers.send(messages)

    def alarm(self, alarm: Alarm) -> None:
        """See Duties."""
        self._alarms.raise_(alarm.code, alarm.subject or self._me, alarm.text, Severity.CRITICAL)

    def alarm_over(self, code: str, subject: str) -> None:
        """See Duties."""
        self._alarms.clear(code, subject)

    def halt(self, halt: Halt) -> None:
        """See Duties."""
        self._alarms.raise_(halt.code, self._me, halt.text, Severity.CRITICAL)
        self._on_halt(halt)

    def _break_off(self, why: Halt) -> None:
        assert self._host is not None, "decisions come after the beginning"
        self._host.stop()
        self.halt(why)

    def _say(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        if self.peers is not None:
            self.peers.say(messages)

    async def _follow_acts(self) -> None:
        assert self.desk is not None, "acts come after the beginning"
        await self.desk.decided(self._application.book)

    def _deliver(self, sender: str, message: Spoken) -> None:
        assert self._host is not None, "messages come after the beginning"
        assert self.desk is not None, "messages come after the beginning"
        if isinstance(message, _AboutActs):
            self._host.spawn(self.desk.received(sender, message))
        else:
            self._host.received(sender, message)

    def _stranger(self, peer: str) -> None:
        text = f"{peer} has another description of the network than this node, so neither hears the other"
        self._strangers.add(peer)
        self._alarms.raise_("other-description", peer, text)

    def _judge_strangers(self) -> None:
        """A peer that was understood, and nothing else, from tick to tick has the right description again."""
        for peer in self._understood - self._strangers:
            self._alarms.clear("other-description", peer)
        self._understood, self._strangers = set(), set()

    def _heard(self, peer: str) -> None:
        self._understood.add(peer)
        self._compare_with_peers()

    def _compare_with_peers(self) -> None:
        """Peers that know more of this node than its store did: it may have voted what it does not remember."""
        assert self.peers is not None, "nobody is heard alone"
        assert self.replica is not None, "peers come after the beginning"
        assert self._host is not None, "peers come after the beginning"
        electorate = self.replica.chain.electorate
        if electorate.is_weak(overtaken := self.peers.authenticator.overtaken()):
            who = ", ".join(sorted(overtaken))
            self._give_way(f"another process speaks for {self._me}, perhaps from a copy of its folder: so say {who}")
        elif not self._sat_out and electorate.is_weak(self.peers.authenticator.seen_further()):
            self._sat_out = True
            self._alarms.raise_(
                "restored-store", self._me, "peers know more of this node than its store; it sits an epoch out"
            )
            self._host.sit_out()

    def _give_way(self, why: str) -> None:
        """Two that speak for one node are a liar to all others: this one ends, and does not come back by itself."""
        if not self._gave_way:
            self._gave_way = True
            self._break_off(Halt(SUPERSEDED, why))

"""What stands between a node and its peers: keys, tags and a transport. Whatever passes here is from who it says."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from qkdctl.abft.packet import PacketError, Spoken
from qkdctl.agreement.budget import Budget
from qkdctl.agreement.courier import Courier
from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.errors import Duplicate, Greeting, KeyAwaited, Refused
from qkdctl.auth.keeper import Keeper
from qkdctl.auth.ledger import SupersededError
from qkdctl.bus.pairwise import PairTransport
from qkdctl.clock import Clock
from qkdctl.keys.base import KeySource
from qkdctl.store.errors import StoreError

log = structlog.get_logger(__name__)
_DAILY = (Greeting, KeyAwaited)
_AT_ONCE = 64
"""Packets between two moments in which the rest of the node gets its turn. Fewer would split what nodes say to each
other into more packets, each with a tag of its own."""


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """Who the peers are.

    Attributes:
        network: name of the network and digest of its description.
        me: this node.
        peers: all others, sorted.
    """

    network: str
    me: str
    peers: tuple[str, ...]


class PeerSide:
    """Sends and receives messages.

    Args:
        settings: names.
        authenticator: started, with a channel for every peer.
        source: of key, also for what is encrypted.
        transport: carries sealed packets.
        clock: of the node.
        deliver: takes (sender, message).
        heard: told after each packet that was accepted, with its sender.
        greeted: told after each packet that says nothing but how far its sender has seen this node.
        on_stranger: told of a peer that has another description of the network.
        on_superseded: told why this process must not speak for the node any more.
    """

    def __init__(
        self,
        settings: PeerSettings,
        authenticator: Authenticator,
        source: KeySource,
        transport: PairTransport,
        clock: Clock,
        deliver: Callable[[str, Spoken], None],
        heard: Callable[[str], None],
        greeted: Callable[[], None],
        on_stranger: Callable[[str], None],
        on_superseded: Callable[[str], None],
    ) -> None:
        self.authenticator = authenticator
        self.source = source
        self.transport = transport
        self.courier = Courier(settings.network, settings.me, authenticator, transport, on_stranger)
        self._peers = settings.peers
        self._budget = Budget()
        self._deliver = deliver
        self._heard = heard
        self._greeted = greeted
        self._on_superseded = on_superseded
        self._owed = asyncio.Event()
        self._queue: list[tuple[str, Spoken]] = []
        self._keeper = Keeper(authenticator, clock, self._open, lambda _: self._owed.set())

    def say(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """Send soon, or never; does not wait."""
        self._queue += messages
        self._owed.set()

    async def send(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        """Send now, or never."""
        try:
            await self.courier.send(messages)
        except SupersededError as error:
            self._on_superseded(str(error))
        except StoreError as error:
            log.warning("nothing sent, because pads cannot be accounted for", error=str(error))
        except PacketError as error:
            log.error("message not sent", error=str(error))  # noqa: TRY400 - said in full

    def in_step(self) -> set[str]:
        """Peers whose process is known, so that they have told how far they have seen this node."""
        return {peer for peer in self._peers if self.authenticator.in_step(peer)}

    async def hello(self) -> None:
        """Call the peers that are not in step."""
        try:
            await self.courier.hello(sorted(set(self._peers) - self.in_step()))
        except SupersededError as error:
            self._on_superseded(str(error))
        except StoreError as error:
            log.warning("no greeting, because pads cannot be accounted for", error=str(error))

    def begin_epoch(self) -> None:
        """A tick: budgets are renewed, and what was said before is not repeated."""
        self.authenticator.renew_budget()
        self._budget.renew()
        self.courier.begin_epoch()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transport.run())
            tasks.create_task(self._listen())
            tasks.create_task(self._answer())
            tasks.create_task(self._keeper.run())

    async def _listen(self) -> None:
        read = 0
        async for incoming in self.transport.received():
            if incoming.sender in self._peers:
                self._open(incoming.sender, incoming.data)
            read += 1
            if read % _AT_ONCE == 0:
                # a transport that is never empty does not wait, and nothing else would ever run
                await asyncio.sleep(0)

    def _open(self, peer: str, sealed: bytes) -> None:
        again = False
        try:
            payload = self.authenticator.open(peer, sealed)
        except Duplicate as repetition:
            payload, again = repetition.payload, True
            if not payload:
                return  # an answer that said nothing else, twice
        except Refused as refusal:
            if isinstance(refusal, Greeting):
                self._owed.set()
                self._greeted()
            elif not isinstance(refusal, _DAILY):
                log.debug("packet refused", peer=peer, reason=str(refusal))
            return
        if not self._budget.allows(peer, payload, again=again):
            return
        messages = self.courier.read(peer, payload)
        if not self._budget.take(peer, payload, len(messages or ()), again=again) or messages is None:
            return
        for message in messages:
            self._deliver(peer, message)
        self._heard(peer)

    async def _answer(self) -> None:
        """What is owed to peers, and what was said in passing."""
        while True:
            await self._owed.wait()
            self._owed.clear()
            queue, self._queue = self._queue, []
            if queue:
                await self.send(queue)
            try:
                await self.courier.answer()
            except SupersededError as error:
                self._on_superseded(str(error))
            except StoreError as error:
                log.warning("no answer, because pads cannot be accounted for", error=str(error))

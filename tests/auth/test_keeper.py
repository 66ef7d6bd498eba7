"""The keeper has keys there before they are needed, and spares a key server that is out of order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.errors import Refused
from qkdctl.auth.keeper import Keeper
from qkdctl.auth.ledger import MemoryLedger
from qkdctl.auth.levels import Kind, Way
from qkdctl.clock import VirtualClock
from qkdctl.keys.base import Key, KeySourceError
from qkdctl.keys.hub import HubSource, KeyHub

pytestmark = pytest.mark.asyncio


class Server(HubSource):
    """A key server that counts requests and fails on demand."""

    def __init__(self, hub: KeyHub, node: str) -> None:
        super().__init__(hub, node)
        self.asked: Counter[str] = Counter()
        self.broken = False

    def ask(self, what: str) -> None:
        self.asked[what] += 1
        if self.broken:
            raise KeySourceError("the key server is out of order")

    async def draw(self, peer: str, count: int) -> list[Key]:
        self.ask("draw")
        return await super().draw(peer, count)

    async def chapter(self, peer: str) -> Key:
        self.ask("chapter")
        return await super().chapter(peer)

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        self.ask("fetch")
        return await super().fetch(peer, ids)


class Talker:
    """A node with a keeper, wired to the other."""

    def __init__(self, auth: Authenticator, server: Server, clock: VirtualClock) -> None:
        (self.peer,) = auth.peers
        self.auth = auth
        self.server = server
        self.other: Talker | None = None
        self.got: list[bytes] = []
        self.answering: set[asyncio.Task[None]] = set()
        self.keeper = Keeper(auth, clock, lambda _peer, sealed: self.hear(sealed), lambda _peer: self.answer())

    def hear(self, sealed: bytes) -> None:
        try:
            self.got.append(self.auth.open(self.peer, sealed))
        except Refused:
            self.answer()

    def answer(self) -> None:
        task = asyncio.create_task(self.say({}))
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)

    async def say(self, packets: dict[str, bytes]) -> None:
        for sealed in (await self.auth.seal(packets)).values():
            assert self.other is not None
            self.other.hear(sealed)


async def talkers(clock: VirtualClock) -> tuple[Talker, Talker]:
    hub = KeyHub()
    made = []
    for name, peer in (("a", "b"), ("b", "a")):
        server = Server(hub, name)
        made.append(Talker(await Authenticator.start({peer: Way()}, server, MemoryLedger()), server, clock))
    made[0].other, made[1].other = made[1], made[0]
    return made[0], made[1]


@asynccontextmanager
async def at_work(*talkers: Talker) -> AsyncIterator[None]:
    """Their keepers run meanwhile."""
    running = [asyncio.create_task(talker.keeper.run()) for talker in talkers]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_two_nodes_find_each_other_and_never_wait_for_key() -> None:
    clock = VirtualClock()
    a, b = await talkers(clock)
    async with at_work(a, b):
        await clock.advance(0.2)
        await a.say({"b": b"hello"})
        await clock.advance(1.0)
        assert a.auth.session_of("b") is not None
        awaited = b.auth.figures("a").awaited
        for number in range(300):
            await a.say({"b": b"%d" % number})
            await b.say({"a": b"%d" % number})
            if number % 8 == 0:
                a.auth.renew_budget()
                b.auth.renew_budget()
                await clock.advance(1.0)
        assert b.got[-300:] == [b"%d" % number for number in range(300)]
        assert b.auth.figures("a").awaited == awaited
        assert b.auth.figures("a").accepted_hmac == 0


async def test_a_broken_key_server_is_asked_ever_more_rarely_and_used_again_when_it_works() -> None:
    clock = VirtualClock()
    a, b = await talkers(clock)
    a.server.broken = True
    async with at_work(a, b):
        await clock.advance(600.0)
        assert 50 < a.server.asked.total() < 80
        assert a.auth.level("b").kind is Kind.NONE
        a.server.broken = False
        await clock.advance(11.0)
        assert a.auth.level("b").kind is Kind.ITS
        asked = a.server.asked.total()
        await clock.advance(600.0)
        assert a.server.asked.total() == asked, "a full stock asks for nothing"


async def test_a_flood_of_made_up_packets_is_no_flood_of_requests() -> None:
    clock = VirtualClock()
    a, b = await talkers(clock)
    async with at_work(a, b):
        await clock.advance(0.2)
        await a.say({"b": b"hello"})
        await clock.advance(2.0)
        asked = b.server.asked.total()
        for second in range(10):
            for number in range(500):
                b.hear(b"\x01\x01\x00\x00" + bytes(56) + (500 * second + number).to_bytes(16) + bytes(50))
            await clock.advance(1.0)
        assert b.server.asked.total() - asked <= 10 * 20
        await a.say({"b": b"still here"})
        assert b.got[-1] == b"still here"

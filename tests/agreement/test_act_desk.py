"""Acts wait for no key server, a liar's shares cost next to nothing, and a store that fails is one alarm."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest

from qkdctl.abft.act_messages import PartialTag, SharesWanted
from qkdctl.abft.act_signer import STOCK
from qkdctl.abft.acts import Acts
from qkdctl.abft.effects import Alarm
from qkdctl.abft.packet import Spoken
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.agreement import share_traffic
from qkdctl.agreement.act_desk import FAILING, ActDesk
from qkdctl.keys.base import Key, KeySourceError
from qkdctl.keys.hub import HubSource, KeyHub
from qkdctl.records.act import ActBook, LiftQuarantine, SetFaults
from qkdctl.store.errors import StoreError
from qkdctl.store.memories import Memories

pytestmark = pytest.mark.asyncio
BOOK = ActBook(members=("a", "b", "c", "d"), faults=1, threshold_wish=2, lifetime_epochs=100, policy="rule-based")


class Disk:
    """What a node remembers, until it is full."""

    def __init__(self) -> None:
        self.rows: dict[str, str | None] = {}
        self.full = False

    async def write(self, _room: str, writes: Mapping[str, str | None]) -> None:
        if self.full:
            raise StoreError("no room")
        self.rows |= writes


class KeyServer(HubSource):
    """Keys that somebody counts.

    Attributes:
        requests: numbers asked for, one tuple per request.
        hangs: no answer comes.
        broken: every answer is an error.
    """

    def __init__(self, hub: KeyHub, node: str) -> None:
        super().__init__(hub, node)
        self.requests: list[tuple[bytes, ...]] = []
        self.hangs = False
        self.broken = False

    async def draw(self, peer: str, count: int) -> list[Key]:
        await self._work()
        return await super().draw(peer, count)

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        self.requests.append(tuple(ids))
        await self._work()
        return await super().fetch(peer, ids)

    async def _work(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.broken:
            raise KeySourceError("the key server is out of order")


class Office:
    """The desk of one node, and what it says."""

    def __init__(self, name: str, hub: KeyHub) -> None:
        self.disk = Disk()
        self.keys = KeyServer(hub, name)
        self.said: list[tuple[str, Spoken]] = []
        self.alarms: list[Alarm] = []
        acts = Acts(name, "net", BOOK, {}, secrets.token_bytes)
        self.desk = ActDesk(acts, cast("Memories", self.disk), self.keys, self.say, self.alarms.append, BOOK)

    def say(self, messages: Iterable[tuple[str, Spoken]]) -> None:
        self.said += messages

    def shares_for(self, peer: str) -> list[SealedShare]:
        return [message for to, message in self.said if to == peer and isinstance(message, SealedShare)]

    def held(self, dealer: str) -> set[int]:
        """Numbers of the shares of a dealer that are stored."""
        begin = f"act-share/{dealer}/"
        return {
            int(key.removeprefix(begin)) for key, value in self.disk.rows.items() if value and key.startswith(begin)
        }


@asynccontextmanager
async def open_for_shares(*offices: Office) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(office.desk.run()) for office in offices]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settled() -> None:
    """Everything is done that waits for nothing from outside."""
    for _ in range(200):
        await asyncio.sleep(0)


def made_up(number: int = 0, committee: int = 0, keys: int = 5) -> SealedShare:
    return SealedShare(number, committee, tuple(secrets.token_hex(16) for _ in range(keys)), "00" * 528)


async def test_shares_cross_between_two_desks() -> None:
    hub = KeyHub()
    a, b = Office("a", hub), Office("b", hub)
    async with open_for_shares(a, b):
        await a.desk.decided(BOOK)
        await settled()
        sent = a.shares_for("b")
        assert [share.number for share in sent] == list(range(STOCK))
        for share in sent:
            await b.desk.received("a", share)
        await settled()
        assert b.held("a") == set(range(STOCK))


async def test_a_key_server_that_hangs_keeps_neither_decisions_nor_other_messages_waiting() -> None:
    a = Office("a", KeyHub())
    a.keys.hangs = True
    async with open_for_shares(a):
        await a.desk.received("b", made_up())
        await settled()
        assert len(a.keys.requests) == 1
        async with asyncio.timeout(1.0):
            await a.desk.decided(BOOK)
            await a.desk.received("c", PartialTag(0, "00" * 16))
            await a.desk.file(SetFaults(faults=0))
        assert a.desk.report().filed == (SetFaults(faults=0),)


async def test_a_peer_whose_key_is_slow_keeps_no_other_peer_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = KeyHub()
    a = Office("a", hub)
    draw = a.keys.draw

    async def never_for_b(peer: str, count: int) -> list[Key]:
        return await (asyncio.Event().wait() if peer == "b" else draw(peer, count))  # type: ignore[return-value]

    monkeypatch.setattr(a.keys, "draw", never_for_b)
    async with open_for_shares(a):
        await a.desk.decided(BOOK)
        await settled()
        assert a.shares_for("b") == []
        assert len(a.shares_for("c")) == len(a.shares_for("d")) == STOCK


async def test_a_liar_s_shares_cost_one_request_for_each_wanted_number_between_two_decisions() -> None:
    a = Office("a", KeyHub())
    async with open_for_shares(a):
        for _ in range(10):
            for number in range(2 * STOCK):
                await a.desk.received("b", made_up(number))
            await settled()
        assert len(a.keys.requests) == STOCK
        await a.desk.decided(BOOK)
        await a.desk.received("b", made_up(0))
        await settled()
        assert len(a.keys.requests) == STOCK + 1
        assert all(len(ids) == 5 for ids in a.keys.requests)


@pytest.mark.parametrize(
    ("sender", "share"),
    [
        ("b", made_up(keys=64)),
        ("b", made_up(keys=4)),
        ("b", made_up(number=STOCK)),
        ("b", made_up(committee=1)),
        ("stranger", made_up()),
    ],
)
async def test_what_nobody_wants_costs_no_request(sender: str, share: SealedShare) -> None:
    a = Office("a", KeyHub())
    async with open_for_shares(a):
        await a.desk.received(sender, share)
        await settled()
        assert a.keys.requests == []


async def test_a_share_that_could_not_be_read_is_read_when_it_comes_again() -> None:
    hub = KeyHub()
    a, b = Office("a", hub), Office("b", hub)
    async with open_for_shares(a, b):
        await a.desk.decided(BOOK)
        await settled()
        b.keys.broken = True
        await b.desk.received("a", a.shares_for("b")[0])
        await settled()
        assert b.held("a") == set()
        b.keys.broken = False
        await b.desk.decided(BOOK)
        await b.desk.decided(BOOK)
        (wanted,) = [m for to, m in b.said if to == "a" and isinstance(m, SharesWanted)]
        assert 0 in wanted.numbers
        await a.desk.received("b", wanted)
        await settled()
        await b.desk.received("a", a.shares_for("b")[STOCK])
        await settled()
        assert b.held("a") == {0}


async def test_what_waits_for_one_peer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_traffic, "MOST_WAITING", 2)
    a = Office("a", KeyHub())
    await a.desk.decided(BOOK)
    async with open_for_shares(a):
        await settled()
        assert len(a.shares_for("b")) == 2


async def test_nothing_goes_on_after_the_end() -> None:
    a = Office("a", KeyHub())
    a.keys.hangs = True
    before = asyncio.all_tasks()
    async with open_for_shares(a):
        await a.desk.decided(BOOK)
        await settled()
        assert len(asyncio.all_tasks() - before) == 4, "the desk, and one task for each peer"
    assert asyncio.all_tasks() == before


async def test_a_store_that_fails_is_one_alarm_and_an_answer_to_the_operator() -> None:
    a = Office("a", KeyHub())
    a.disk.full = True
    await a.desk.decided(BOOK)
    assert [(alarm.code, "no room" in alarm.text) for alarm in a.alarms] == [(FAILING, True)]
    a.disk.full = False
    async with open_for_shares(a):
        await a.desk.decided(BOOK)
        await a.desk.received("b", PartialTag(0, "00" * 16))
        await a.desk.received("b", made_up())
        await settled()
    with pytest.raises(StoreError, match="restart the daemon"):
        await a.desk.file(LiftQuarantine(node="c"))
    assert (len(a.alarms), a.said, a.disk.rows, a.keys.requests) == (1, [], {}, [])

"""The durable queue: order, numbers, bounds, history."""

import asyncio
import shutil
from pathlib import Path

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.store.outbox import BLOCK, OutboxMessage
from qkdctl.store.store import open_store


def payloads(messages: list[OutboxMessage]) -> list[bytes]:
    return [message.payload for message in messages]


@pytest.mark.asyncio
async def test_messages_wait_in_order_until_acknowledged_and_survive_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        numbers = [await store.outbox.append(f"t/{n}", b"%d" % n, qos=1, retain=False) for n in range(5)]
        assert numbers == [1, 2, 3, 4, 5]
        assert payloads(await store.outbox.pending(3)) == [b"0", b"1", b"2"]
        await store.outbox.acknowledge(2)
        stream = store.outbox.stream
    async with open_store(tmp_path, VirtualClock()) as store:
        assert store.outbox.stream == stream
        assert store.outbox.waiting == 3
        assert payloads(await store.outbox.pending(10)) == [b"2", b"3", b"4"]
        assert await store.outbox.append("t", b"5") == 6
        assert store.outbox.acknowledged == 2


@pytest.mark.asyncio
async def test_numbers_go_on_after_a_cancelled_daemon(tmp_path: Path) -> None:
    async def daemon() -> None:
        async with open_store(tmp_path, VirtualClock()) as store:
            await store.outbox.append("t", b"")
            appended.set()
            await asyncio.Event().wait()

    appended = asyncio.Event()
    task = asyncio.create_task(daemon())
    await appended.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.outbox.append("t", b"") == 2


@pytest.mark.asyncio
async def test_concurrent_appends_are_stored_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        numbers = await asyncio.gather(*(store.outbox.append("t", b"%d" % n) for n in range(100)))
        assert numbers == list(range(1, 101))
        assert payloads(await store.outbox.pending(100)) == [b"%d" % n for n in range(100)]


@pytest.mark.asyncio
async def test_no_number_is_used_twice_even_when_the_last_messages_are_lost(tmp_path: Path) -> None:
    async with open_store(tmp_path / "a", VirtualClock()) as store:
        used = [await store.outbox.append("t", b"") for _ in range(3)]
        (tmp_path / "b").mkdir()
        for name in ("state.db", "outbox.db"):
            shutil.copy(tmp_path / "a" / name, tmp_path / "b")
        # What a power failure leaves of the journal: the part that was synced, which ends with the reservation.
        journal = (tmp_path / "a" / "outbox.db-wal").read_bytes()
        (tmp_path / "b" / "outbox.db-wal").write_bytes(journal[: 32 + 4120])
    async with open_store(tmp_path / "b", VirtualClock()) as store:
        assert await store.outbox.pending(10) == []
        assert await store.outbox.append("t", b"") > max(used)
        assert store.outbox.last_number == BLOCK + 1


@pytest.mark.asyncio
async def test_the_oldest_unsent_message_makes_room(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock(), outbox_capacity=3) as store:
        for n in range(5):
            await store.outbox.append("t", b"%d" % n)
        assert payloads(await store.outbox.pending(10)) == [b"2", b"3", b"4"]
        assert (store.outbox.dropped, store.outbox.waiting) == (2, 3)
        await store.outbox.acknowledge(4)
        await store.outbox.append("t", b"5")
        assert payloads(await store.outbox.pending(10)) == [b"4", b"5"]
        assert (store.outbox.dropped, store.outbox.waiting) == (2, 2)


@pytest.mark.asyncio
async def test_an_expired_message_is_not_sent(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with open_store(tmp_path, clock) as store:
        await store.outbox.append("t", b"short", expiry_s=1.0)
        await store.outbox.append("t", b"long", expiry_s=10.0)
        await clock.advance(5)
        assert payloads(await store.outbox.pending(10)) == [b"long"]
        assert (store.outbox.expired, store.outbox.waiting) == (1, 1)


@pytest.mark.asyncio
async def test_sent_messages_can_be_replayed_as_far_as_the_history_goes(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock(), outbox_history=3) as store:
        for n in range(1, 8):
            await store.outbox.append("t", b"%d" % n)
        await store.outbox.acknowledge(6)
        assert payloads(await store.outbox.replayable(0, 10)) == [b"4", b"5", b"6"]
        assert payloads(await store.outbox.replayable(4, 1)) == [b"5"]
        assert await store.outbox.replayable(6, 10) == []


@pytest.mark.asyncio
async def test_the_last_retained_message_of_each_topic_outlives_the_history(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock(), outbox_history=0) as store:
        await store.outbox.append("a", b"old", retain=True)
        await store.outbox.append("a", b"new", retain=True)
        await store.outbox.append("gone", b"x", retain=True)
        await store.outbox.append("gone", b"", retain=True)
        await store.outbox.append("plain", b"x")
        await store.outbox.append("b", b"unsent", retain=True)
        await store.outbox.acknowledge(5)
        assert [(message.topic, message.payload) for message in await store.outbox.retained()] == [("a", b"new")]


@pytest.mark.asyncio
async def test_waiting_for_work(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        waiter = asyncio.create_task(store.outbox.wait_until_pending())
        await asyncio.sleep(0)
        assert not waiter.done()
        number = await store.outbox.append("t", b"")
        await waiter
        await store.outbox.acknowledge(number)
        assert await store.outbox.pending(1) == []
        waiter = asyncio.create_task(store.outbox.wait_until_pending())
        await asyncio.sleep(0)
        assert not waiter.done()
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)

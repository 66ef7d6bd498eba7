"""Marks of channels survive, never go down, and belong to one process."""

from pathlib import Path

import pytest

from qkdctl.auth.ledger import Mark, MemoryLedger, PadLedger, SupersededError
from qkdctl.clock import VirtualClock
from qkdctl.store.store import open_store


async def keep_marks(ledger: PadLedger) -> None:
    assert await ledger.claim(b"one") == {}
    await ledger.store(b"one", {"node-b": Mark(7, 3), "node-c": Mark(1, 0)})
    await ledger.store(b"one", {"node-b": Mark(5, 4)})
    assert await ledger.claim(b"two") == {"node-b": Mark(7, 4), "node-c": Mark(1, 0)}
    with pytest.raises(SupersededError, match="another process"):
        await ledger.store(b"one", {"node-b": Mark(9, 9)})
    assert (await ledger.claim(b"three"))["node-b"] == Mark(7, 4)


@pytest.mark.asyncio
async def test_marks_never_go_down_and_belong_to_who_claimed_them_last(tmp_path: Path) -> None:
    await keep_marks(MemoryLedger())
    async with open_store(tmp_path, VirtualClock()) as store:
        await keep_marks(store.pads)
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.pads.claim(b"four") == {"node-b": Mark(7, 4), "node-c": Mark(1, 0)}


@pytest.mark.asyncio
async def test_marks_are_saved_from_a_damaged_file(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        await store.pads.claim(b"one")
        await store.pads.store(b"one", {"node-b": Mark(7, 3)})
    path = tmp_path / "state.db"
    damaged = bytearray(path.read_bytes())
    damaged[28:32] = (9999).to_bytes(4)
    path.write_bytes(damaged)
    async with open_store(tmp_path, VirtualClock()) as store:
        assert store.complaints
        assert await store.pads.claim(b"two") == {"node-b": Mark(7, 3)}

"""Decisions are found by epoch, their reports by digest, and what belongs to one is written with it or not at all."""

from pathlib import Path

import pytest

from qkdctl.abft.messages import digest_of
from qkdctl.clock import VirtualClock
from qkdctl.store import decisions
from qkdctl.store.decisions import beside_decision
from qkdctl.store.store import Store, open_store

pytestmark = pytest.mark.asyncio


async def decide(store: Store, epoch: int, *texts: str) -> None:
    reports = {digest_of(text): text for text in texts}
    beside = beside_decision(epoch, reports, "agreement", {"state": f"after {epoch}"})
    await store.ledger.append("decision", {"chain": {"epoch": epoch}}, beside=beside)


async def test_a_decision_its_reports_and_the_state_after_it_are_found_again(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.decisions.last() is None
        for epoch in (1, 2, 3):
            await decide(store, epoch, f"a{epoch}", f"b{epoch}")
    async with open_store(tmp_path, VirtualClock()) as store:
        last = await store.decisions.last()
        assert last is not None
        assert last.payload["chain"] == {"epoch": 3}
        second = await store.decisions.of(2)
        assert second is not None
        assert second.payload["chain"] == {"epoch": 2}
        assert await store.decisions.of(4) is None
        assert [entry.payload["chain"]["epoch"] for entry in await store.decisions.since(1, 10)] == [2, 3]
        wanted = [digest_of("b2"), digest_of("never said")]
        assert await store.decisions.reports(wanted) == {digest_of("b2"): "b2"}
        assert await store.memories.all("agreement") == {"state": "after 3"}


async def test_a_second_decision_of_an_epoch_is_refused_with_everything_that_came_with_it(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        await decide(store, 1, "a")
        head = await store.ledger.head()
        with pytest.raises(Exception, match="UNIQUE"):
            await decide(store, 1, "another")
        assert await store.ledger.head() == head
        assert await store.decisions.reports([digest_of("another")]) == {}


async def test_reports_are_deleted_once_they_are_old_and_decisions_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "REPORTS_KEPT_EPOCHS", 2)
    async with open_store(tmp_path, VirtualClock()) as store:
        for epoch in (1, 2, 3, 4):
            await decide(store, epoch, f"a{epoch}")
        kept = await store.decisions.reports([digest_of(f"a{epoch}") for epoch in (1, 2, 3, 4)])
        assert sorted(kept.values()) == ["a3", "a4"]
        assert [entry.payload["chain"]["epoch"] for entry in await store.decisions.since(0, 10)] == [1, 2, 3, 4]


async def test_memories_are_kept_by_room_and_deleted_by_none(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        await store.memories.write("acts", {"a": "1", "b": "2"})
        await store.memories.write("agreement", {"a": "other"})
        await store.memories.write("acts", {"a": None, "b": "3"})
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.memories.all("acts") == {"b": "3"}
        assert await store.memories.all("agreement") == {"a": "other"}

"""Calibrations, operators' orders and counters survive a restart."""

from pathlib import Path

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.store.errors import StoreError
from qkdctl.store.store import open_store


@pytest.mark.asyncio
async def test_the_latest_calibration_counts_and_older_ones_are_kept(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with open_store(tmp_path, clock) as store:
        assert await store.calibrations.latest("alice-bob") is None
        await store.calibrations.put("alice-bob", {"tap_ratio": 0.05})
        await clock.advance(60)
        await store.calibrations.put("alice-bob", {"tap_ratio": 0.06})
        await store.calibrations.put("charlie-dave", {"tap_ratio": 0.5})
    async with open_store(tmp_path, clock) as store:
        history = await store.calibrations.history("alice-bob")
        assert [dict(record.document) for record in history] == [{"tap_ratio": 0.06}, {"tap_ratio": 0.05}]
        assert history[0].wall_ms - history[1].wall_ms == 60_000
        assert await store.calibrations.latest("alice-bob") == history[0]
        with pytest.raises(ValueError, match="JSON compliant"):
            await store.calibrations.put("alice-bob", {"tap_ratio": float("inf")})


@pytest.mark.asyncio
async def test_an_order_holds_until_the_next(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        await store.link_modes.put("alice-bob", "hold", "uid 1000")
        await store.link_modes.put("charlie-dave", "manual-safe", "uid 0")
        await store.link_modes.put("alice-bob", "running", "uid 0")
        with pytest.raises(StoreError, match="CHECK constraint"):
            await store.link_modes.put("alice-bob", "fast", "uid 0")  # type: ignore[arg-type]
    async with open_store(tmp_path, VirtualClock()) as store:
        orders = await store.link_modes.all()
        assert {link: (order.mode, order.actor) for link, order in orders.items()} == {
            "alice-bob": ("running", "uid 0"),
            "charlie-dave": ("manual-safe", "uid 0"),
        }


@pytest.mark.asyncio
async def test_counters_add_and_wrap(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.counters.get("bd_seq") == 0
        await store.counters.put("bd_seq", 254)
        assert await store.counters.add("bd_seq", modulo=256) == 255
        assert await store.counters.add("bd_seq", modulo=256) == 0
        assert await store.counters.add("realignments", 3) == 3
    async with open_store(tmp_path, VirtualClock()) as store:
        assert await store.counters.get("bd_seq") == 0
        assert await store.counters.add("realignments", -1) == 2

"""Everything that a node keeps on disk, opened and closed together."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from qkdctl.clock import Clock
from qkdctl.store.calibrations import Calibrations
from qkdctl.store.counters import Counters
from qkdctl.store.database import Database
from qkdctl.store.decisions import Decisions
from qkdctl.store.ledger import Ledger
from qkdctl.store.ledger_file import STATE_FILE
from qkdctl.store.link_modes import LinkModes
from qkdctl.store.lock import DirectoryLock
from qkdctl.store.memories import Memories
from qkdctl.store.migration import Schema
from qkdctl.store.outbox import Outbox
from qkdctl.store.pads import Pads
from qkdctl.store.recovery import Damage, make_sound
from qkdctl.store.salvage import fill_outbox, fill_state
from qkdctl.store.set_points import SetPoints

OUTBOX_FILE = "outbox.db"
_VERIFIED_ON_OPENING = 1000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """The durable state of one node.

    Attributes:
        complaints: what was damaged on opening, one sentence each; they are in the log and the ledger too.
    """

    ledger: Ledger
    set_points: SetPoints
    calibrations: Calibrations
    link_modes: LinkModes
    counters: Counters
    memories: Memories
    decisions: Decisions
    pads: Pads
    outbox: Outbox
    complaints: tuple[str, ...]


@asynccontextmanager
async def open_store(
    directory: Path, clock: Clock, *, outbox_capacity: int = 100_000, outbox_history: int = 10_000
) -> AsyncIterator[Store]:
    """Open the state directory, creating, migrating and repairing its files as needed.

    Args:
        directory: created with access for its owner only when missing.
        clock: stamps entries and copies.
        outbox_capacity: unsent messages that are kept at most.
        outbox_history: numbers for which sent messages are kept for replay.

    Raises:
        StoreLockedError: another daemon uses the directory.
        SchemaTooNewError: a newer version wrote it.
        StoreError: the machine refused.
    """
    async with AsyncExitStack() as closing:
        closing.callback(DirectoryLock(directory).release)
        damages = await _make_all_sound(directory, clock)
        state = await Database.open(directory / STATE_FILE, "FULL")
        closing.push_async_callback(state.close)
        messages = await Database.open(directory / OUTBOX_FILE, "NORMAL")
        closing.push_async_callback(messages.close)
        outbox = Outbox(messages, clock, outbox_capacity, outbox_history)
        await outbox.load()
        closing.push_async_callback(outbox.settle)
        ledger = Ledger(state, clock)
        complaints = tuple([str(damage) for damage in damages] + await _check_ledger(ledger))
        await _report(ledger, complaints)
        yield Store(
            ledger,
            SetPoints(state),
            Calibrations(state, clock),
            LinkModes(state, clock),
            Counters(state),
            Memories(state),
            Decisions(state),
            Pads(state),
            outbox,
            complaints,
        )


async def _make_all_sound(directory: Path, clock: Clock) -> list[Damage]:
    wall_ms = clock.wall_ms()
    stamp = datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")

    def job() -> list[Damage]:
        found = [
            make_sound(
                directory / STATE_FILE,
                Schema("state"),
                stamp,
                lambda fresh, damaged: fill_state(fresh, damaged, wall_ms),
            ),
            make_sound(directory / OUTBOX_FILE, Schema("outbox"), stamp, fill_outbox),
        ]
        return [damage for damage in found if damage]

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-opening") as executor:
        return await asyncio.get_running_loop().run_in_executor(executor, job)


async def _check_ledger(ledger: Ledger) -> list[str]:
    found = await ledger.verify(last=_VERIFIED_ON_OPENING)
    return [f"ledger entry {found.sequence} breaks the chain: {found.reason}"] if found else []


async def _report(ledger: Ledger, complaints: tuple[str, ...]) -> None:
    for complaint in complaints:
        _log.error("durable state was damaged", damage=complaint)
        await ledger.append("alarm", {"code": "state-damaged", "text": complaint})

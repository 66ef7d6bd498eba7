"""State directories to damage: made once, copied for each try."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qkdctl.clock import VirtualClock
from qkdctl.store.chain import Entry
from qkdctl.store.store import open_store

TEXT = "a decision with enough text that entries spread over pages " * 4


@dataclass(frozen=True)
class Original:
    """What a sound directory held.

    Attributes:
        entries: of its ledger.
        journal_sizes: size of the journal when entry n had been acknowledged; only for a directory left by a crash.
    """

    directory: Path
    entries: list[Entry]
    journal_sizes: list[int]


async def write_directory(directory: Path, decisions: int, crashed_copy: Path | None = None) -> Original:
    """Fill a store; with `crashed_copy`, also copy its files as a killed daemon would leave them."""
    sizes = []
    journal = directory / "state.db-wal"
    async with open_store(directory, VirtualClock()) as store:
        for epoch in range(decisions):
            await store.ledger.append(
                "decision", {"epoch": epoch, "why": TEXT}, {("voa", "attenuation_db"): epoch / 10}
            )
            sizes.append(journal.stat().st_size)
        entries = [entry async for entry in store.ledger]
        if crashed_copy:
            crashed_copy.mkdir()
            for name in ("state.db", "state.db-wal", "outbox.db"):
                shutil.copy(directory / name, crashed_copy)
    return Original(crashed_copy or directory, entries, sizes)


def damaged_copy(original: Original, directory: Path, file: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the directory with one file changed."""
    directory.mkdir()
    for path in original.directory.iterdir():
        shutil.copy(path, directory)
    path = directory / file
    path.write_bytes(change(path.read_bytes()))
    return directory


def flip(bit: int) -> Callable[[bytes], bytes]:
    """Invert one bit."""

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    return change

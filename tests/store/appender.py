"""A process that writes until it is killed, and says what was acknowledged: run by the kill tests."""

import asyncio
import sys
from pathlib import Path

from qkdctl.clock import RealClock
from qkdctl.store.store import open_store


async def main(directory: Path) -> None:
    """Append for ever; one line per acknowledged write."""
    async with open_store(directory, RealClock()) as store:
        while True:
            entry = await store.ledger.append("decision", {"why": "x" * 300}, {})
            await store.ledger.append("decision", {}, {("voa", "attenuation_db"): float(entry.sequence)})
            number = await store.outbox.append("t", b"x" * 300)
            print(entry.sequence + 1, number, flush=True)


asyncio.run(main(Path(sys.argv[1])))

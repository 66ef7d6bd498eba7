"""kill -9 at any time: no acknowledged write is lost, nothing is broken."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.clock import RealClock
from qkdctl.store.store import open_store

ROUNDS = 12
REPOSITORY = Path(__file__).parents[2]


def run_and_kill(directory: Path, lines: int) -> tuple[int, int]:
    """Let the appender acknowledge this many rounds, kill it in the next, return what it acknowledged last."""
    command = [sys.executable, "-m", "tests.store.appender", str(directory)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline()
        process.kill()
        read = process.stdout.read().splitlines()
    last = [line for line in read if line.count(" ") == 1][-1:] if read else []
    return (0, 0) if not last else (int(last[0].split()[0]), int(last[0].split()[1]))


@pytest.mark.asyncio
async def test_kill_at_random_times(tmp_path: Path) -> None:
    picked = random.Random(6)
    numbers: list[int] = []
    for _ in range(ROUNDS):
        sequence, number = run_and_kill(tmp_path, picked.randrange(1, 40))
        async with open_store(tmp_path, RealClock()) as store:
            assert store.complaints == ()
            head = await store.ledger.head()
            assert head.sequence >= sequence
            assert await store.ledger.verify() is None
            (point,) = (await store.set_points.all()).values()
            assert point.sequence >= sequence
            assert point.value == point.sequence - 1
            stored = [message.sequence for message in await store.outbox.pending(100_000)]
            assert stored[: len(numbers)] == numbers, "what was there is still there"
            assert stored[-1] >= number
            assert stored == sorted(set(stored))
            numbers = stored

"""The daemons of the demo: all nodes in one process, as `qkdctl run --with` runs them; silent ones apart."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hil_sim.demo.errors import DemoError
from qkdctl.client import Client
from qkdctl.clock import Clock

_STOP_S = 20.0
_CLIENT_TIMEOUT_S = 15.0
_LAST_WORDS = 10


@dataclass(slots=True)
class Daemons:
    """Running daemons.

    Attributes:
        clients: to each node.
        apart: nodes that no other node hears.
        processes: of the nodes together, and of each that runs apart.
        log: file with what they log.
        stopped_at: monotonic time at which they were told to stop; None before.
    """

    clients: Mapping[str, Client]
    apart: frozenset[str]
    log: Path
    clock: Clock
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    stopped_at: float | None = None

    @property
    def together(self) -> list[str]:
        """Nodes that hear each other, sorted."""
        return sorted(set(self.clients) - self.apart)

    @property
    def exit_codes(self) -> list[int | None]:
        """Of all processes."""
        return [process.returncode for process in self.processes]

    def tell_to_stop(self) -> None:
        """Tell them to stop, as Ctrl-C does; at once and without waiting."""
        if self.stopped_at is None:
            self.stopped_at = self.clock.monotonic()
            for process in self.processes:
                if process.returncode is None:
                    process.send_signal(signal.SIGINT)

    async def stop(self) -> None:
        """Tell them to stop and wait for it; what does not end in time is killed."""
        self.tell_to_stop()
        waiting = [asyncio.create_task(process.wait()) for process in self.processes]
        if waiting:
            await asyncio.wait(waiting, timeout=_STOP_S)
        for process in self.processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*waiting)

    def check_alive(self) -> None:
        """Raise a DemoError when one has ended by itself."""
        for process in self.processes:
            if process.returncode is not None and self.stopped_at is None:
                raise DemoError(f"a daemon ended with {process.returncode}\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of their log."""
        return "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-_LAST_WORDS:])


@asynccontextmanager
async def running_daemons(
    paths: Mapping[str, Path], apart: frozenset[str], log: Path, clock: Clock
) -> AsyncIterator[Daemons]:
    """Daemons while the block lasts.

    Args:
        paths: configuration of each node.
        apart: nodes that run in processes of their own; the transport within a process takes them nowhere.
        log: file for what they log.
        clock: of the demo.
    """
    clients = {node: Client(path.parent / "qkdctl.sock", _CLIENT_TIMEOUT_S) for node, path in paths.items()}
    daemons = Daemons(clients, apart, log, clock)
    try:
        for group in (daemons.together, *([node] for node in sorted(apart))):
            daemons.processes.append(await _start([paths[node] for node in group], log))
        yield daemons
    finally:
        await daemons.stop()


async def _start(paths: Sequence[Path], log: Path) -> asyncio.subprocess.Process:
    first, *others = map(str, paths)
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "qkdctl", "run", "--config", first, *(f"--with={path}" for path in others),
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            preexec_fn=_end_with_parent,
        )  # fmt: skip


def _end_with_parent() -> None:
    """In the daemon's process: be told to stop when the demo is gone, however it went (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)

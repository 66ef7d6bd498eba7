"""One daemon of a network: a process that is started, struck and asked."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qkdctl.client import Client, ClientError
from qkdctl.config.load import load
from tests.network.daemons.folders import QKDCTL

STOP_S = 60.0
_LOOK_S = 0.3
Status = dict[str, Any]


class Daemon:
    """`qkdctl run` on the folder of a node.

    Attributes:
        name: of the node.
        folder: with its configuration, its state and its log.
        process: the last one that was started.
        environment: added to that of this process.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self._client = Client(folder / "run" / "qkdctl.sock", timeout_s=2.0)

    @property
    def configuration(self) -> Path:
        """For `--config`."""
        return self.folder / "qkdctl.toml"

    @property
    def state(self) -> Path:
        """State directory."""
        return self.folder / "state"

    @property
    def log(self) -> str:
        """All it ever logged."""
        path = self.folder / "daemon.log"
        return path.read_text() if path.exists() else ""

    @property
    def is_alive(self) -> bool:
        """Whether the process is there, perhaps stopped."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process; it ends with this one."""
        assert not self.is_alive, f"{self.name} runs already"
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*QKDCTL, "run", "--config", str(self.configuration)],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads are held over a fork here
            )

    def send(self, which: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(which)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end and wait until it did; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return await self.ended()

    async def ended(self, timeout_s: float = STOP_S) -> int:
        """The exit code, once there is one."""
        assert self.process is not None
        process = self.process
        try:
            return await asyncio.to_thread(process.wait, timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end; its log ends: {self.log[-3000:]}") from None

    async def status(self) -> Status | None:
        """What it says of itself; None while it does not answer."""
        try:
            return await asyncio.to_thread(self._client.status)
        except ClientError:
            return None

    async def until(self, condition: Callable[[Status], object], timeout_s: float, what: str) -> Status:
        """Wait until its status fulfils a condition."""
        status: Status | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    status = await self.status()
                    if status is not None and condition(status):
                        return status
                    assert self.is_alive, f"{self.name} has ended; its log ends: {self.log[-3000:]}"
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise AssertionError(
                f"{self.name} after {timeout_s:g} s: no {what}; it says {status}, its log ends: {self.log[-3000:]}"
            ) from None

    async def leader(self) -> str:
        """Who leads the round that is under way, or the next."""
        return str((await asyncio.to_thread(self._client.agreement))["leader"])

    def raised(self, offset: int = 0) -> set[str]:
        """Codes of alarms in the log from an offset in bytes on."""
        with (self.folder / "daemon.log").open("rb") as log:
            log.seek(offset)
            lines = [json.loads(line) for line in log if line.startswith(b"{")]
        return {line["code"] for line in lines if line.get("event") == "alarm"}

    @property
    def log_bytes(self) -> int:
        """Length of the log."""
        return (self.folder / "daemon.log").stat().st_size

    async def act_on(self, link: str, action: str) -> None:
        """Order something of a link; see `Client.link_action`."""
        await asyncio.to_thread(self._client.link_action, link, action)

    def links(self) -> dict[str, tuple[str, ...]]:
        """Links of which ends stand here, with those ends."""
        sections = load(self.configuration, {}, {}).links
        return {name: ends for name, section in sections.items() if (ends := section.ends_at(self.name))}


def _end_with_parent() -> None:
    """In the daemon's process: end when whoever started it is gone, however it went (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)

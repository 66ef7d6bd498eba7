"""The side of the bench: starts contenders as processes, gives them orders, says plainly when one cannot take part."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from tests.bench.worker import Order, Sample

REPOSITORY: Final = Path(__file__).parents[2]
PEERS_ENVIRONMENT: Final = REPOSITORY / ".venv-bench"
_PATIENCE_S = 60.0


class UnavailableError(Exception):
    """A contender cannot take part; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender.

    Attributes:
        name: in results.
        title: for people.
        module: what its process runs.
        peer: distribution to install into the peers' environment; "" for those that run in this one.
        floor: name of the contender it is compared with, which polls at the same moments.
    """

    name: str
    title: str
    module: str
    peer: str = ""
    floor: str = "raw"

    @property
    def command(self) -> list[str]:
        """Its command line, to be run from the top of the repository."""
        python = str(PEERS_ENVIRONMENT / "bin" / "python") if self.peer else sys.executable
        return [python, "-m", f"tests.bench.contenders.{self.module}"]


RAW: Final = Entry("raw", "raw asyncio streams", "raw")
DAEMON: Final = Entry("qkdctl", "qkdctl", "daemon")
RAW_TOGETHER: Final = Entry("raw-together", "raw streams, all devices at once", "raw", floor="raw-together")
DAEMON_TOGETHER: Final = Entry("qkdctl-together", "qkdctl, all devices at once", "daemon", floor="raw-together")
FASTCS: Final = Entry("fastcs", "FastCS", "with_fastcs", peer="fastcs")
FRAPPY: Final = Entry("frappy", "frappy", "with_frappy", peer="frappy-core")
POLLERS: Final = (RAW, DAEMON, FASTCS, FRAPPY)
TOGETHER: Final = (RAW_TOGETHER, DAEMON_TOGETHER)


@dataclass(slots=True)
class Contender:
    """A running contender.

    Attributes:
        entry: which.
        greeting: versions of Python and of what is measured.
    """

    entry: Entry
    process: subprocess.Popen[str]
    errors: IO[str]
    greeting: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, entry: Entry) -> "Contender":
        """Start its process and wait for the greeting.

        Raises:
            UnavailableError: it cannot be started, which for a peer means that it is not installed.
        """
        errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the contender
        try:
            process = subprocess.Popen(
                entry.command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        except OSError as error:
            errors.close()
            raise UnavailableError(f"{entry.title}: {error}; {installation(entry.peer)}") from error
        contender = cls(entry, process, errors)
        try:
            contender.greeting = contender._reply(_PATIENCE_S)
        except UnavailableError as error:
            contender.close()
            raise UnavailableError(f"{error}; {installation(entry.peer)}") from None
        return contender

    def ask(self, order: Order) -> Sample:
        """Let it measure.

        Raises:
            UnavailableError: it failed or did not answer; it takes no further part.
        """
        assert self.process.stdin is not None, "a pipe was asked for"
        try:
            self.process.stdin.write(order.to_json() + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise UnavailableError(f"{self.entry.title}: {error}; {self._last_words()}") from error
        reply = self._reply(order.settle_s + order.seconds + _PATIENCE_S)
        if "error" in reply:
            raise UnavailableError(f"{self.entry.title}: {reply['error'].strip()}")
        return Sample(**reply)

    def close(self) -> None:
        """End its process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def _reply(self, timeout_s: float) -> dict[str, Any]:
        assert self.process.stdout is not None, "a pipe was asked for"
        patience = threading.Timer(timeout_s, self.process.kill)
        patience.start()
        try:
            line = self.process.stdout.readline()
        finally:
            patience.cancel()
        if not line:
            code = self.process.wait()
            what = f"no answer within {timeout_s:g} s" if code == -signal.SIGKILL else f"its process ended with {code}"
            raise UnavailableError(f"{self.entry.title}: {what}; {self._last_words()}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _last_words(self) -> str:
        self.errors.seek(0)
        return f"its last words: {' '.join(self.errors.read().splitlines()[-1:]) or 'none'}"


def installation(peer: str) -> str:
    """What became of installing a peer; "" is no peer."""
    if not peer:
        return "it runs in the environment of the bench itself"
    report = PEERS_ENVIRONMENT / f"{peer}.error"
    if report.is_file() and (lines := report.read_text(encoding="utf-8").split("\n")):
        return f"installing {peer} failed: {' | '.join(line for line in lines[-4:] if line)}"
    return f"'make bench' installs {peer} into {PEERS_ENVIRONMENT.name}"

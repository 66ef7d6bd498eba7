"""Programs on a terminal of their own, as people run them."""

import os
import pty
import select
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cli.conftest import COMMAND, environment

DEADLINE_S = 20.0


class Terminal:
    """A command line running on a pty."""

    def __init__(self, folder: Path, words: Sequence[str], **variables: str) -> None:
        self.main, child = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            env=environment(folder) | {"TERM": "xterm", "COLUMNS": "200", "LINES": "60"} | variables,
        )
        os.close(child)

    def read_until(self, text: str) -> str:
        """Read until a text shows; returns all that was seen."""
        while text not in self.seen:
            assert select.select([self.main], [], [], DEADLINE_S)[0], f"{text!r} never came; seen: {self.seen!r}"
            if not (data := self._read()):
                break
            self.seen += data
        assert text in self.seen, f"{text!r} never came; seen: {self.seen!r}"
        return self.seen

    def type(self, text: str) -> None:
        os.write(self.main, text.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Exit code and all output."""
        while data := self._read():
            self.seen += data
        os.close(self.main)
        return self.process.wait(DEADLINE_S), self.seen

    def _read(self) -> str:
        try:
            return os.read(self.main, 65_536).decode(errors="replace")
        except OSError:
            return ""  # Linux answers EIO once the other end is closed

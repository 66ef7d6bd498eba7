import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from qkdctl.api.settings import ApiSettings
from qkdctl.cli.main import main
from tests.api.conftest import facade, folder  # noqa: F401 - fixtures
from tests.api.memory import MemoryFacade
from tests.api.serving import Served, served

Cli = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-m", "qkdctl.cli.main"]


def environment(folder: Path) -> dict[str, str]:  # noqa: F811
    """Of a user whose daemon, if any, listens in the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QKDCTL_", "COLUMNS"))}
    return kept | {"QKDCTL_SOCKET": str(folder / "s"), "QKDCTL_CONFIG": str(folder / "qkdctl.toml")}


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:  # noqa: F811
    """Runs one command line in this process; nobody is at the keyboard."""
    for name in [name for name in os.environ if name.startswith("QKDCTL_")]:
        monkeypatch.delenv(name)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    with open(os.devnull) as nobody:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", nobody)

        def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                capsys.readouterr()
                code = main(words)
            return subprocess.CompletedProcess(words, code, *capsys.readouterr())

        root, handlers, level, structured = logging.getLogger(), *_logging()
        yield run
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**structured)


def _logging() -> tuple[list[logging.Handler], int, dict[str, Any]]:
    """What verbs that open instruments themselves replace."""
    root = logging.getLogger()
    return root.handlers, root.level, structlog.get_config()


@pytest.fixture
def process(folder: Path) -> Cli:  # noqa: F811
    """Runs one command line in a process of its own."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env=environment(folder) | variables,
        )

    return run


@pytest.fixture
def daemon(facade: MemoryFacade, folder: Path) -> Iterator[Served]:  # noqa: F811
    """A served node in memory, on the socket that `cli` uses."""
    with served(facade, ApiSettings(folder / "s", update_interval_s=0.01)) as server:
        yield server

"""Another history of the same network, as more than f faulty members can make one."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from qkdctl.network.directories import PairKeys, network_directories
from qkdctl.network.load import parse_description
from qkdctl.store.errors import StoreError
from tests.network.daemons.daemon import Daemon
from tests.network.daemons.folders import QKDCTL, complete, place_of
from tests.network.daemons.ledgers import decisions

_PATIENCE_S = 90.0
_BLOCKS = 1000


async def another_history(folder: Path, daemons: Mapping[str, Daemon]) -> Path:
    """All nodes of a network once more, in one process, with keys of their own and without instruments.

    Args:
        folder: does not exist yet.
        daemons: the real ones; their description and the tables of their nodes are taken over.

    Returns:
        The folder, where each node has decided something.
    """
    await asyncio.to_thread(_make, folder, daemons)
    paths = [str(folder / name / "qkdctl.toml") for name in daemons]
    others = [argument for path in paths[1:] for argument in ("--with", path)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*QKDCTL, "run", "--config", paths[0], *others], stdout=log, stderr=log)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not all(_decided(folder / name / "state") for name in daemons):
                assert process.poll() is None, (folder / "log").read_text()[-3000:]
                await asyncio.sleep(0.2)
    finally:
        process.kill()
        process.wait()
    return folder


def remember(daemon: Daemon, history: Path) -> None:
    """Let a daemon that does not run remember another history, and not its own; its keys stay."""
    assert not daemon.is_alive, f"{daemon.name} runs"
    shutil.rmtree(daemon.state)
    shutil.copytree(history / daemon.name / "state", daemon.state)


def _make(folder: Path, daemons: Mapping[str, Daemon]) -> None:
    text = (next(iter(daemons.values())).folder / "network.toml").read_text()
    network_directories(parse_description(text), folder, PairKeys(_BLOCKS))
    for name, daemon in daemons.items():
        tables = (daemon.folder / "conf.d" / "00.toml").read_text()
        nowhere = re.sub(r"127\.0\.0\.1:(:?)\d+", r"127.0.0.1:\g<1>1", tables).replace("/by-id/", "/nowhere/")
        complete(folder / name, nowhere)
        complete(folder / name, place_of(folder / name), '[network]\ntransport = "in-process"\n')


def _decided(state: Path) -> bool:
    try:
        return bool(decisions(state))
    except StoreError:
        return False

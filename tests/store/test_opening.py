"""Opening a state directory: one daemon at a time, no newer schema, private files."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.store.errors import SchemaTooNewError, StoreError, StoreLockedError
from qkdctl.store.migration import Schema, migrate, schema_version
from qkdctl.store.store import open_store


@pytest.mark.asyncio
async def test_a_second_daemon_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    async with open_store(tmp_path, VirtualClock()):
        script = (
            "import pathlib, sys\nfrom qkdctl.store.lock import DirectoryLock\nDirectoryLock(pathlib.Path(sys.argv[1]))"
        )
        second = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
        assert second.returncode != 0
        owner = (tmp_path / "lock").read_text().strip()
        assert f"is in use by process {owner}; stop that daemon" in second.stderr
        with pytest.raises(StoreLockedError):
            async with open_store(tmp_path, VirtualClock()):
                pass
    async with open_store(tmp_path, VirtualClock()):
        pass


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["state.db", "outbox.db"])
async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path, VirtualClock()):
        pass
    connection = sqlite3.connect(tmp_path / name)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (tmp_path / name).read_bytes()
    with pytest.raises(SchemaTooNewError, match=rf"{name}: written with schema 99, .* run the newer qkdctl"):
        async with open_store(tmp_path, VirtualClock()):
            pass
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.asyncio
async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", VirtualClock()) as store:
        await store.ledger.append("start", {})
        await store.outbox.append("a", b"")
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert {"state.db", "state.db-wal", "outbox.db", "lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.asyncio
async def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="must be writable by the daemon"):
        async with open_store(tmp_path / "file" / "state", VirtualClock()):
            pass


@pytest.mark.parametrize("name", ["state", "outbox"])
def test_every_step_applies_once(name: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, Schema(name))
    migrate(connection, Schema(name))
    assert schema_version(connection) == len(Schema(name).steps()) >= 1
    connection.close()

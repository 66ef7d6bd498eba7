"""qkdctl ledger adopt: what is not made for it, or not for this node, is refused, and nothing is made."""

import asyncio
from pathlib import Path

import pytest

from qkdctl import exit_codes
from qkdctl.clock import VirtualClock
from qkdctl.store.store import open_store
from tests.audit.ledgers import store_ledger
from tests.cli.configurations import write_configuration
from tests.cli.conftest import Cli


@pytest.fixture
def export(cli: Cli, folder: Path) -> Path:
    """As another node makes it."""

    async def fill() -> None:
        await store_ledger(folder / "north", epochs=2)
        async with open_store(folder / "north", VirtualClock()) as store:
            await store.memories.write("agreed", {"state": '{"some":"state"}'})

    asyncio.run(fill())
    write_configuration(folder)
    made = cli("ledger", "export", str(folder / "for-west.jsonl"), "--from", str(folder / "north"), "--state")
    assert made.returncode == 0, made.stderr
    return folder / "for-west.jsonl"


def test_the_state_stands_in_the_first_line_and_the_rest_verifies_as_ever(cli: Cli, export: Path) -> None:
    assert export.read_text().splitlines()[0] == '{"agreed":{"some":"state"}}'
    assert cli("ledger", "verify", "--from", str(export)).returncode == 0


def test_an_export_without_the_state_is_of_no_use(cli: Cli, export: Path, folder: Path) -> None:
    cli("ledger", "export", str(export), "--from", str(folder / "north"), "--force")
    refused = cli("ledger", "adopt", str(export))
    assert refused.returncode == exit_codes.FAILURE
    assert "was written without the agreed state\nhint: export it again, with --state" in refused.stderr
    assert not (folder / "state").exists()


def test_a_node_alone_has_no_ledger_to_adopt(cli: Cli, export: Path, folder: Path) -> None:
    refused = cli("ledger", "adopt", str(export))
    assert refused.returncode == exit_codes.CONFIG
    assert "belongs to no network" in refused.stderr
    assert not (folder / "state").exists()


def test_only_a_state_directory_has_the_agreed_state(cli: Cli, export: Path, folder: Path) -> None:
    refused = cli("ledger", "export", str(folder / "again"), "--from", str(export), "--state")
    assert refused.returncode == exit_codes.USAGE
    assert "is no state directory" in refused.stderr
    assert not (folder / "again").exists()

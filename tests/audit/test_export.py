"""An export holds the ledger to the last byte, and a comparison finds where two nodes part."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from qkdctl.audit.comparison import compare_ledgers
from qkdctl.audit.export import read_export, write_export
from qkdctl.audit.recorded import Recorded, read_directory
from qkdctl.audit.verification import verify_ledger
from qkdctl.store.errors import DamagedEntryError, StoreError
from tests.audit.ledgers import EPOCHS, SET_POINTS, Json, decisions, description, forged, ledger_of, sound, store_ledger


@pytest.mark.parametrize("name", ["ledger.jsonl", "ledger.jsonl.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_export(path, sound()) == (EPOCHS + 1, 4 * EPOCHS - 1)
    assert tuple(read_export(path)) == sound()
    assert tuple(read_export(path, after=1)) == sound()[2:]
    assert path.stat().st_mode & 0o777 == 0o600
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_line_that_was_changed_is_damage_and_so_is_a_file_that_ends_too_early(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write_export(path, sound())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:6], "{"]))
    broken = verify_ledger(read_export(path), description()).broken
    assert broken is not None
    assert (broken.sequence, broken.reason[:30]) == (2, "the file ends in it after 1 by")
    packed = tmp_path / "ledger.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode())[:-20])
    with pytest.raises(
        DamagedEntryError,
        match=r"gz, after line \d+: the file ends in the middle of compressed data; expected its end mark",
    ):
        list(read_export(packed))


def test_a_report_that_was_changed_in_an_export_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write_export(path, sound())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["report"]["wall_ms"] += 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    broken = verify_ledger(read_export(path), description()).broken
    assert broken is not None
    assert (broken.sequence, "is not the one that was decided" in broken.reason) == (1, True)


def test_nothing_is_written_when_the_ledger_ends_in_damage(tmp_path: Path) -> None:
    def damaged() -> Any:
        yield sound()[0]
        raise DamagedEntryError(1, "torn")

    path = tmp_path / "ledger.jsonl"
    path.write_text("older")
    with pytest.raises(DamagedEntryError):
        write_export(path, damaged(), replace=True)
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == ["ledger.jsonl"]


def test_a_file_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("older")
    with pytest.raises(FileExistsError):
        write_export(path, sound())
    assert path.read_text() == "older"
    write_export(path, sound(), replace=True)
    assert tuple(read_export(path)) == sound()


def test_no_file_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        next(read_export(tmp_path / "nothing"))


@pytest.mark.asyncio
async def test_a_state_directory_gives_the_reports_too(tmp_path: Path) -> None:
    await store_ledger(tmp_path / "state")
    found = verify_ledger(read_directory(tmp_path / "state"), description())
    assert (found.broken, found.unchecked, found.entries) == (None, [SET_POINTS], EPOCHS + 2)
    assert found.reports == 4 * EPOCHS - 1
    assert [recorded.entry.sequence for recorded in read_directory(tmp_path / "state", after=3)] == [4, 5]
    assert all(not recorded.reports for recorded in read_directory(tmp_path / "state", reports=False))


def test_equal_ledgers_may_end_at_different_epochs() -> None:
    found = compare_ledgers(sound(), sound()[: EPOCHS - 1])
    assert found.is_equal
    assert (found.common, found.first, found.last, found.ends) == (EPOCHS - 2, 1, EPOCHS - 2, (EPOCHS, EPOCHS - 2))


def test_nodes_that_hold_no_common_epoch_do_not_differ() -> None:
    found = compare_ledgers(sound()[:2], sound()[2:])
    assert (found.is_equal, found.common) == (True, 0)


def less(payload: Json) -> None:
    payload["value"]["outcome"]["plan"]["links"][0]["mean_photon_number_e6"] -= 1


def test_the_first_epoch_that_differs_is_found_and_why() -> None:
    found = compare_ledgers(sound(), forged(2, less))
    assert (found.epoch, found.common, found.differences) == (2, 2, ("plan differs",))
    lying: tuple[Recorded, ...] = ledger_of(decisions(lying=True))
    found = compare_ledgers(sound(), lying)
    assert found.epoch == 1
    assert any(line.startswith("the report of west is ") for line in found.differences)
    assert any(line.startswith("state differs: ") for line in found.differences)

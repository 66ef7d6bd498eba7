"""Whole suites: rows are whole, complete, in order, and the same after an interruption."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest
from qkdctl_policies.experiments.campaign import run_cells
from qkdctl_policies.experiments.rows_file import RowsError, RowsFile

from tests.policies.experiments.tiny import cell

CELLS = [cell(arm="field", seed=seed, epochs=4) for seed in (1, 2, 3)]


def run(cells, file) -> int:
    with ThreadPoolExecutor(1) as executor:
        return len(list(run_cells(cells, file, executor)))


def test_a_run_that_was_cut_short_goes_on_to_the_same_file(tmp_path) -> None:
    whole, parts = RowsFile(tmp_path / "whole"), RowsFile(tmp_path / "parts")
    assert run(CELLS, whole) == 3
    text = whole.path.read_text()
    second = text.splitlines(keepends=True)[1]
    parts.path.write_text(second + text[:40])
    assert run(CELLS, parts) == 2
    assert parts.path.read_text() == text
    assert run(CELLS, parts) == 0


def test_an_interruption_keeps_the_rows_of_cells_under_way(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    with ThreadPoolExecutor(2) as executor:
        rows = run_cells(CELLS, file, executor)
        next(rows)
        rows.close()
    assert 2 <= len(file.read()) <= 3
    run(CELLS, file)
    assert len(file.read()) == 3


def test_rows_of_other_settings_are_neither_mixed_nor_lost(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    run(CELLS[:1], file)
    before = file.path.read_text()
    with pytest.raises(RowsError, match="1 rows that are not of this suite"):
        run([cell(arm="field", epochs=5)], file)
    assert file.path.read_text() == before


def test_a_file_of_something_else_is_refused_with_its_line(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    file.path.write_text('{"configuration": "x", "seed": 1}\nhello\n')
    with pytest.raises(RowsError, match=r"line 2: expected a row .* got 'hello'"):
        run(CELLS, file)
    assert file.path.read_text().endswith("hello\n")


def test_compressed_rows_are_read_and_not_added_to(tmp_path) -> None:
    plain, packed = RowsFile(tmp_path / "rows"), RowsFile(tmp_path / "rows.gz")
    run(CELLS[:1], plain)
    packed.path.write_bytes(gzip.compress(plain.path.read_bytes()))
    assert packed.read() == plain.read()
    with pytest.raises(RowsError, match="unpack it with: gunzip"):
        run(CELLS, packed)
    packed.path.write_bytes(packed.path.read_bytes()[:-9])
    with pytest.raises(RowsError, match="compressed with gzip"):
        packed.read()


def test_the_configuration_tells_settings_apart_and_not_seeds() -> None:
    assert len({one.configuration for one in CELLS}) == 1
    others = [cell(), cell(epochs=11), cell(load=0.2), cell(attack="spy"), cell(arm="abft"), cell(byzantine=0.1),
              cell(table={"topology": "nsfnet"})]  # fmt: skip
    assert len({one.configuration for one in others}) == len(others)

"""Whole suites: rows are whole, complete, in order, and the same after an interruption."""

import gzip
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from qkdctl_policies.experiments.campaign import run_cells
from qkdctl_policies.experiments.rows_file import RowsError, RowsFile
from qkdctl_policies.experiments.stage import build_network
from qkdctl_policies.experiments.suite import SuiteError

from hil_sim.scenario_problems import ScenarioError
from tests.policies.experiments.tiny import cell

REPOSITORY = Path(__file__).parents[3]
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


def test_rows_of_the_same_suite_that_are_not_asked_for_now_stay(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    run(CELLS, file)
    before = file.path.read_text()
    with ThreadPoolExecutor(1) as executor:
        assert not list(run_cells(CELLS[:1], file, executor, CELLS))
    assert file.path.read_text() == before


def test_rows_of_seeds_that_the_suite_no_longer_has_stay_behind_the_others(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    run(CELLS[1:], file)
    assert run(CELLS[:1], file) == 1
    assert [row["seed"] for row in file.read()] == [1, 2, 3]
    assert run([CELLS[1]], file) == 0
    assert [row["seed"] for row in file.read()] == [2, 1, 3]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"table": {"topology": "nsfnett"}}, "network 'other'.*no topology 'nsfnett'"),
        ({"table": {"topology": "nowhere.toml"}}, "network 'other'.*cannot read 'nowhere.toml'"),
        ({"table": {"ring": {"nodes": 3, "connectivity": 5}}}, "network 'other'"),
        ({"table": {"topology": "nsfnet", "built": date(2026, 1, 1)}}, "network 'other'"),
        ({"hardware": {"odd": {"clock": 1}}}, "network 'other'"),
    ],
)
def test_a_network_that_cannot_be_built_is_told_before_any_cell_is_run(tmp_path, changes, says) -> None:
    file = RowsFile(tmp_path / "rows")
    wrong = cell(arm="field", network="other", **changes)
    with ProcessPoolExecutor(1) as executor, pytest.raises(ScenarioError, match=says):
        list(run_cells([*CELLS, wrong], file, executor))
    assert not file.path.exists()


def test_a_load_that_asks_for_no_key_is_told_before_any_cell_is_run(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    with pytest.raises(SuiteError, match=r"load 1e-06 on vienna asks for \d+ bits .* a key has 256; at least .* would"):
        run([*CELLS, cell(arm="field", epochs=4, load=1e-6)], file)
    with pytest.raises(SuiteError, match="load 1e-12 on vienna asks for 0 bits"):
        run([cell(arm="field", epochs=4, load=1e-12)], file)
    assert not file.path.exists()


def test_a_mistake_in_a_scenario_comes_out_of_a_process_as_it_is() -> None:
    with ProcessPoolExecutor(1) as executor, pytest.raises(ScenarioError, match="nsfnett") as raised:
        executor.submit(build_network, cell(table={"topology": "nsfnett"})).result()
    assert raised.value.problems


def test_a_cell_that_fails_takes_no_row_of_another_with_it(tmp_path) -> None:
    file = RowsFile(tmp_path / "rows")
    unknown = cell(arm="both", policy=str(tmp_path / "gone.onnx"), epochs=4)
    (tmp_path / "gone.onnx").write_bytes((REPOSITORY / "policies" / "zoo" / "links.onnx").read_bytes())
    cells = [unknown, *CELLS]
    assert {one.key for one in cells}
    (tmp_path / "gone.onnx").unlink()
    with ThreadPoolExecutor(2) as executor, pytest.raises(FileNotFoundError):
        list(run_cells(cells, file, executor))
    assert file.read()


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

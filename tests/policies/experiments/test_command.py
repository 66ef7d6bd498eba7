"""`qkdctl experiment` as a command."""

import json
import signal
import subprocess
import sys

import pytest
from qkdctl_policies.experiments.command import experiment
from qkdctl_policies.experiments.rows_file import RowsFile
from typer.testing import CliRunner

from tests.policies.experiments.test_claims import rows
from tests.policies.experiments.test_suite import SUITE

RUNNER = CliRunner()


def test_a_suite_runs_reports_and_is_not_overwritten(tmp_path) -> None:
    suite, file = tmp_path / "mine.toml", tmp_path / "rows.jsonl"
    small = SUITE.replace("seeds = 2", "seeds = 1").replace('"overt", ', "").replace("0.1, ", "")
    suite.write_text(small)
    ran = RUNNER.invoke(experiment, ["run", str(suite), "--into", str(file), "--json", "--jobs", "1"])
    assert ran.exit_code == 0, ran.output
    assert sorted(ran.stdout.splitlines()) == sorted(file.read_text().splitlines())
    again = RUNNER.invoke(experiment, ["run", str(suite), "--into", str(file)])
    assert (again.exit_code, "go on with --resume" in again.output) == (1, True)
    resumed = RUNNER.invoke(experiment, ["run", str(suite), "--into", str(file), "--resume"])
    assert (resumed.exit_code, "4 rows are in" in resumed.output) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_command_and_rows_stay(tmp_path, number) -> None:
    suite, file = tmp_path / "mine.toml", tmp_path / "rows.jsonl"
    suite.write_text(SUITE.replace("seeds = 2", "seeds = 1000"))
    line = [
        sys.executable,
        "-m",
        "qkdctl.cli.main",
        "experiment",
        "run",
        str(suite),
        "--into",
        str(file),
        "--jobs",
        "2",
    ]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert "seed 1" in command.stderr.readline()
        command.send_signal(number)
        said = command.stderr.read()  # comes to its end once no worker holds the other one any more
    ended = (130, True) if number == signal.SIGTERM else (-signal.SIGKILL, False)
    assert (command.returncode, "go on with --resume" in said) == ended
    assert RowsFile(file).read()


def test_a_report_is_pages_a_plot_and_one_document(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    bound = [
        one | {"arm": "bound", "configuration": f"bound{one['byzantine']}", "attack": "none"} for one in rows()[:2]
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows(), *bound]))
    told = RUNNER.invoke(experiment, ["report", str(file), "--into", str(out)])
    assert told.exit_code == 0, told.output
    assert {path.name for path in out.iterdir()} == {"paper-table.md", "experiments.md"} | {
        "paper-table.png", "experiments.png"}  # fmt: skip
    document = json.loads(RUNNER.invoke(experiment, ["report", str(file), "--json"]).stdout)
    assert {"claims", "scores", "comparisons"} <= document.keys()
    assert RUNNER.invoke(experiment, ["report", str(file)]).stdout.startswith("# Claims of the paper")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "nothing"], 78, "there is no suite 'nothing'"),
        (["run", "small", "--into", "gone/rows.jsonl"], 69, "there is no folder gone for the rows"),
        (["run", "nowhere.toml"], 69, "nowhere.toml: No such file"),
        (["report", "nowhere.jsonl"], 69, "nowhere.jsonl: No such file"),
    ],
)
def test_mistakes_end_with_a_code_and_a_reason(tmp_path, monkeypatch, arguments, code, says) -> None:
    monkeypatch.chdir(tmp_path)
    told = RUNNER.invoke(experiment, arguments)
    assert (told.exit_code, says in told.output) == (code, True), told.output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[networks.vienna]", "[networks.other.ring]\nnodes = 3\nconnectivity = 5\n\n[networks.vienna]"), "'other'"),
        (("[0.3]", "[0.3, 1e-9]"), "load 1e-09 on vienna asks for 0 bits"),
        (("[0.3]", "[0.3, 0.3]"), "each load may be given once"),
    ],
)
def test_a_suite_with_a_mistake_is_refused_before_its_first_cell(tmp_path, change, says) -> None:
    suite, file = tmp_path / "mine.toml", tmp_path / "rows.jsonl"
    suite.write_text(SUITE.replace(*change))
    told = RUNNER.invoke(experiment, ["run", str(suite), "--into", str(file), "--jobs", "2"])
    assert (told.exit_code, says in told.output) == (78, True), told.output
    assert not file.exists()

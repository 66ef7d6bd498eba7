"""`qkdctl sim network`: what it prints, writes, refuses, and how it ends."""

import csv
import json
import re
import signal
import struct
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import hil_sim
from hil_sim.cli import sim
from hil_sim.network.run.command import network_scenario_names
from hil_sim.network.run.output_files import TIMESERIES_HEADER
from tests.cli.terminal import Terminal
from tests.hil_sim.network.run.books import check_books

PATIENCE_S = 60.0
PROGRAM = [sys.executable, "-c", "from hil_sim.cli import sim; sim()", "network"]
SHIPPED = Path(hil_sim.__file__).parent / "scenarios" / "networks"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(sim, ["network", *(str(argument) for argument in arguments)])
    return result.exit_code, result.stdout, result.stderr


@cache
def document(*arguments: object) -> dict[str, Any]:
    """What a good command line prints; not to be written to."""
    code, text, _ = run(*arguments, "--json")
    assert code == 0
    return json.loads(text)


def size_of_png(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert 10_000 < len(data) < 1_000_000
    return struct.unpack(">II", data[16:24])


def test_the_shipped_networks_are_these() -> None:
    assert network_scenario_names() == ["backbone", "byzantine-20", "k-of-n", "madqci", "metro-50"]


@pytest.mark.parametrize("name", network_scenario_names())
def test_every_shipped_network_runs_and_its_books_close(name: str) -> None:
    result = document(name, "--epochs", 12)
    assert result["scenario"] | {"sha256": ""} == {
        "source": name,
        "sha256": "",
        "seed": result["scenario"]["seed"],
        "epoch_s": result["scenario"]["epoch_s"],
        "planned_epochs": 12,
        "epochs": 12,
        "duration_s": 12 * result["scenario"]["epoch_s"],
        "complete": True,
    }
    check_books(result)
    assert result["network"]["asked_bits"] > 0
    assert result["network"]["secret_key_bps"] > 0


@pytest.mark.parametrize("name", network_scenario_names())
def test_every_shipped_network_says_what_it_is_and_is_short_of_key_in_places(name: str) -> None:
    text = (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    network = document(name)["network"]
    assert 0.3 < network["delivered_bits"] / network["asked_bits"] < 0.99
    assert network["outages"] > 0


def test_metro_50_runs_four_protocols() -> None:
    assert {link["protocol"] for link in document("metro-50", "--epochs", 1)["links"]} == {"bb84", "mdi", "tf", "bbm92"}


def test_every_fifth_node_of_byzantine_20_is_byzantine() -> None:
    result = document("byzantine-20")
    figures = result["adversaries"]
    assert len(figures["byzantine_nodes"]) / result["topology"]["nodes"] == 0.2
    assert len({kind for section in _tables("byzantine-20")["adversaries"] for kind in section["kinds"]}) >= 4
    assert 0 < figures["honest_demand_served"] < 1
    assert figures["honest_leaked_bits"] > 0
    assert figures["honest_spoilt_bits"] > 0
    assert figures["attacked_links"]


def test_shared_keys_are_neither_leaked_nor_spoilt_by_one_relay_of_each_kind() -> None:
    figures = document("k-of-n")["adversaries"]
    assert figures["honest_demand_served"] == 1.0
    assert figures["honest_leaked_bits"] == figures["honest_spoilt_bits"] == 0


def _tables(name: str) -> dict[str, Any]:
    return tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


def test_the_same_seed_gives_the_same_document_bit_for_bit_and_another_one_another() -> None:
    options = ("madqci", "--epochs", 40, "--control", "field", "--realign-above", 0.02, "--json")
    first, second, other = run(*options), run(*options), run(*options, "--seed", 77)
    assert first == second
    assert json.loads(first[1])["control"] == {"name": "field", "realign_above": 0.02}
    assert json.loads(other[1])["scenario"]["seed"] == 77
    assert json.loads(other[1])["links"] != json.loads(first[1])["links"]


def test_another_seed_changes_no_generated_network_that_has_its_own() -> None:
    one, other = (document("metro-50", "--epochs", 1, "--seed", seed) for seed in (1, 2))
    assert [link["name"] for link in one["links"]] == [link["name"] for link in other["links"]]
    assert [link["qber_z"] for link in one["links"]] != [link["qber_z"] for link in other["links"]]


def test_the_report_has_links_demands_and_the_words_of_y_3807() -> None:
    code, text, _ = run("byzantine-20", "--epochs", 40)
    assert code == 0
    rows = text.splitlines()
    assert sum(re.match(r"n\d\d-n\d\d  ", row) is not None for row in rows) == 30
    assert "the 30 of 40 demands that fare worst; --out for all" in rows
    for word in ("throughput", "delivery loss ratio", "delivery error ratio", "response delay", "availability"):
        assert any(row.startswith(word) for row in rows), word
    assert any(row.startswith("service restoration") for row in rows)
    assert any(row.startswith("Byzantine nodes       4 of 20: n02, n09, n16, n19") for row in rows)
    assert any(row.startswith("honest demand served") for row in rows)
    assert max(map(len, rows)) < 132


def test_files_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "new" / "results"
    code, text, _ = run("madqci", "--epochs", 60, "--out", out)
    assert code == 0
    assert f"are in {out}" in text
    names = {"map.png", "timeseries.png", "links.csv", "demands.csv", "timeseries.csv", "traffic.csv", "result.json"}
    assert {path.name for path in out.iterdir()} == names
    assert min(size_of_png(out / "map.png") + size_of_png(out / "timeseries.png")) > 600
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert result == document("madqci", "--epochs", 60)
    with (out / "links.csv").open(encoding="utf-8") as file:
        links = list(csv.DictReader(file))
    assert [link["name"] for link in links] == [link["name"] for link in result["links"]]
    assert [int(link["buffer_bits"]) for link in links] == [link["buffer"]["bits"] for link in result["links"]]
    with (out / "timeseries.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == TIMESERIES_HEADER
    assert len(rows) == 60 * len(links)
    keyed = sum(10.0 * float(row["secret_key_bps"]) for row in rows if row["link"] == links[0]["name"])
    assert keyed == pytest.approx(result["links"][0]["key"]["stored_bits"], rel=1e-4)


@pytest.mark.parametrize("name", ["byzantine-20", "backbone"])
def test_networks_of_any_kind_and_the_shortest_runs_can_be_drawn(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert run(name, "--epochs", 1, "--out", tmp_path)[0] == 0
    assert min(size_of_png(tmp_path / "map.png") + size_of_png(tmp_path / "timeseries.png")) > 400


def test_with_json_nothing_but_the_document_goes_to_stdout(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code, text, errors = run("madqci", "--epochs", 2, "--json", "--out", tmp_path)
    assert code == 0
    json.loads(text)
    assert f"are in {tmp_path}" in errors


def test_without_matplotlib_out_says_what_to_install_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, text, message = run("madqci", "--out", tmp_path / "out")
    assert (code, text) == (69, "")
    assert message.startswith("error: --out draws with matplotlib, which is not installed")
    assert "pip install 'qkdctl[sim]'" in message
    assert not (tmp_path / "out").exists()
    assert run("madqci", "--epochs", 1)[0] == 0


def test_a_directory_that_cannot_be_made_is_named_before_anything_runs(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    code, text, message = run("madqci", "--out", tmp_path / "file" / "out")
    assert (code, text) == (69, "")
    assert message.startswith(f"error: cannot write into {tmp_path}/file/out: Not a directory")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere"], "hint: name a file, or one of the shipped network scenarios: backbone, byzantine-20"),
        (["bench"], "there is no network scenario 'bench'"),
        (["madqci", "--realign-above", "0.05"], "hint: add --control field"),
        (["madqci", "--control", "field", "--realign-above", "0"], "--realign-above"),
        (["madqci", "--epochs", "0"], "--epochs"),
        (["madqci", "--seed", "-1"], "--seed"),
        (["madqci", "--control", "policy"], "--control"),
    ],
)
def test_wrong_command_lines_are_usage_errors(options: list[str], message: str) -> None:
    code, text, errors = run(*options)
    assert (code, text) == (2, "")
    assert message in errors


def test_a_directory_is_no_scenario(tmp_path: Path) -> None:
    code, _, errors = run(tmp_path)
    assert code == 69
    assert errors == f"error: cannot read {tmp_path}: Is a directory\n"


def test_elsewhere_than_on_a_terminal_progress_is_ten_lines() -> None:
    _, _, errors = run("madqci", "--epochs", 40)
    lines = errors.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("epoch 4 of 40: 40 s, ")
    assert lines[-1].startswith("epoch 40 of 40: 6 min 40 s, ")
    assert "% of demand served" in lines[-1]
    assert run("madqci", "--epochs", 40, "--no-progress")[2] == ""


def test_on_a_terminal_progress_is_a_bar_that_goes_away(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, ["sim", "network", "madqci", "--epochs", "300"])
    terminal.read_until("/300")
    code, seen = terminal.end()
    assert code == 0
    assert "epoch 30 of 300" not in seen
    assert "\x1b[2K" in seen
    assert "throughput" in seen.rpartition("\x1b[2K")[2]


@pytest.mark.parametrize(("number", "code", "form"), [(signal.SIGINT, 130, []), (signal.SIGTERM, 143, ["--json"])])
def test_an_interrupted_run_ends_with_what_it_has_and_says_so(
    number: signal.Signals, code: int, form: list[str]
) -> None:
    words = [*PROGRAM, "madqci", "--epochs", "1000000", *form]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _wait_until_it_counts(process)
        process.send_signal(number)
        text, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert re.fullmatch(r"stopped after \d+ of 1000000 epochs; all figures are of these\n", errors)
    if form:
        result = json.loads(text)
        assert not result["scenario"]["complete"]
        assert 0 < result["scenario"]["epochs"] < 1_000_000
        check_books(result)
    else:
        assert "STOPPED EARLY: 1000000 epochs were asked for" in text
        assert "throughput" in text


def _wait_until_it_counts(process: "subprocess.Popen[str]") -> None:
    """Until the handlers of signals have replaced those of Python."""
    status = Path(f"/proc/{process.pid}/status")
    wanted = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status.read_text(), re.MULTILINE)[1], 16)
        if caught & wanted:
            return
    raise AssertionError("it ended by itself")

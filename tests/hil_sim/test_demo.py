"""`qkdctl demo`: one document at the end, liars found out, darkness by the simulators' own record."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hil_sim.demo.outcome import darkness

DEMO = (sys.executable, "-m", "qkdctl", "demo", "--nodes", "4")


def test_darkness_is_judged_by_the_last_light(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    lines = [(1.0, "a", 0.5), (2.0, "a", 0.7), (3.25, "a", 0.0), (1.0, "b", 0.4)]
    trace.write_text(
        "".join(
            json.dumps({"monotonic_s": at, "instrument": link, "quantity": "mean_photon_number", "value": value}) + "\n"
            for at, link, value in lines
        )
    )
    result = darkness(trace, 3.0)
    assert result["a"] == {"dark": True, "dark_after_s": 0.25, "brightest_mean_photon_number": 0.7}
    assert result["b"]["dark"] is False


@pytest.mark.timeout(240)
def test_real_daemons_find_out_a_liar_and_make_every_source_dark(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--epochs", "8", "--byzantine", "quinto:forge@1", "--json", "--keep", str(tmp_path / "kept")],
        capture_output=True, text=True, timeout=220, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    document = json.loads(done.stdout)
    assert document["schema_version"] == 3
    assert document["network"]["members"] == ["quevedo", "quijano", "quijote", "quinto"]
    assert document["epochs"] >= 8
    assert document["decisions"]["forks"] == []
    nodes = document["nodes"]
    assert nodes["quinto"]["trust_ppm"] < min(nodes[name]["trust_ppm"] for name in nodes if name != "quinto")
    assert any(verdict["node"] == "quinto" and verdict["cause"] == "disputed-edges" for verdict in document["verdicts"])
    assert {link for link, each in document["links"].items() if each["disputed_epochs"]} == {
        "quijano-quinto",
        "quinto-quijote",
    }
    assert document["stop"]["exit_codes"] == [0]
    assert document["stop"]["links"].keys() == document["links"].keys()
    for link in document["stop"]["links"].values():
        assert link["dark"]
        assert link["dark_after_s"] < 3.0
        assert 0 < link["brightest_mean_photon_number"] <= 0.6
    assert (tmp_path / "kept" / "nodes" / "quinto" / "state" / "state.db").exists()


@pytest.mark.timeout(120)
def test_an_interrupt_while_starting_lets_out_no_light(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    process = subprocess.Popen(
        [*DEMO, "--json", "--keep", str(kept)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (kept / "nodes" / "quinto" / "qkdctl.sock").exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(output)["interrupted"] == "while starting"
    trace = (kept / "trace.jsonl").read_text().splitlines()
    launched = [json.loads(line) for line in trace if '"mean_photon_number"' in line]
    assert all(entry["value"] == 0 for entry in launched if "-" in entry["instrument"])


@pytest.mark.parametrize(
    "wrong", [["--byzantine", "nobody:forge"], ["--byzantine", "quinto:lie"], ["--policy", "no.onnx"], ["--nodes", "5"]]
)
def test_a_wrong_wish_is_refused_before_anything_starts(wrong: list[str]) -> None:
    done = subprocess.run([*DEMO, *wrong], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")

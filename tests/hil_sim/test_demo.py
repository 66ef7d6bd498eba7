"""`qkdctl demo`: one document at the end, key against holding still, darkness by the simulators' own record."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hil_sim.demo.files import PolicyChoice
from hil_sim.demo.outcome import darkness, link_outcome

DEMO = (sys.executable, "-m", "qkdctl", "demo")


def epoch(number: int, key: int, mu_e6: int = 250_000, qber_ppm: int | None = 10_000, action: str = "hold") -> dict:
    return {
        "epoch": number,
        "mean_photon_number_e6": mu_e6,
        "qber_z_ppm": qber_ppm,
        "secret_key_bits": key,
        "action": action,
        "interventions": [],
    }


def test_gain_compares_equal_numbers_of_epochs() -> None:
    ours = [epoch(n, 150, action="realign" if n == 2 else "hold") for n in range(10)]
    held = [epoch(n, 100) for n in range(8)]
    outcome = link_outcome(ours, held)
    assert outcome["epochs"] == 8
    assert outcome["gain"] == 0.5
    assert outcome["gain_bits"] == 400
    assert outcome["actions"] == {"hold": 7, "realign": 1}
    assert outcome["action_log"] == [{"epoch": 2, "action": "realign"}]


def test_there_is_no_gain_over_nothing() -> None:
    assert link_outcome([epoch(1, 100)], [epoch(1, 0)])["gain"] is None


def test_dark_and_dead_epochs_say_nothing_about_errors() -> None:
    outcome = link_outcome([epoch(1, 5), epoch(2, 0, mu_e6=0, qber_ppm=None)], [epoch(1, 5), epoch(2, 5)])
    assert outcome["final"] == {"mean_photon_number": 0.25, "qber": 0.01, "secret_key_bits_per_epoch": 2}


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


def test_a_policy_is_a_baseline_or_a_file(tmp_path: Path) -> None:
    assert PolicyChoice.parse("hold") == PolicyChoice("hold")
    with pytest.raises(ValueError, match="expected hold, rule-based, or the path"):
        PolicyChoice.parse(str(tmp_path / "none.onnx"))


@pytest.mark.timeout(180)
def test_the_demo_ends_with_one_document(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--epochs", "6", "--json", "--keep", str(tmp_path / "kept")],
        capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert set(document["links"]) == {"alice-bob", "charlie-dave"}
    for name, link in document["links"].items():
        assert link["epochs"] >= 6
        assert 0 < link["initial"]["mean_photon_number"] <= 0.9
        assert sum(link["actions"].values()) == link["epochs"]
        for arm in ("policy", "hold"):
            stopped = document["stop"][arm]["links"][name]
            assert stopped["dark"]
            assert stopped["dark_after_s"] < 1.0
            assert stopped["brightest_mean_photon_number"] <= 0.9
    assert document["total"]["secret_key_bits"] > 0
    assert document["stop"]["policy"]["exit_code"] == 0
    assert (tmp_path / "kept" / "policy" / "trace.jsonl").exists()


@pytest.mark.timeout(120)
def test_an_interrupt_while_starting_lets_out_no_light(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    process = subprocess.Popen(
        [*DEMO, "--json", "--keep", str(kept)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 40
    while not (kept / "policy" / "qkdctl.sock").exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0
    assert json.loads(output)["interrupted"] == "while starting"
    trace = (kept / "policy" / "trace.jsonl").read_text().splitlines()
    launched = [json.loads(line) for line in trace if '"mean_photon_number"' in line]
    assert all(entry["value"] == 0 for entry in launched if entry["instrument"] in ("alice-bob", "charlie-dave"))

"""`qkdctl sim`: what it prints, what it obeys, how it ends."""

import json
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil_sim.cli import sim
from hil_sim.instruments.registry import model_names

PATIENCE_S = 20.0
SCENARIO = """\
[instruments.laser]
model = "thorlabs-cld101x"

[instruments.snspd]
model = "websq"
"""


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(sim, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "lab.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


@contextmanager
def served(scenario: Path, control: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A simulator in a process of its own; its first line of output has not been read."""
    program = [sys.executable, "-c", "from hil_sim.cli import sim; sim()", "serve", str(scenario)]
    with subprocess.Popen(
        [*program, "--control", str(control), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_list_names_every_model(tmp_path: Path) -> None:
    code, text, _ = run("list")
    assert code == 0
    assert all(name in text for name in model_names())
    code, text, _ = run("list", "--json")
    document = json.loads(text)
    assert {model["model"] for model in document["models"]} == set(model_names())
    assert {"bench", "instruments"} <= set(document["scenarios"])
    assert {"madqci", "metro-50"} <= set(document["networks"])
    assert not set(document["networks"]) & set(document["scenarios"])


def test_serve_shows_addresses_obeys_faults_and_ends_cleanly_on_ctrl_c(scenario: Path, tmp_path: Path) -> None:
    control, trace = tmp_path / "control.sock", tmp_path / "trace.jsonl"
    with served(scenario, control, "--json", "--trace", str(trace)) as process:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        host, port = document["addresses"]["laser"].split("::")[1:3]
        assert document["instruments"]["laser"]["model"] == "thorlabs-cld101x"
        assert document["control"] == str(control)
        assert control.stat().st_mode & 0o777 == 0o600
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as client:
            assert run("fault", "laser", "interlock-open", "--control", control)[0] == 0
            client.sendall(b"OUTP:PROT:INTL:TRIP?\n")
            assert client.recv(10) == b"1\n"
            assert run("fault", "laser", "late", "--seconds", "0.01", "--replies", "1", "--control", control)[0] == 0
            assert run("fault", "laser", "unplug", "--control", control)[0] == 0
            assert client.recv(10) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        code, _, message = run("fault", "laser", "interlok-open", "--control", control)
        assert code == 1
        assert "did you mean 'interlock-open'" in message
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out, err) == (0, "", "")
    assert not control.exists()
    assert '"interlock_open", "value": true' in trace.read_text(encoding="utf-8")


def test_serve_prints_device_tables_to_paste(scenario: Path, tmp_path: Path) -> None:
    code, text, _ = run("serve", scenario, "--duration", "0.01", "--control", tmp_path / "control.sock")
    assert code == 0
    assert '[devices.laser]\ndriver = "thorlabs-cld101x"\naddress = "TCPIP::127.0.0.1::' in text
    assert "options = { counts_port = " in text
    assert "snspd.counts" in text
    assert set(tomllib.loads(text)["devices"]) == {"laser", "snspd"}


def test_a_shipped_scenario_goes_by_its_name(tmp_path: Path) -> None:
    code, text, _ = run("serve", "instruments", "--duration", "0.01", "--control", tmp_path / "control.sock")
    assert code == 0
    assert "polatis" in text


def test_a_scenario_with_mistakes_is_refused_with_code_78(scenario: Path, tmp_path: Path) -> None:
    scenario.write_text(SCENARIO.replace("websq", "websk"), encoding="utf-8")
    code, _, message = run("serve", scenario, "--control", tmp_path / "control.sock")
    assert code == 78
    assert f"{scenario}:5: instruments.snspd.model: unknown model 'websk' -- did you mean 'websq'?" in message


def test_a_scenario_that_is_not_there_is_a_usage_error_that_names_the_shipped_ones(tmp_path: Path) -> None:
    code, _, message = run("serve", tmp_path / "none.toml", "--control", tmp_path / "control.sock")
    assert code == 2
    assert "error: there is no scenario" in message
    assert "none.toml" in message
    assert "bench, instruments" in message


def test_what_cannot_be_written_is_named(scenario: Path, tmp_path: Path) -> None:
    control, trace = tmp_path / "control.sock", tmp_path / "nowhere" / "trace.jsonl"
    code, _, message = run("serve", scenario, "--control", control, "--trace", trace)
    assert (code, message) == (69, f"error: cannot serve {scenario}: {trace}: No such file or directory\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_behind_however_it_is_ended(scenario: Path, tmp_path: Path, number: signal.Signals) -> None:
    control = tmp_path / "control.sock"
    with served(scenario, control, "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    assert not control.exists()


def test_one_simulator_per_control_socket(scenario: Path, tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    with served(scenario, control, "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        code, _, message = run("serve", scenario, "--duration", "0.01", "--control", control)
        assert code == 69
        assert "another simulator listens" in message
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    assert control.exists(), "a killed simulator leaves its socket"
    assert run("serve", scenario, "--duration", "0.01", "--control", control)[0] == 0


def test_without_a_simulator_a_fault_has_nobody_to_strike(tmp_path: Path) -> None:
    code, _, message = run("fault", "laser", "stall", "--control", tmp_path / "control.sock")
    assert code == 69
    assert "no simulator listens" in message


def test_the_control_socket_answers_nonsense_with_an_error(scenario: Path, tmp_path: Path) -> None:
    control = tmp_path / "control.sock"
    nonsense = {
        b"no json": "Expecting value",
        b"{}": "lacks 'verb'",
        b'{"verb": "dance"}': "unknown verb",
        b"[]": "list",
    }
    with served(scenario, control, "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with socket.socket(socket.AF_UNIX) as client, client.makefile("rwb", buffering=0) as stream:
            client.settimeout(PATIENCE_S)
            client.connect(str(control))
            for request, error in nonsense.items():
                stream.write(request + b"\n")
                reply = json.loads(stream.readline())
                assert not reply["ok"]
                assert error in reply["error"]
            stream.write(b'{"verb": "addresses"}\n')
            assert set(json.loads(stream.readline())["addresses"]) == {"laser", "snspd", "snspd.counts"}

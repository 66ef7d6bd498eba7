"""qkdctl config: exit codes, JSON, and nothing touched but files."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.cli.main import main
from qkdctl.exit_codes import CONFIG, FAILURE, OK, USAGE
from tests.config.files import write

GOOD = """\
[node]
name = "bench"
[devices.voa]
driver = "keysight-n776x"
address = "TCPIP::192.0.2.10::5025::SOCKET"
[devices.voa.limits.attenuation_db]
minimum = 10
[mqtt]
username = "me"
password_file = "password"
"""
BAD = """\
[node]
epoch_ms = 5
[devices.x]
driver = "nothing"
address = "tcp://192.0.2.1:1"
[mqtt]
password = "hunter2"
"""


@pytest.fixture
def good(tmp_path: Path) -> str:
    write(tmp_path, "hunter2\n", "password").chmod(0o600)
    return str(write(tmp_path, GOOD))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No verb here may open a connection or look up a name."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_check_passes(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--config", good]) == OK
    output = capsys.readouterr()
    assert "voa     attenuation_db  10       45       -     dB" in output.out
    assert output.out.endswith(f"{good}: valid; node bench, 1 device, no links, no warnings\n")
    assert output.err == ""


def test_check_in_json(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(good).with_name("password").chmod(0o644)
    assert main(["config", "check", "--config", good, "--json"]) == OK
    document = json.loads(capsys.readouterr().out)
    assert (document["schema_version"], document["ok"], document["files"]) == (1, True, [good])
    assert [problem["severity"] for problem in document["problems"]] == ["warning"]
    limits = {(limit["device"], limit["attribute"]): limit for limit in document["limits"]}
    assert limits["voa", "attenuation_db"] == {
        "device": "voa", "attribute": "attenuation_db", "unit": "dB",
        "minimum": 10.0, "maximum": 45.0, "maximum_step": None,
    }  # fmt: skip


def test_a_policy_that_would_be_rejected_is_a_warning_with_its_line(
    good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(good)
    path.with_name("policy.onnx").write_bytes(b"no policy at all")
    path.write_text(f'{path.read_text()}[policy]\nfile = "policy.onnx"\n')
    assert main(["config", "check", "--config", good]) == OK
    output = capsys.readouterr()
    assert f"{good}:12:1: warning: {path.with_name('policy.onnx')}: not-protobuf" in output.err
    assert "the rule-based baseline decides" in output.err
    assert output.out.endswith("1 warning\n")


def test_check_fails_with_78_and_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, BAD)
    assert main(["config", "check", "--config", str(path)]) == CONFIG == 78
    output = capsys.readouterr()
    assert output.out == ""
    heads = [line for line in output.err.splitlines() if line.startswith(str(tmp_path))]
    assert [head.split(":")[1] for head in heads] == ["1", "2", "4", "7"]
    assert output.err.endswith("4 errors, no warnings\n")
    assert "hunter2" not in output.err


def test_check_fails_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, BAD)
    assert main(["config", "check", "--json", "--config", str(path)]) == CONFIG
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["ok"] is False
    assert [(problem["line"], problem["key"]) for problem in document["problems"]] == [
        (1, "node.name"), (2, "node.epoch_ms"), (4, "devices.x.driver"), (7, "mqtt.password"),
    ]  # fmt: skip
    assert {problem["source"] for problem in document["problems"]} == {str(path)}
    assert output.err == ""
    assert "hunter2" not in output.out


def test_show_names_sources_and_no_secret(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--config", good, "--set", "node.epoch_s=2", "--json"]) == OK
    output = capsys.readouterr().out
    values = {value["key"]: value for value in json.loads(output)["values"]}
    assert values["node.epoch_s"] == {"key": "node.epoch_s", "value": 2.0, "source": "flag node.epoch_s"}
    assert values["node.name"]["source"] == f"{good}:2"
    assert values["devices.voa.options.channel"] == {
        "key": "devices.voa.options.channel",
        "value": 1,
        "source": "default",
    }
    assert values["mqtt.password_file"]["value"] == str(Path(good).with_name("password"))
    assert "hunter2" not in output


def test_show_one_part(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "node", "--config", good]) == OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "value", "source"]
    assert all(line.startswith("node.") for line in lines[1:])
    assert main(["config", "show", "nod", "--config", good]) == USAGE


def test_show_of_a_broken_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--config", str(write(tmp_path, BAD))]) == CONFIG
    assert "did you mean epoch_s?" in capsys.readouterr().err


def test_the_environment_counts(good: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("QKDCTL_CONFIG", good)
    monkeypatch.setenv("QKDCTL_NODE__EPOCH_S", "500")
    assert main(["config", "check"]) == CONFIG
    assert "environment QKDCTL_NODE__EPOCH_S: error: epoch_s is out of range" in capsys.readouterr().err


def test_a_setting_without_a_value(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--config", good, "--set", "node.epoch_s"]) == USAGE
    assert "--set node.epoch_s=2" in capsys.readouterr().err


def test_create_writes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new.toml"
    assert main(["config", "create", "--output", str(path)]) == OK
    assert main(["config", "check", "--config", str(path)]) == OK
    before = path.read_text(encoding="utf-8")
    assert main(["config", "create", "--output", str(path)]) == FAILURE
    assert path.read_text(encoding="utf-8") == before
    capsys.readouterr()
    assert main(["config", "create"]) == OK
    assert capsys.readouterr().out == before


def test_the_module_imports_nothing_heavy() -> None:
    heavy = ("pydantic", "tomllib", "qkdctl.config.load", "qkdctl.devices")
    code = f"import sys, qkdctl.cli.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

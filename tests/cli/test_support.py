"""qkdctl doctor and export: what helps when something is wrong, without giving secrets away."""

import json
import socket
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from qkdctl import exit_codes
from qkdctl.cli import checks
from tests.api.memory import MemoryFacade
from tests.api.serving import Served
from tests.cli.configurations import device, write_configuration
from tests.cli.conftest import Cli

CANARY = "canary-7391"


def outcomes(cli: Cli) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(cli("doctor", "--json").stdout)["checks"]}


def test_doctor_without_a_daemon(cli: Cli, folder: Path) -> None:
    write_configuration(folder)
    found = outcomes(cli)
    assert {name: check["outcome"] for name, check in found.items() if name != "clock"} == {
        "python": "ok",
        "packages": "ok",
        "configuration": "ok",
        "state directory": "ok",
        "socket": "ok",
        "broker": "skipped",
    }
    assert found["clock"]["outcome"] in {"ok", "warning", "skipped"}
    assert cli("doctor").returncode == 0


def test_doctor_says_that_the_state_directory_is_none(cli: Cli, folder: Path) -> None:
    write_configuration(folder)
    (folder / "state").write_text("")
    state = outcomes(cli)["state directory"]
    assert (state["outcome"], state["text"]) == ("failure", f"{folder / 'state'} is no directory")


def test_doctor_with_a_daemon_passes_its_complaints_on(cli: Cli, folder: Path, daemon: Served) -> None:
    write_configuration(folder)
    assert outcomes(cli)["socket"]["text"] == "bench 0.1.0 is running"
    daemon.facade.document["complaints"] = ["the event loop is 3 s late"]
    assert outcomes(cli)["socket"]["text"] == "the event loop is 3 s late"


def test_doctor_names_a_missing_port_and_a_silent_broker(cli: Cli, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    devices = device("epc", "ozoptics-epc04", "serial:///dev/serial/by-id/no-such-adapter")
    write_configuration(folder, devices, f'[mqtt]\nhost = "127.0.0.1"\nport = {port}')
    found = outcomes(cli)
    assert found["serial port of epc"]["outcome"] == "failure"
    assert "plugged in" in found["serial port of epc"]["hint"]
    assert found["broker"]["outcome"] == "failure"
    failed = cli("doctor")
    assert failed.returncode == exit_codes.FAILURE
    assert "failure  broker: 127.0.0.1" in failed.stdout


def test_doctor_finds_a_broker(cli: Cli, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        write_configuration(folder, more=f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.getsockname()[1]}')
        assert outcomes(cli)["broker"]["outcome"] == "ok"


def test_doctor_goes_on_without_a_configuration(cli: Cli) -> None:
    found = outcomes(cli)
    assert found["configuration"]["outcome"] == "failure"
    assert "clock" in found


def test_doctor_names_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "versions", lambda: {"libraries": {"pyvisa": None, "numpy": "2"}})
    assert checks.check_packages().text == "missing: pyvisa"


def members(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as opened:
        files = {member.name.removeprefix("qkdctl-support/"): opened.extractfile(member) for member in opened}
        return {name: json.load(file) for name, file in files.items() if file is not None}


def test_export_holds_what_a_fault_report_needs(cli: Cli, folder: Path, daemon: Served) -> None:
    write_configuration(folder)
    done = cli("export", str(folder / "support.tar.gz"))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((folder / "support.tar.gz").stat().st_mode) == 0o600
    found = members(folder / "support.tar.gz")
    assert found["status.json"]["node"] == "bench"
    assert found["versions.json"]["version"]
    assert len(found["history.json"]["alice-bob"]) == 41
    assert found["configuration.json"][0]["source"] == "qkdctl.toml:7"
    assert "no such file" in found["ledger.json"]["missing"]


def test_export_gives_no_secret_away(cli: Cli, folder: Path, daemon: Served, facade: MemoryFacade) -> None:
    voa = facade.document["devices"][0]
    voa["address"] = f"http://user:{CANARY}@127.0.0.1:5025"
    voa["last_error"] = f"GET http://user:{CANARY}@127.0.0.1/?token={CANARY} failed"
    write_configuration(folder, device("voa-1", "keysight-n776x", "tcp://127.0.0.1:5025"))
    assert cli("export", str(folder / "support.tar.gz")).returncode == 0
    found = json.dumps(members(folder / "support.tar.gz"))
    assert CANARY not in found
    assert "[redacted]" in found


def test_export_without_daemon_takes_what_there_is(cli: Cli, folder: Path) -> None:
    write_configuration(folder)
    assert cli("export", str(folder / "support.tar.gz"), "--json").returncode == 0
    found = members(folder / "support.tar.gz")
    assert "no daemon" in found["status.json"]["missing"]
    assert any(value["key"] == "node.name" for value in found["configuration.json"])


def test_export_that_cannot_be_written_says_so(cli: Cli, folder: Path) -> None:
    failed = cli("export", str(folder / "nowhere" / "support.tar.gz"))
    assert failed.returncode == exit_codes.FAILURE
    assert "cannot be written" in failed.stderr

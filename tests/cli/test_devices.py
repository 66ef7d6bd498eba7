"""qkdctl devices: looking is free, setting is guarded."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from qkdctl import exit_codes
from tests.api.memory import MemoryFacade
from tests.api.serving import Served
from tests.cli.configurations import device, write_configuration
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal

SET = ("devices", "set", "voa-1", "attenuation_db")


def test_list_and_info(cli: Cli, daemon: Served) -> None:
    listed = cli("devices", "list").stdout
    shown = cli("devices", "info", "voa-1").stdout
    assert "voa-1    attenuator  keysight-n776x  online  attenuation_db 31.5, shutter_open yes" in listed
    assert "ATTRIBUTE       VALUE    AGE    SET-POINT  LIMITS   SETTABLE" in shown
    assert "attenuation_db  31.5 dB  0.1 s  31.5 dB    0 to 45  yes" in shown
    assert "91 s (stale)" in cli("devices", "info", "snspd-1").stdout


def test_json_documents_have_a_schema_version(cli: Cli, daemon: Served) -> None:
    for words in (["devices", "list"], ["devices", "info", "voa-1"], ["links", "list"], ["alarms", "list"]):
        assert json.loads(cli(*words, "--json").stdout)["schema_version"] == 1


def test_set_without_asking(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    done = cli(*SET, "32", "--yes")
    assert done.stdout == "voa-1.attenuation_db: 31.5 dB -> 32 dB, read back\nlimits: 0 dB to 45 dB\n"
    assert [(act[3], act[5]) for act in facade.done] == [(32, True), (32, False)]


def test_a_dry_run_sends_nothing(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    assert json.loads(cli(*SET, "32", "--dry-run", "--json").stdout)["applied"] is False
    assert [act[5] for act in facade.done] == [True]


@pytest.mark.parametrize(
    ("value", "code", "error"),
    [
        ("50", exit_codes.FAILURE, "voa-1.attenuation_db = 50 refused"),
        ("true", exit_codes.FAILURE, "voa-1.attenuation_db = True refused"),
        ("soon", exit_codes.FAILURE, "voa-1.attenuation_db = 'soon' refused"),
        ("1e999", exit_codes.USAGE, "give a finite number"),
        ("NaN", exit_codes.USAGE, "give a finite number"),
    ],
)
def test_what_is_refused_is_never_sent(
    cli: Cli, daemon: Served, facade: MemoryFacade, value: str, code: int, error: str
) -> None:
    refused = cli(*SET, value, "--yes")
    assert refused.returncode == code
    assert error in refused.stderr
    assert facade.done == []


def test_a_negative_number_after_two_dashes(cli: Cli, daemon: Served) -> None:
    assert "voa-1.attenuation_db = -3 refused" in cli(*SET, "--yes", "--", "-3").stderr


def test_nobody_there_to_ask(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    refused = cli(*SET, "32")
    assert refused.returncode == exit_codes.USAGE
    assert "say --yes" in refused.stderr
    assert [act[5] for act in facade.done] == [True]


@pytest.mark.parametrize(("answer", "code", "applied"), [("y\n", 0, [True, False]), ("n\n", 1, [True])])
def test_people_see_old_new_and_limits_before_they_agree(
    daemon: Served, facade: MemoryFacade, folder: Path, answer: str, code: int, applied: list[bool]
) -> None:
    terminal = Terminal(folder, [*SET, "32"])
    shown = terminal.read_until("Set it?")
    assert "31.5 dB -> 32 dB" in shown
    assert "limits: 0 dB to 45 dB" in shown
    terminal.type(answer)
    assert terminal.end()[0] == code
    assert [act[5] for act in facade.done] == applied


def test_probe_asks_a_running_daemon(cli: Cli, daemon: Served) -> None:
    asked = cli("devices", "probe", "--json")
    document = json.loads(asked.stdout)
    assert (asked.returncode, document["by_daemon"]) == (exit_codes.UNAVAILABLE, True)
    assert [(entry["name"], entry["ok"]) for entry in document["devices"]] == [("voa-1", True), ("snspd-1", False)]
    assert cli("devices", "probe", "voa-1").returncode == 0
    assert "the daemon has no device voa-9" in cli("devices", "probe", "voa-9").stderr


def test_probe_opens_the_instruments_when_no_daemon_runs(
    cli: Cli, folder: Path, qkd_instrument: Callable[..., str]
) -> None:
    address = qkd_instrument("keysight-n776x")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"TCPIP::127.0.0.1::{silent.getsockname()[1]}::SOCKET"
        devices = device("voa-1", "keysight-n776x", address) + device("voa-2", "keysight-n776x", nobody, 0.2)
        write_configuration(folder, devices)
        one, both = cli("devices", "probe", "voa-1"), cli("devices", "probe", "--json")
    assert one.returncode == 0, one.stderr
    assert "answers" in one.stdout
    assert both.stdout, both.stderr
    document = json.loads(both.stdout)
    assert (both.returncode, document["by_daemon"]) == (exit_codes.UNAVAILABLE, False)
    good, bad = document["devices"]
    assert good["ok"]
    assert "N776" in good["identity"]
    assert not bad["ok"]
    assert bad["error"]


def test_probe_leaves_the_instruments_to_the_daemon_of_the_configuration(
    cli: Cli, daemon: Served, folder: Path
) -> None:
    write_configuration(folder)
    document = json.loads(cli("devices", "probe", "voa-1", "--json", QKDCTL_SOCKET=str(folder / "elsewhere")).stdout)
    assert document["by_daemon"] is True


def test_an_identity_of_several_lines_breaks_no_table(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    facade.document["devices"][0]["identity"] = "OZ OPTICS DD-100-MC\r\nS/N:1\r\nVER:2"
    assert "answers  OZ OPTICS DD-100-MC S/N:1 VER:2" in cli("devices", "probe").stdout


def test_probe_fits_80_columns(daemon: Served, folder: Path) -> None:
    _, shown = Terminal(folder, ["devices", "probe"], COLUMNS="80", NO_COLOR="1").end()
    assert max(len(line.rstrip()) for line in shown.replace("\r", "").splitlines()) <= 80
    assert "tcp://127.0.0.1:12000" in shown, "whoever does not answer is shown with its address"


def test_probe_refuses_names_and_configurations_it_does_not_know(cli: Cli, folder: Path) -> None:
    assert cli("devices", "probe").returncode == exit_codes.CONFIG
    write_configuration(folder)
    refused = cli("devices", "probe", "voa-1")
    assert refused.returncode == exit_codes.FAILURE
    assert "has no device voa-1" in refused.stderr

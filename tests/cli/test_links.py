"""qkdctl links, calibrate, alarms and safe: the hands of an operator."""

import json
import socket
from pathlib import Path

import pytest

from qkdctl import exit_codes
from qkdctl.client import Client
from tests.api.memory import MemoryFacade
from tests.api.serving import Served
from tests.cli.configurations import device, write_configuration
from tests.cli.conftest import Cli


def test_list(cli: Cli, daemon: Served) -> None:
    assert "alice-bob  running  0.48" in cli("links", "list").stdout


@pytest.mark.parametrize(
    ("words", "act"),
    [
        (["links", "hold", "alice-bob"], "hold"),
        (["links", "safe", "alice-bob"], "safe"),
        (["links", "realign", "alice-bob"], "realign"),
        (["calibrate", "alice-bob"], "calibrate"),
    ],
)
def test_actions_on_a_link(cli: Cli, daemon: Served, facade: MemoryFacade, words: list[str], act: str) -> None:
    daemon.call(facade.release.set)
    done = cli(*words)
    assert (done.returncode, done.stdout) == (0, f"{act}: done\n")
    assert json.loads(cli(*words, "--json").stdout)["subject"] == "alice-bob"
    assert [entry[:2] for entry in facade.done] == [(act, "alice-bob")] * 2


def test_alarms(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    assert (
        "device-fault-snspd-1  critical  raised  device-fault  snspd-1  snspd-1 does not answer"
        in cli("alarms", "list").stdout
    )
    assert cli("alarms", "list").stdout.endswith("\n\ndevice-fault: see whether it has power\n")
    assert json.loads(cli("alarms", "list", "--json").stdout)["alarms"][0]["hint"] == "see whether it has power"
    assert cli("alarms", "acknowledge", "device-fault-snspd-1").stdout == "device-fault-snspd-1 acknowledged\n"
    refused = cli("alarms", "acknowledge", "device-fault-snspd")
    assert "did you mean 'device-fault-snspd-1'?" in refused.stderr
    facade.document["alarms"] = []
    assert cli("alarms", "list").stdout == "no alarms\n"


def test_safe_goes_through_a_running_daemon(cli: Cli, daemon: Served, facade: MemoryFacade) -> None:
    assert cli("safe").stdout == "every source is dark\n"
    assert json.loads(cli("safe", "--json").stdout)["by_daemon"] is True
    assert [act[0] for act in facade.done] == ["safe-all", "safe-all"]


def test_safe_finds_the_daemon_by_the_configured_socket(cli: Cli, daemon: Served, folder: Path) -> None:
    path = write_configuration(folder)
    done = cli("safe", "--config", str(path), QKDCTL_SOCKET=str(folder / "elsewhere"))
    assert done.stdout == "every source is dark\n"


def test_a_broken_configuration_does_not_hide_a_running_daemon(cli: Cli, daemon: Served, folder: Path) -> None:
    write_configuration(folder, more="colour = 3")
    assert cli("safe").stdout == "every source is dark\n"


def test_a_frozen_daemon_is_found_out_before_anybody_waits(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client.__init__, "__defaults__", (None, 0.2))
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(str(folder / "s"))
        frozen.listen(8)
        for words in (["links", "hold", "alice-bob"], ["calibrate", "alice-bob"], ["safe"]):
            failed = cli(*words)
            assert failed.returncode == exit_codes.UNAVAILABLE
            assert f"the daemon on {folder / 's'} does not answer in time" in failed.stderr
    assert "kill" in failed.stderr


def test_safe_without_daemon_and_without_sources_has_nothing_to_do(cli: Cli, folder: Path) -> None:
    write_configuration(folder)
    done = cli("safe")
    assert (done.returncode, done.stdout) == (0, "every configured source is dark\n")


def test_safe_without_daemon_and_configuration_says_so(cli: Cli) -> None:
    assert cli("safe").returncode == exit_codes.CONFIG


def test_safe_without_daemon_names_the_source_that_cannot_be_shown_dark(cli: Cli, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"TCPIP::127.0.0.1::{silent.getsockname()[1]}::SOCKET"
        write_configuration(folder, device("voa-1", "keysight-n776x", address, 0.2))
        failed = cli("safe", "--json")
    document = json.loads(failed.stdout)
    assert (failed.returncode, document["by_daemon"]) == (exit_codes.FAILURE, False)
    assert list(document["problems"]) == ["voa-1"]

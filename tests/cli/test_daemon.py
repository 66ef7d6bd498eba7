"""Which daemon a verb asks: --socket, --config, QKDCTL_SOCKET, QKDCTL_CONFIG, the default, in this order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qkdctl import exit_codes
from qkdctl.cli import verbs
from qkdctl.cli.daemon import daemon_socket
from tests.api.serving import Served
from tests.cli.configurations import write_configuration
from tests.cli.conftest import Cli


def other(folder: Path, socket: str = "/nowhere/other.sock") -> Path:
    path = folder / "other.toml"
    path.write_text(f'[api]\nsocket = "{socket}"\n')
    return path


def needing_a_daemon(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from needing_a_daemon(inner, (*words, name))
    if any(parameter.name == "socket" for parameter in command.params):
        yield words, command


VERBS = dict(
    found for name in verbs.VERBS for found in needing_a_daemon(verbs.load_command(name, verbs.VERBS[name]), (name,))
)


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_that_needs_a_daemon_takes_its_configuration(words: tuple[str, ...]) -> None:
    assert sum("--config" in parameter.opts for parameter in VERBS[words].params) == 1


def test_the_verbs_that_look_are_among_them() -> None:
    assert {("status",), ("top",), ("routes",), ("alarms", "list"), ("abft", "status"), ("policy", "list")} <= set(
        VERBS
    )


@pytest.mark.parametrize(
    "words", [["status"], ["status", "--json"], ["alarms", "list"], ["links", "hold", "alice-bob"]]
)
def test_the_configuration_leads_to_its_daemon(cli: Cli, daemon: Served, folder: Path, words: list[str]) -> None:
    path = str(write_configuration(folder))
    assert cli(*words, "--config", path, QKDCTL_SOCKET="/nowhere").returncode == 0
    assert cli(*words, QKDCTL_SOCKET="", QKDCTL_CONFIG=path).returncode == 0


def test_a_broken_configuration_leads_there_too(cli: Cli, daemon: Served, folder: Path) -> None:
    path = str(write_configuration(folder, more="colour = 3"))
    assert cli("alarms", "list", "--config", path, QKDCTL_SOCKET="").returncode == 0


def test_the_order(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("first", "second", "fourth"):
        (folder / name).touch()
    flag = other(folder, str(folder / "second"))
    variable = folder / "variable.toml"
    variable.write_text(f'[api]\nsocket = "{folder / "fourth"}"\n')
    monkeypatch.setenv("QKDCTL_SOCKET", str(folder / "third"))
    monkeypatch.setenv("QKDCTL_CONFIG", str(variable))
    assert daemon_socket(folder / "first", flag) == folder / "first"
    assert daemon_socket(None, flag) == folder / "second"
    assert daemon_socket(None) == folder / "third"
    monkeypatch.delenv("QKDCTL_SOCKET")
    assert daemon_socket(None) == folder / "fourth"
    monkeypatch.delenv("QKDCTL_CONFIG")
    assert daemon_socket(None) == Path("/run/qkdctl/qkdctl.sock")


@pytest.mark.parametrize("words", [["status"], ["abft", "status"]])
def test_a_configuration_whose_daemon_does_not_run_says_how_to_start_it(
    cli: Cli, folder: Path, words: list[str]
) -> None:
    path = other(folder)
    failed = cli(*words, "--config", str(path))
    assert failed.returncode == exit_codes.UNAVAILABLE
    assert f"error: no daemon of {path} runs: there is no socket /nowhere/other.sock\n" in failed.stderr
    assert f"'qkdctl run --config {path}'" in failed.stderr


def test_a_configuration_without_a_socket_says_that_the_default_was_tried(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qkdctl.cli.daemon.SYSTEM_SOCKET", folder / "default.sock")
    path = folder / "bare.toml"
    path.write_text('[node]\nname = "bench"\n')
    failed = cli("routes", "--config", str(path))
    assert failed.returncode == exit_codes.UNAVAILABLE
    assert "default.sock, the default for want of [api] socket and [node] runtime_directory in it" in failed.stderr


def test_a_file_that_is_not_there_is_named_with_the_option_that_named_it(cli: Cli, folder: Path) -> None:
    absent = str(folder / "absent.toml")
    failed = cli("alarms", "list", "--config", absent)
    assert failed.returncode == exit_codes.CONFIG
    assert f"error: --config {absent}: cannot be read: No such file or directory" in failed.stderr
    assert "or its socket with --socket" in failed.stderr
    assert f"error: QKDCTL_CONFIG {absent}:" in cli("status", QKDCTL_SOCKET="", QKDCTL_CONFIG=absent).stderr


def test_help_looks_for_no_daemon(cli: Cli, folder: Path) -> None:
    shown = cli("alarms", "list", "--config", str(folder / "absent.toml"), "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--config FILE" in shown.stdout

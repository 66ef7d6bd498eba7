"""The command line as a whole: verbs, errors, exit codes, pipes, colours, speed."""

import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from qkdctl import exit_codes
from qkdctl.cli import verbs
from qkdctl.cli.errors import CliError, exit_code, outcome
from qkdctl.cli.main import main
from qkdctl.client import RefusedError, UnreachableError
from tests.api.memory import MemoryFacade
from tests.api.serving import Served
from tests.cli.conftest import COMMAND, Cli, environment
from tests.cli.terminal import Terminal


def test_the_overview_lists_every_verb_with_its_purpose(process: Cli) -> None:
    shown = process("--help")
    assert shown.returncode == 0
    for verb in (*verbs.VERBS, "sim", "demo"):
        assert f"\n  {verb} " in shown.stdout, verb


def test_an_unknown_verb_is_a_usage_error_with_the_nearest_verb(process: Cli) -> None:
    refused = process("statsu")
    assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")
    assert "there is no verb 'statsu'. Did you mean 'status'?" in refused.stderr


def test_an_unknown_verb_of_a_group_gets_a_hint_too(process: Cli) -> None:
    refused = process("links", "hodl", "alice-bob")
    assert refused.returncode == exit_codes.USAGE
    assert "Did you mean 'hold'?" in refused.stderr


GROUPS = {"links", "devices", "alarms", "abft", "acts", "policy", "ledger", "config", "network", "physics"}
VERBS_WITH_EXAMPLES = [
    *[[name] for name in verbs.VERBS if name not in GROUPS],
    *[["links", name] for name in ("list", "hold", "safe", "resume", "realign")],
    *[["devices", name] for name in ("list", "info", "probe", "set")],
    *[["alarms", name] for name in ("list", "acknowledge")],
    *[["abft", name] for name in ("status", "weights", "evidence")],
    *[["acts", name] for name in ("list", "file", "approve", "withdraw")],
    *[
        ["policy", name]
        for name in ("list", "verify", "sign", "stage", "shadow", "canary", "activate", "rollback", "diff", "history")
    ],
    *[["ledger", name] for name in ("verify", "show", "export", "compare", "adopt")],
    *[["config", name] for name in ("check", "show", "create")],
    *[["network", name] for name in ("init", "check", "show")],
    *[["physics", name] for name in ("rate", "curves", "list")],
    *[["sim", name] for name in ("serve", "list", "fault")],
    ["demo"],
]


@pytest.mark.parametrize("words", VERBS_WITH_EXAMPLES, ids=" ".join)
def test_every_help_has_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"qkdctl {' '.join(words)}" in shown.partition("For example:")[2]


def test_without_a_daemon_the_exit_code_says_unavailable_and_a_hint_says_why(process: Cli, folder: Path) -> None:
    for words in (["status"], ["status", "--watch"], ["links", "hold", "alice-bob"], ["top"], ["devices", "list"]):
        failed = process(*words)
        assert (failed.returncode, failed.stdout) == (exit_codes.UNAVAILABLE, ""), words
        assert f"error: no daemon: there is no socket {folder / 's'}" in failed.stderr
        assert "hint: start it with 'qkdctl run'" in failed.stderr


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["devices", "info", "voa-2"], exit_codes.FAILURE, "hint: did you mean 'voa-1'?"),
        (["links", "resume", "alice-bob"], exit_codes.FAILURE, "expected: a held or safe link"),
        (["links", "hold"], exit_codes.USAGE, "LINK"),
    ],
)
def test_refusals_of_the_daemon_reach_the_user(
    process: Cli, daemon: Served, words: list[str], code: int, error: str
) -> None:
    refused = process(*words)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert error in refused.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RefusedError(403, "no"), exit_codes.PERMISSION),
        (RefusedError(401, "no"), exit_codes.PERMISSION),
        (RefusedError(503, "no"), exit_codes.TEMPORARY),
        (RefusedError(422, "no"), exit_codes.FAILURE),
        (UnreachableError("no"), exit_codes.UNAVAILABLE),
        (CliError("no", code=exit_codes.CONFIG), exit_codes.CONFIG),
    ],
)
def test_exit_codes(error: CliError | RefusedError | UnreachableError, code: int) -> None:
    assert exit_code(error) == code


def test_a_socket_that_may_not_be_opened_is_a_matter_of_permission() -> None:
    error = UnreachableError("no")
    error.__cause__ = PermissionError()
    assert exit_code(error) == exit_codes.PERMISSION


def test_a_defect_is_told_from_an_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("qkdctl.cli.main.show_status", lambda *_, **__: 1 / 0)
    assert main(["status"]) == exit_codes.SOFTWARE
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_reader_that_left_is_no_error(daemon: Served, folder: Path) -> None:
    for words in (["status"], ["status", "--watch"], ["devices", "list", "--json"]):
        read, write = os.pipe()
        os.close(read)
        ended = subprocess.run(
            [*COMMAND, *words], stdout=write, stderr=subprocess.PIPE, env=environment(folder), timeout=30, check=False
        )
        os.close(write)
        assert (ended.returncode, ended.stderr) == (141, b""), words


@pytest.mark.parametrize("words", [["status"], ["version"], ["sim", "list"], ["config", "create"]], ids=" ".join)
def test_output_that_cannot_be_written_is_an_error_and_no_defect(
    daemon: Served, folder: Path, words: list[str]
) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, env=environment(folder), timeout=30, check=False,
            text=True,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (
        exit_codes.FAILURE, "error: the output cannot be written: No space left on device",
    )  # fmt: skip
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [["status"], ["version"], ["config", "create"]], ids=" ".join)
def test_streams_that_the_caller_closed_are_no_defect(daemon: Served, folder: Path, words: list[str]) -> None:
    command = shlex.join([*COMMAND, *words])
    ended = subprocess.run(
        ["sh", "-c", f"{command} <&- >&-"], capture_output=True, env=environment(folder), check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"], env=environment(folder), check=False).returncode == 0


def test_what_the_machine_refuses_is_named_with_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        Path("/nowhere/at/all").read_bytes()

    assert outcome(fail) == exit_codes.FAILURE
    assert capsys.readouterr().err == "error: /nowhere/at/all: No such file or directory\n"


def test_status_fits_80_columns_with_alarms_in_full(daemon: Served, facade: MemoryFacade, folder: Path) -> None:
    text = "no calibration record for the present optics;\nrun 'qkdctl calibrate alice-bob' " + "and read on " * 9
    facade.document["alarms"] = [{**facade.document["alarms"][0], "id": "1", "text": text}]
    facade.document["links"][0] |= {"name": "charlie-dave", "mode": "manual-safe"}
    code, shown = Terminal(folder, ["status"], COLUMNS="80", NO_COLOR="1").end()
    lines = [line.rstrip() for line in shown.replace("\r", "").splitlines()]
    assert code == 0
    assert max(map(len, lines)) <= 80
    start = next(number for number, line in enumerate(lines) if line.startswith("ALARM"))
    told = " ".join(line[lines[start].index("TEXT") :] for line in lines[start + 1 :])
    assert told == " ".join(text.split())
    for needed in ("manual-safe", "2.10/3.05 %", "5.12 kbit/s", "no answer within 2 s", "attenuation_db 31.5"):
        assert needed in shown


def test_status_in_text_and_json(process: Cli, daemon: Served, facade: MemoryFacade) -> None:
    text, document = process("status"), json.loads(process("status", "--json").stdout)
    assert document["schema_version"] == 1
    assert document["links"][0]["qber_z"] == 0.021
    lines = text.stdout.splitlines()
    assert lines[0] == "bench running, epoch 41, up 1 h 0 min, version 0.1.0"
    assert (
        "alice-bob  running  0.48          -         2.10 %  3.05 %  5.12 kbit/s  10.25 dB  hold (shield: slew)"
        in lines
    )
    assert "snspd-1  detector    websq           fault   no answer within 2 s" in lines
    assert "\x1b" not in text.stdout


def test_colours_on_a_terminal_unless_unwanted(daemon: Served, folder: Path) -> None:
    code, painted = Terminal(folder, ["status"]).end()
    assert code == 0
    assert "\x1b[31mfault" in painted
    for unwanted in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, plain = Terminal(folder, ["status"], **unwanted).end()
        assert (code, "\x1b" in plain) == (0, False)


def test_watch_shows_changes_until_it_is_interrupted(daemon: Served, facade: MemoryFacade, folder: Path) -> None:
    terminal = Terminal(folder, ["status", "--watch"])
    terminal.read_until("2.10 %")
    daemon.call(lambda: facade.emit_link(qber_z=0.0555))
    terminal.read_until("5.55 %")
    terminal.interrupt()
    assert terminal.end()[0] == 0


def test_watch_with_json_prints_a_line_per_change(daemon: Served, facade: MemoryFacade, folder: Path) -> None:
    command = [*COMMAND, "status", "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(folder)) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        daemon.call(lambda: facade.emit_link(qber_z=0.0555))
        second = json.loads(process.stdout.readline())
        process.terminate()
    assert (first["links"][0]["qber_z"], second["links"][0]["qber_z"]) == (0.021, 0.0555)


def test_status_imports_no_parser_and_nothing_heavy(daemon: Served, folder: Path) -> None:
    code = (
        "import sys; from qkdctl.cli.main import main; main(['status', '--json']); print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(folder), check=True
    )
    loaded = set(ended.stderr.split())
    assert not loaded & {"typer", "pydantic", "fastapi", "structlog", "numpy", "asyncio", "rich"}


@pytest.mark.parametrize(
    ("variables", "offered"),
    [
        ({"_QKDCTL_COMPLETE": "complete_bash", "COMP_WORDS": "qkdctl sta", "COMP_CWORD": "1"}, "status"),
        ({"_QKDCTL_COMPLETE": "complete_bash", "COMP_WORDS": "qkdctl links ho", "COMP_CWORD": "2"}, "hold"),
        ({"_QKDCTL_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "qkdctl status --j"}, "--json"),
        ({"_QKDCTL_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "qkdctl ins",
          "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "install-service"),
    ],
)  # fmt: skip
def test_shells_are_offered_verbs_and_options(process: Cli, variables: dict[str, str], offered: str) -> None:
    answered = process(**variables)
    assert answered.returncode == 0
    assert offered in answered.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_QKDCTL_COMPLETE" in capsys.readouterr().out


def test_the_options_that_people_try_first(process: Cli) -> None:
    assert process("--version").stdout == process("version").stdout
    assert process("-h").stdout == process("--help").stdout
    assert process("links", "hold", "-h").stdout == process("links", "hold", "--help").stdout


def test_version(process: Cli) -> None:
    assert process("version").stdout == f"qkdctl {importlib.metadata.version('qkdctl')}\n"
    document = json.loads(process("version", "--json").stdout)
    assert document["schema_version"] == 1
    assert document["libraries"]["typer"] == importlib.metadata.version("typer")


class Plugins:
    """What other packages register."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **places: str) -> None:
        points = [EntryPoint(name, place, verbs.GROUP) for name, place in places.items()]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: points)


def test_a_verb_of_another_package_is_imported_when_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "foreign_verb.py").write_text(
        "def hello(name: str) -> None:\n    '''Greet.'''\n    print('hello', name)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    Plugins(monkeypatch, hello="foreign_verb:hello")
    assert main(["version"]) == 0
    assert "foreign_verb" not in sys.modules
    assert main(["hello", "you"]) == 0
    assert "hello you" in capsys.readouterr().out
    del sys.modules["foreign_verb"]


def test_a_broken_package_breaks_its_own_verb_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Plugins(monkeypatch, broken="no_such_package:verb", version="no_such_package:verb")
    assert main(["version"]) == 0
    assert main(["--help"]) == 0
    assert "(the verb 'broken' cannot be loaded" in capsys.readouterr().out
    assert main(["broken"]) == exit_codes.FAILURE
    assert "install the package that provides it again" in capsys.readouterr().err

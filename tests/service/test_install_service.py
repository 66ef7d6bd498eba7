"""qkdctl install-service writes what a system needs, and nothing over a configuration."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from qkdctl.cli.main import main
from qkdctl.exit_codes import FAILURE, OK, USAGE
from qkdctl.install_service import (
    CONFIGURATION,
    SHIPPED,
    UNIT,
    InstallationError,
    install_service,
    own_executable,
)


def written_below(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    path = tmp_path / "opt/qkdctl/bin/qkdctl"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "image"


def test_everything_is_written_readable_and_the_unit_starts_this_environment(root: Path) -> None:
    done = install_service(root)
    assert written_below(root) == set(SHIPPED)
    assert {path.relative_to(root) for path in done.written} == set(SHIPPED)
    assert {(root / path).stat().st_mode & 0o777 for path in SHIPPED} == {0o644}
    unit = (root / UNIT).read_text()
    commands = dict(re.findall(r"(?m)^(ExecStart|ExecStopPost)=(\S+ \S+) --config /etc/qkdctl/qkdctl\.toml$", unit))
    assert commands == {"ExecStart": f"{own_executable()} run", "ExecStopPost": f"{own_executable()} safe"}
    assert own_executable().is_file()


def test_a_second_time_changes_nothing(root: Path) -> None:
    install_service(root)
    done = install_service(root)
    assert done.written == ()
    assert set(done.unchanged) | set(done.kept) == {root / path for path in SHIPPED}


def test_a_configuration_is_kept_and_an_old_unit_replaced(root: Path, executable: Path) -> None:
    install_service(root)
    (root / CONFIGURATION).write_text("# mine\n")
    done = install_service(root, executable)
    assert (root / CONFIGURATION).read_text() == "# mine\n"
    assert done.kept == (root / CONFIGURATION,)
    assert done.written == (root / UNIT,)
    assert f"ExecStart={executable} run" in (root / UNIT).read_text()


def test_the_executable_may_lie_in_the_image(root: Path) -> None:
    inside = root / "usr/local/bin/qkdctl"
    inside.parent.mkdir(parents=True)
    inside.touch(mode=0o755)
    install_service(root, Path("/usr/local/bin/qkdctl"))
    assert "ExecStart=/usr/local/bin/qkdctl run" in (root / UNIT).read_text()


def test_dry_run_touches_nothing(root: Path) -> None:
    done = install_service(root, dry_run=True)
    assert {path.relative_to(root) for path in done.written} == set(SHIPPED)
    assert not root.exists()


def test_another_user(root: Path) -> None:
    done = install_service(root, user="bench")
    assert "\nUser=bench\n" in (root / UNIT).read_text()
    assert "\nu bench " in (root / "etc/sysusers.d/qkdctl.conf").read_text()
    assert "bench" in "".join(install_service(Path("/"), user="bench", dry_run=True).next_steps)
    assert "install-service" in "".join(done.next_steps)


@pytest.mark.parametrize("user", ["", "Root", "a b", "x" * 32, "qkdctl\nExecStart=/bin/true", "0day"])
def test_names_that_no_system_user_can_have(root: Path, user: str) -> None:
    with pytest.raises(InstallationError, match="no name for a system user"):
        install_service(root, user=user)
    assert not root.exists()


@pytest.mark.parametrize("path", ["qkdctl", "/opt/my qkdctl/bin/qkdctl", "/opt/100%/qkdctl", "/opt/$HOME/qkdctl"])
def test_paths_that_a_unit_cannot_start(root: Path, path: str) -> None:
    with pytest.raises(InstallationError, match="expected an absolute path"):
        install_service(root, Path(path))


def test_an_executable_that_is_not_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"there is no executable .*--executable"):
        install_service(root, tmp_path / "qkdctl")


@pytest.mark.parametrize(("folder", "warned"), [("/home/bench/venv/bin", True), ("/opt/qkdctl/bin", False)])
def test_a_place_that_the_unit_hides_is_warned_of(root: Path, folder: str, warned: bool) -> None:
    executable = Path(folder, "qkdctl")
    inside = root / executable.relative_to("/")
    inside.parent.mkdir(parents=True)
    inside.touch(mode=0o755)
    warnings = install_service(root, executable).warnings
    assert ["ProtectHome" in warning for warning in warnings] == [True] * warned


Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(capsys: pytest.CaptureFixture[str]) -> Verb:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["install-service", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def test_the_verb_speaks_json(verb: Verb, root: Path) -> None:
    code, out, _ = verb("--root", root, "--json")
    document = json.loads(out)
    assert code == OK
    assert document["schema_version"] == 1
    assert set(document["written"]) == {str(root / path) for path in SHIPPED}


def test_the_verb_says_what_to_do_next(verb: Verb, root: Path) -> None:
    code, out, _ = verb("--root", root, "--dry-run")
    assert code == OK
    assert f"would write {root / UNIT}" in out
    assert out.rstrip().splitlines()[-2] == "next:"


def test_the_verb_refuses_with_a_reason(verb: Verb, root: Path) -> None:
    code, out, err = verb("--root", root, "--executable", "nowhere")
    assert (code, out) == (USAGE, "")
    assert err.startswith("error: a unit cannot start 'nowhere'")


def test_a_file_in_the_way_is_an_error_and_no_traceback(verb: Verb, root: Path) -> None:
    root.mkdir()
    (root / "etc").write_text("a file")
    code, _, err = verb("--root", root)
    assert code == FAILURE
    assert err.startswith("error: ")

"""qkdctl run hands its options to the node."""

from pathlib import Path

import pytest

from qkdctl import exit_codes
from qkdctl.node import RunOptions
from tests.cli.conftest import Cli


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--once"], {"epochs": 1}),
        (["--duration", "2.5"], {"duration_s": 2.5}),
        (["--observe-only"], {"overrides": {"node.observe_only": "true"}}),
    ],
)
def test_options(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, folder: Path, words: list[str], options: dict[str, object]
) -> None:
    given: list[RunOptions] = []

    def run(options: RunOptions) -> int:
        given.append(options)
        return exit_codes.UNAVAILABLE

    monkeypatch.setattr("qkdctl.node.run", run)
    assert cli("run", *words).returncode == exit_codes.UNAVAILABLE
    assert given == [RunOptions(folder / "qkdctl.toml", **options)]  # type: ignore[arg-type]


def test_a_wrong_configuration_ends_with_its_own_code(cli: Cli, folder: Path) -> None:
    (folder / "qkdctl.toml").write_text("[node]\nname = 3\n")
    failed = cli("run")
    assert failed.returncode == exit_codes.CONFIG
    assert f"{folder / 'qkdctl.toml'}:2" in failed.stderr

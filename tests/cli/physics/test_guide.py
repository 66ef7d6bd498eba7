"""The guide to the physics shows what really comes out."""

import re
from pathlib import Path

from qkdctl.cli.physics.catalogue import HARDWARE
from qkdctl.physics.hardware import PRESETS
from tests.cli.conftest import Cli

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "physics.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_example_runs(capsys):
    (example,) = blocks("python")
    exec(compile(example, "physics.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("no mere loss of photons explains the counts")
    assert "too few clicks of 0.05 photons" in printed
    assert "too many clicks of 0.48 photons" in printed


def test_the_table_of_rates_is_what_the_command_prints(cli: Cli):
    (shown,) = blocks("text")
    assert cli("physics", "rate", "--loss", "60").stdout == shown


def test_the_table_of_hardware_has_the_figures_in_force():
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `([a-z-]+)`[^|]*\|" + r" ([^|]+) \|" * 5, GUIDE, re.MULTILINE)}
    rows = {name: row for name, row in rows.items() if name in HARDWARE}
    assert set(rows) == set(HARDWARE)
    for name, row in rows.items():
        kind = PRESETS[name]
        figures = (kind.efficiency, kind.dark_probability, kind.misalignment, kind.correction, kind.sift)
        assert [0.5 if cell == "1/2" else float(cell) for cell in row] == list(figures), name

"""qkdctl physics list, and what starting the group costs."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from qkdctl.cli.physics.catalogue import HARDWARE, HARDWARE_ALIASES, PROTOCOL_ALIASES, PROTOCOLS
from qkdctl.physics import protocols
from qkdctl.physics.hardware import PRESETS
from tests.cli.conftest import Cli, environment
from tests.cli.terminal import Terminal


def test_everything_there_is_has_a_source():
    assert tuple(PROTOCOLS) == protocols.PROTOCOLS
    assert tuple(HARDWARE) == tuple(PRESETS)
    assert all(origin.source for origin in (*PROTOCOLS.values(), *HARDWARE.values()))


def test_other_names_are_no_names_and_mean_something():
    for aliases, known in ((PROTOCOL_ALIASES, PROTOCOLS), (HARDWARE_ALIASES, HARDWARE)):
        assert not set(aliases) & set(known)
        assert set(aliases.values()) <= set(known)


def test_the_document_has_all_figures(cli: Cli):
    document = json.loads(cli("physics", "list", "--json").stdout)
    assert [protocol["name"] for protocol in document["protocols"]] == list(PROTOCOLS)
    for entry in document["hardware"]:
        assert entry.items() >= asdict(PRESETS[entry["name"]]).items()
    snspd = document["hardware"][0]
    assert (snspd["name"], snspd["efficiency"], snspd["dark_probability"]) == ("snspd-a", 0.65, 1e-7)
    assert snspd["aliases"] == ["snspd", "nanowire"]
    assert "Hadfield" in snspd["source"]


def test_text(cli: Cli):
    lines = cli("physics", "list").stdout.splitlines()
    assert any(line.startswith("tf ") and "Curty, Azuma, Lo" in line for line in lines)
    figures = next(line for line in lines if line.startswith("gobby-yuan-shields"))
    assert figures.split() == ["gobby-yuan-shields", "0.045", "8.5e-07", "0.033", "1.22", "0.5", "0.02", "1"]


def test_it_fits_80_columns(folder):
    code, shown = Terminal(folder, ["physics", "list"], COLUMNS="80", NO_COLOR="1").end()
    assert code == 0
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80


@pytest.mark.parametrize("words", [["--help"], ["physics", "--help"], ["physics", "rate", "--help"]], ids=" ".join)
def test_no_look_at_the_group_imports_numpy(folder, words):
    code = f"import sys; from qkdctl.cli.main import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(folder), check=True
    )
    assert not set(ended.stderr.split()) & {"numpy", "scipy", "matplotlib"}

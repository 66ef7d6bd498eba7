"""Every mistake in a network scenario is told with file, line, key and what to do; the exit code is 78."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil_sim.cli import sim

GOOD = """\
[network]
topology = "madqci"

[[demands]]
pairs = [["quiron", "norte"]]

"""
TOPOLOGY = """\
title = "two sites"

[sites.a]
latitude_deg = 48.0
longitude_deg = 16.0

[sites.b]
latitude_deg = 48.1
longitude_deg = 16.0

[spans.a-b]
a = "a"
b = "c"
length_km = 20.0
"""


def mistakes(folder: Path, text: str) -> list[str]:
    """What the command says about a scenario of this text, line by line, without the path of its folder."""
    file = folder / "s.toml"
    file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(sim, ["network", str(file), "--epochs", "1", "--no-progress"])
    assert result.exit_code == 78, result.output
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first == f"error: {file} is no good network scenario"
    return [line.removeprefix(f"{folder}/") for line in rest]


def test_the_scenario_that_the_mistakes_are_put_into_is_good(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert CliRunner().invoke(sim, ["network", str(file), "--epochs", "1"]).exit_code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeed = 1\n", "s.toml:7: network.seeed: unknown key -- known:"),
        ("[networks]\n", "s.toml:7: networks: unknown key -- did you mean 'network'?"),
        ("[links.quiron-quijote]\nlos_db = 1.0\n", "s.toml:8: links.quiron-quijote.los_db: unknown key -- did you"),
        ('[hardware.x]\npreset = "snspd"\npulse_rate = 1\n', "s.toml:9: hardware.x.pulse_rate: unknown key -- did you"),
        (
            "[hardware.x.blocks]\nsifted_bit = 1\n",
            "s.toml:8: hardware.x.blocks.sifted_bit: unknown key -- did you mean",
        ),
        ("[hardware.x.detector]\nefficency = 1\n", "s.toml:8: hardware.x.detector.efficency: unknown key -- did you"),
        ("[buffers]\nleast = 1\n", "s.toml:8: buffers.least: unknown key -- did you mean 'least_bits'?"),
        ("[[demands]]\nrandom = 1\nrate = 1\n", "s.toml:9: demands.1.rate: unknown key -- did you mean 'rate_bps'?"),
        ("[routing]\ncandidate = 3\n", "s.toml:8: routing.candidate: unknown key -- did you mean 'candidates'?"),
        ("[[adversaries]]\nkind = []\n", "s.toml:8: adversaries.0.kind: unknown key -- did you mean 'kinds'?"),
        (
            "[[adversaries]]\nduty = {shar = 1}\n",
            "s.toml:8: adversaries.0.duty.shar: unknown key -- did you mean 'share'",
        ),
    ],
)
def test_a_slip_of_the_pen_in_a_key(tmp_path: Path, text: str, message: str) -> None:
    place = 7 if text.startswith("[") else None
    whole = GOOD + text if place else GOOD.replace('topology = "madqci"\n', f'topology = "madqci"\n\n\n\n\n{text}')
    assert any(line.startswith(message) for line in mistakes(tmp_path, whole)), mistakes(tmp_path, whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('hardware = "snspdd"', "s.toml:3: network.hardware: no hardware 'snspdd' -- did you mean 'snspd'?"),
        ('relay_hardware = "rely"', "s.toml:3: network.relay_hardware: no hardware 'rely' -- did you mean 'relay'?"),
        ('channel = "arial"', "s.toml:3: network.channel: no channel 'arial' -- did you mean 'aerial'?"),
        ("mesh = { nodes = 4, side = 3 }", "s.toml:3: network.mesh.side: unknown key -- did you mean 'side_km'?"),
        ("mesh = { nodes = 4 }", "s.toml:1: network: give one of topology, mesh and ring"),
        ("authentication_bps = -1", "s.toml:3: network.authentication_bps: Input should be greater than or equal to 0"),
    ],
)
def test_mistakes_in_what_all_links_have_in_common(tmp_path: Path, text: str, message: str) -> None:
    assert mistakes(tmp_path, f'[network]\ntopology = "madqci"\n{text}\n') == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[links.quiron-quijot]\n", "s.toml:7: links.quiron-quijot: no span 'quiron-quijot' -- did you mean"),
        (
            '[links.quiron-quijote]\nimpairment = "lasr"\n',
            "s.toml:8: links.quiron-quijote.impairment: no impairment 'la",
        ),
        ('[hardware.x]\npreset = "snspdd"\n', "s.toml:8: hardware.x.preset: unknown preset 'snspdd' -- did you mean"),
        (
            '[hardware.x]\npreset = "snspd"\nbasis_probabilities = [0.5, 0.4]\n',
            "s.toml:7: hardware.x: basis_probabilities must sum to 1, not to 0.9",
        ),
        (
            '[hardware.x]\npreset = "snspd"\nprotocols = ["bb85"]\n',
            "s.toml:9: hardware.x.protocols.0: unknown value 'bb85' -- did you mean 'bb84'?",
        ),
        ('[buffers]\nleast_bits = "many"\n', "s.toml:8: buffers.least_bits: Input should be a valid integer"),
        (
            "[buffers]\nleast_bits = 9_000_000\n",
            "s.toml:7: buffers: buffer limits must satisfy least_bits < ready_bits",
        ),
        ('[[demands]]\npairs = [["norte", "norte"]]\n', "s.toml:8: demands.1.pairs: 'norte' needs no key with itself"),
        ('[[demands]]\npairs = [["norte", "nort"]]\n', "s.toml:8: demands.1.pairs: no site with key 'nort' -- did you"),
        ("[[demands]]\nrate_bps = 1\n", "s.toml:7: demands.1: give either pairs or random"),
        (
            "[routing]\ncolluding = 2\n",
            "s.toml:4: demands.0: quiron to norte needs 3 paths without a common relay (3 shares to read, 0 to spare)",
        ),
        (
            '[[adversaries]]\nnodes = ["norte"]\nkinds = ["spyy"]\n',
            "s.toml:9: adversaries.0.kinds.0: unknown value 'spyy' -- did you mean 'spy'?",
        ),
        (
            '[[adversaries]]\nnodes = ["nortee"]\nkinds = ["spy"]\n',
            "s.toml:8: adversaries.0.nodes: no site 'nortee' -- did you mean 'norte'?",
        ),
        ('[[adversaries]]\nnodes = ["norte"]\n', "s.toml:7: adversaries.0.kinds: is missing"),
        (
            '[[adversaries]]\nlinks = ["norte-distrito"]\nkinds = ["spy"]\n',
            "s.toml:7: adversaries.0: 'spy' needs nodes; an eavesdropper on links attacks states only",
        ),
        (
            '[[adversaries]]\nnodes = ["norte"]\nkinds = ["blinding"]\nstrength = 2\n',
            "s.toml:7: adversaries.0: strength of 'blinding' is at most 1, not 2",
        ),
        (
            '[[adversaries]]\nnodes = ["norte"]\nkinds = ["fabrication"]\n',
            "s.toml:9: adversaries.0.kinds: 'fabrication' is for measuring relays midway, and 'norte' is none",
        ),
    ],
)
def test_mistakes_in_the_other_tables(tmp_path: Path, text: str, message: str) -> None:
    (line,) = mistakes(tmp_path, GOOD + text)
    assert line.startswith(message)


def test_adversaries_that_contradict_each_other(tmp_path: Path) -> None:
    one = '[[adversaries]]\nnodes = ["norte"]\nkinds = ["spy"]\ncoalition = "a"\n'
    two = '[[adversaries]]\nnodes = ["norte"]\nkinds = ["spy"]\ncoalition = "b"\n'
    late = '[[adversaries]]\nnodes = ["quevedo"]\nkinds = ["spy"]\ncoalition = "a"\nstart_epoch = 4\n'
    assert mistakes(tmp_path, GOOD + one + two) == [
        "s.toml:14: adversaries.1.coalition: 'norte' cannot join both 'a' and 'b'"
    ]
    (line,) = mistakes(tmp_path, GOOD + one + late)
    assert line.startswith("s.toml:11: adversaries.1: members of coalition 'a' act together, but not at the times of")
    assert line.endswith(" -- give all of them the same start_epoch, end_epoch and duty")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD + '[links.quiron-quijot]\n\n[links.quiron-quijote]\nchannel = "buried"\n\n[[demands]]\nrandom = 2\n'
    assert len(mistakes(tmp_path, text.replace('"norte"', '"nord"'))) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.toml: network: is missing"),
        ('network = "madqci"\n', "s.toml:1: network: must be a table, not 'madqci'"),
        (
            '[network]\ntopology = "madqqi"\n',
            "s.toml:2: network.topology: no topology 'madqqi' -- did you mean 'madqci'?",
        ),
        ('[network]\ntopology = "no.toml"\n', "s.toml:2: network.topology: cannot read 'no.toml': No such file or"),
        ("[network]\nmesh = { nodes = 2, two_edge_connected = true }\n", "s.toml:2: network.mesh: nodes must be 3 to"),
        (
            '[network]\ntopology = "madqci"\n[demands]\nrandom = 2\n',
            "s.toml:3: demands: must be a list of tables -- write",
        ),
        ("[network\n", "s.toml: not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 9)"),
        ("x = " + 5000 * "[", "s.toml: values are nested too deeply"),
    ],
)
def test_scenarios_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(message)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe")
    result = CliRunner().invoke(sim, ["network", str(tmp_path / "s.toml")])
    assert result.exit_code == 78
    assert "s.toml: not UTF-8 text: invalid start byte at byte 0" in result.stderr


def test_a_measuring_relay_has_no_key_to_demand(tmp_path: Path) -> None:
    text = '[network.mesh]\nnodes = 5\nrelay_share = 0.5\n\n[[demands]]\npairs = [["n1", "relay-1"]]\n'
    assert mistakes(tmp_path, text) == [
        "s.toml:6: demands.0.pairs: no site with key 'relay-1' -- known: n1, n2, n3, n4, n5"
    ]


def test_a_mistake_in_a_topology_of_ones_own_is_told_with_its_own_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TOPOLOGY, encoding="utf-8")
    assert mistakes(tmp_path, '[network]\ntopology = "mine.toml"\n') == [
        "mine.toml:13: spans.a-b.b: no site 'c' -- known: a, b"
    ]


def test_a_ring_needs_more_nodes_than_must_fail_to_part_it(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "[network]\nring = { nodes = 6, connectivity = 6 }\n")
    assert found == ["s.toml:2: network.ring: connectivity must be 1 to 5, not 6"]

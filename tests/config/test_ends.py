"""A link between two nodes: each names the instruments of its own end, and both have the same figures."""

from pathlib import Path

import pytest

from qkdctl.control.table import link_table
from tests.config.files import VALID, errors_of, read, write

ALICE_ONLY = VALID.replace('detector = "counter"\n', "").replace('engine_bob = "bob"\n', 'bob = "south"\n')
BOB_ONLY = """\
[node]
name = "south"

[devices.engine]
driver = "acme-engine"
address = "http://192.0.2.6:8080"

[devices.epc]
driver = "acme-polarization"
address = "tcp://192.0.2.7:5025"

[links.alice-bob]
alice = "bench"
engine_bob = "engine"
polarization_controller = "epc"
pulse_rate_hz = 1e9
operating_current_a = 0.04
"""
ELSEWHERE = """\
[node]
name = "west"
epoch_s = 2

[links.alice-bob]
alice = "bench"
bob = "south"
pulse_rate_hz = 1e9
operating_current_a = 0.04
"""


def test_without_a_word_both_ends_stand_here(tmp_path: Path) -> None:
    link = read(write(tmp_path)).links["alice-bob"]
    assert (link.alice, link.bob) == ("bench", "bench")
    assert link.ends_at("bench") == ("alice", "bob")
    assert not link.can_realign, "it names no polarisation controller"


@pytest.mark.parametrize(
    ("text", "ends", "devices"),
    [
        (ALICE_ONLY, ("alice",), {"laser", "voa", "tap", "alice"}),
        (BOB_ONLY, ("bob",), {"engine", "epc"}),
        (ELSEWHERE, (), set()),
    ],
)
def test_a_node_names_the_instruments_of_its_own_end(
    tmp_path: Path, text: str, ends: tuple[str, ...], devices: set[str]
) -> None:
    config = read(write(tmp_path, text))
    link = config.links["alice-bob"]
    assert link.ends_at(config.node.name) == ends
    assert set(link.devices().values()) == devices
    assert not config.provenance.warnings
    assert link.can_realign


def test_all_nodes_have_the_same_table(tmp_path: Path) -> None:
    tables = []
    for name, text in (("bench", ALICE_ONLY), ("south", BOB_ONLY), ("west", ELSEWHERE)):
        config = read(write(tmp_path / name, text.replace('name = "south"', 'name = "south"\nepoch_s = 2')))
        tables.append(link_table(config, {}).canonical())
    assert tables[0] == tables[1] == tables[2]


SPOILT = {
    "an instrument of the other end": (
        ALICE_ONLY + 'detector = "counter" #!\n',
        "links.alice-bob.detector",
        "detector belongs to Bob's end, which stands at south; this node is bench",
        "remove it; the configuration of south names it",
    ),
    "the own name misspelt": (
        VALID.replace('engine_bob = "bob"', 'engine_bob = "bob" #!\nbob = "bensh"').replace(
            'detector = "counter"\n', ""
        ),
        "links.alice-bob.engine_bob",
        "engine_bob belongs to Bob's end",
        'remove it; the configuration of bensh names it. If that end stands here: bob = "bench"',
    ),
    "an engine missing": (
        BOB_ONLY.replace('engine_bob = "engine"\n', "").replace("[links.alice-bob]", "[links.alice-bob] #!"),
        "links.alice-bob.engine_bob",
        "engine_bob is missing in [links.alice-bob]",
        'add engine_bob = "engine-bob"',
    ),
    "an engine misspelt": (
        BOB_ONLY.replace('engine_bob = "engine"', 'engin_bob = "engine" #!'),
        "links.alice-bob.engin_bob",
        "engin_bob is no key of [links.alice-bob]",
        "did you mean engine_bob?",
    ),
    "nothing to align with, unsaid": (
        BOB_ONLY.replace('polarization_controller = "epc"\n', "").replace("[links.alice-bob]", "[links.alice-bob] #!"),
        "links.alice-bob.polarization_controller",
        "the link can be re-aligned, but Bob's end has no polarization_controller",
        "add polarization_controller, or can_realign = false at every node",
    ),
    "nothing to align with": (
        BOB_ONLY.replace('polarization_controller = "epc"', "can_realign = true #!"),
        "links.alice-bob.can_realign",
        "the link can be re-aligned, but Bob's end has no polarization_controller",
        "add polarization_controller, or can_realign = false at every node",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_right_line_and_hint(tmp_path: Path, case: str) -> None:
    text, key, message, hint = SPOILT[case]
    line = next(number for number, content in enumerate(text.splitlines(), 1) if content.endswith("#!"))
    (problem,) = errors_of(write(tmp_path, text))
    assert (problem.origin.line, problem.key, problem.hint) == (line, key, hint)
    assert message in problem.message

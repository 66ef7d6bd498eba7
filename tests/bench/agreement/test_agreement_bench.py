"""The bench of the agreement measures what it says; how fast anything is, is not tested here."""

import asyncio
import json
from pathlib import Path

import pytest

from qkdctl.abft.packet import framed
from qkdctl.records.report import NodeReport
from tests.bench.agreement.core import Floors, Replicas
from tests.bench.agreement.floor import Floor, FloorMessage, PrePrepare, Request
from tests.bench.agreement.floor_nodes import packed
from tests.bench.agreement.plan import Plan
from tests.bench.agreement.plot import save_plot
from tests.bench.agreement.promises import promises
from tests.bench.agreement.report import render
from tests.bench.agreement.results import Results, power
from tests.bench.agreement.setting import NETWORK, Setting, report_text
from tests.bench.agreement.windows import Contender, Layer, Measured, Repetition, Window, core, over_memory, repetition
from tests.bench.targets import Verdict

PLAN = Plan((4,), (4,), (), 1, 4, 0.1)
SIZES = (10, 31, 100)


def test_reports_are_real_ones_of_a_real_size() -> None:
    text = report_text("node-001", 77)
    report = NodeReport.from_json(text)
    assert (report.node, report.epoch, len(report.ends)) == ("node-001", 77, 3)
    assert report.canonical().decode() == text
    assert 4_000 < len(text) < 8_000


def test_both_decide_alone_and_over_memory() -> None:
    for contender in (Replicas(Setting(7)), Floors(Setting(7))):
        assert contender.decide() > 0
        assert contender.decide() > 0
    windows = [*core(PLAN, 4), *asyncio.run(over_memory(PLAN, 4))]
    assert [(w.layer, w.contender, w.epochs) for w in windows] == [
        ("core", "floor", 1), ("core", "qkdctl", 1), ("hub", "floor", 1), ("hub", "qkdctl", 1),
    ]  # fmt: skip
    assert all(window.cpu_us > 0 for window in windows)
    assert windows[-1].pair_bits == 16 * 128, "a tag for each of eight messages in each direction"
    assert windows[-1].p50_us is not None
    assert windows[-2].pair_bits is None


def test_repetitions_are_counted_with_the_key_that_they_take() -> None:
    found = asyncio.run(repetition(0.2))
    assert found.packets > 0
    assert found.bits == 0


def test_the_floor_decides_without_one_node_of_four_and_not_without_two() -> None:
    names = ("a", "b", "c", "d")
    for silent, decides in (("d", True), ("cd", False)):
        nodes = {name: Floor(name, names, 1) for name in names}
        said = [(name, one) for name, node in nodes.items() for one in node.begin(name)]
        while said:
            sender, message = said.pop(0)
            if sender in silent and not isinstance(message, Request):
                continue
            said += [(to, one) for to in names if to != sender for one in nodes[to].take(sender, message)]
        assert [bool(node.decided) for node in nodes.values()] == [decides] * 4


def test_the_floor_takes_no_value_of_other_reports() -> None:
    names = ("a", "b", "c", "d")
    leader, other = Floor("b", names, 1), Floor("a", names, 1)
    leader.begin("one")
    other.begin("one")
    said: list[FloorMessage] = []
    for name in "acd":
        said += leader.take(name, Request(1, name))
        other.take(name, Request(1, "something else"))
    other.take("b", Request(1, "one"))
    assert isinstance(said[0], PrePrepare)
    assert other.take("b", said[0]) == []


def test_packets_of_the_floor_have_the_form_of_ours() -> None:
    assert packed("node-001", "node-002", "{}") == framed(NETWORK, "node-001", "node-002", [b"{}"])


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_a_power_law_is_found(exponent: float) -> None:
    assert power([(size, 3.0 * size**exponent) for size in SIZES]) == pytest.approx(exponent)


@pytest.mark.parametrize(("exponent", "bits", "repeated", "met"), [(1.1, 2048, 0, True), (1.3, 2600, 128, False)])
def test_a_broken_promise_is_shown(exponent: float, bits: float, repeated: int, met: bool) -> None:
    measured = made_up(exponent, bits)
    measured.repetition = Repetition(10, repeated)
    verdicts = promises(made_up_results(measured))
    assert [verdict.met for verdict in verdicts] == [met] * 4
    assert (" NO |" in render(made_up_results(measured))) is not met


def test_what_was_not_measured_is_not_promised() -> None:
    nothing: list[Verdict] = promises(made_up_results(Measured(absent={"broker, 4 nodes": "no broker here"})))
    assert [verdict.met for verdict in nothing] == [None] * 4
    assert "no broker here" in render(made_up_results(Measured(absent={"broker, 4 nodes": "no broker here"})))


def test_report_json_and_plot_hold_all_that_was_measured(tmp_path: Path) -> None:
    results = made_up_results(made_up(1.0, 2048))
    document = json.loads(json.dumps(results.to_plain()))
    assert {(cell["layer"], cell["contender"], cell["nodes"]) for cell in document["agreement"]} == {
        (layer, contender, nodes)
        for layer in ("core", "hub", "broker")
        for contender in ("qkdctl", "floor")
        for nodes in SIZES
    }
    assert document["exponents"]["core/qkdctl"] == pytest.approx(1.0)
    text = render(results)
    assert all(text.count(f"\n| {nodes} ") == 4 for nodes in SIZES)
    save_plot(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def made_up(exponent: float, bits: float) -> Measured:
    """Windows whose processor time follows a power law, ten times the floor."""
    layers: tuple[Layer, ...] = ("core", "hub", "broker")
    contenders: tuple[tuple[Contender, float], ...] = (("floor", 1.0), ("qkdctl", 10.0))
    windows = []
    for layer in layers:
        for nodes in SIZES:
            for contender, factor in contenders:
                cost = factor * nodes**exponent
                used = bits if contender == "qkdctl" and layer != "core" else None
                took = None if layer == "core" else 100 * cost
                windows.append(Window(layer, contender, nodes, 0, 1, cost, took, took, used))
    return Measured(windows)


def made_up_results(measured: Measured) -> Results:
    """A run around some windows."""
    return Results(
        mode="quick",
        plan=Plan(SIZES, SIZES, SIZES, 1, 1, 1.0),
        machine={"processor": "abacus", "cores": 1, "system": "none", "python": "3"},
        load={"before": [0.0, 0.0, 0.0], "after": [0.0, 0.0, 0.0]},
        date="2000-01-01T00:00+00:00",
        revision="0",
        duration_s=1.0,
        measured=measured,
    )

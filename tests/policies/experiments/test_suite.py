"""Suites as files."""

from dataclasses import replace

import pytest
from qkdctl_policies.experiments.cell import policy_file
from qkdctl_policies.experiments.stage import Stage, drawn
from qkdctl_policies.experiments.suite import SuiteError, load_suite, shipped_suites

from hil_sim.network.topology import load_topology
from hil_sim.scenario_problems import ScenarioError
from qkdctl.policy.builder import build
from qkdctl.policy.layers import Layer
from qkdctl.policy.vetting import vet
from tests.policies.experiments import tiny

SUITE = """
name = "mine"
epochs = 5
seeds = 2
demands = 3
loads = [0.3]
byzantine = [0.1, 0.2]
attacks = ["overt", "spy"]
arms = ["baseline", "bound"]

[networks.vienna]
topology = "secoqc-vienna"
"""


def load(folder, text):
    (folder / "mine.toml").write_text(text)
    return load_suite(str(folder / "mine.toml"))


def test_every_arm_runs_without_attack_and_the_bound_once_per_share_of_liars(tmp_path) -> None:
    cells = list(load(tmp_path, SUITE).cells())
    assert len(cells) == 2 * ((1 + 2 * 2) + (1 + 2))
    assert len({cell.key for cell in cells}) == len(cells)
    assert {(cell.byzantine, cell.attack) for cell in cells if cell.arm == "bound"} == {
        (0.0, "none"), (0.1, "none"), (0.2, "none")}  # fmt: skip


def test_peaceful_arms_run_without_attack_only(tmp_path) -> None:
    cells = list(load(tmp_path, SUITE.replace("[networks", 'peaceful_arms = ["every-6"]\n[networks')).cells())
    own = [cell for cell in cells if cell.arm == "every-6"]
    assert [(cell.byzantine, cell.attack) for cell in own] == [(0.0, "none")] * 2


@pytest.mark.parametrize("name", shipped_suites())
def test_every_shipped_suite_can_be_built(name) -> None:
    cells = list(load_suite(name).cells())
    for network in {cell.network for cell in cells}:
        first = next(cell for cell in cells if cell.network == network)
        stage = Stage.of(replace(first, warm_up_epochs=1, epochs=2, demands=2))
        assert stage.faults >= round(0.3 * len(stage.members)) - 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"overt"', '"overtt"', "no attack 'overtt'; did you mean 'overt'"),
        ('"baseline"', '"basline"', "no arm 'basline'; did you mean 'baseline'"),
        ('"overt"', '"none"', "no attack 'none'"),
        ("seeds = 2", "seeds = 0", "seeds: Input should be greater than or equal to 1"),
        ("seeds = 2", "seed = 2", "mine.toml:4: seed: unknown key -- did you mean 'seeds'"),
        ("epochs = 5", "epochs = ", "not valid TOML"),
        ("[0.3]", "[0.3, 0.6, 0.30]", "each load may be given once, got 0.3, 0.6, 0.3"),
        ("[0.1, 0.2]", "[0.1, 0.1]", "each share of Byzantine nodes may be given once"),
        ("[0.1, 0.2]", "[0.0, 0.2]", "byzantine may not have 0 beside the arm bound"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, old, new, says) -> None:
    with pytest.raises(SuiteError, match=says):
        load(tmp_path, SUITE.replace(old, new))


@pytest.mark.parametrize(
    ("content", "says"), [(b"\xff\xfe", "not UTF-8 text"), (b"a = " + b"[" * 100_000, "nested too deeply")]
)
def test_what_is_no_text_or_nested_without_end_is_told(tmp_path, content, says) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(SuiteError, match=says):
        load_suite(str(file))
    with pytest.raises(ScenarioError, match=says):
        load_topology(file)


def test_an_unknown_suite_is_told_what_there_is() -> None:
    with pytest.raises(SuiteError, match=r"no suite 'smal'; name a file that ends in \.toml, or .*small"):
        load_suite("smal")


def test_more_liars_are_the_same_liars_and_some_more() -> None:
    members = tuple(f"n{n:02d}" for n in range(20))
    few, many = (set(drawn(members, share, 4, "byzantine")) for share in (0.1, 0.3))
    assert (len(few), len(many)) == (2, 6)
    assert few < many


def test_a_row_is_named_by_the_weights_of_its_policy_and_not_by_what_the_file_claims(tmp_path) -> None:
    layers = vet(policy_file("links").read_bytes()).layers
    moved = (*layers[:-1], Layer(layers[-1].weights, layers[-1].biases + 1))
    files = {"one": build(layers, {"name": "a"}), "same": build(layers, {"name": "b"}), "other": build(moved, {})}
    names = {}
    for name, made in files.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(made)
        names[name] = tiny.cell(arm="both", policy=str(path)).configuration
    assert names["one"] == names["same"] == tiny.cell(arm="both").configuration
    assert names["other"] != names["one"]
    assert tiny.cell(policy=str(tmp_path / "other.onnx")).configuration == tiny.cell().configuration


def test_a_row_is_named_by_what_is_in_the_file_of_its_topology(tmp_path) -> None:
    first = tiny.diamond(tmp_path).cell
    before = first.configuration
    file = tmp_path / "diamond.toml"
    file.write_text(file.read_text().replace("length_km = 10.0", "length_km = 60.0"))
    assert first.configuration != before
    assert replace(first, arm="bound").configuration != replace(first, arm="field").configuration

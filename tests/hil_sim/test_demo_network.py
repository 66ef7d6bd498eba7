"""The network of the demo: a scenario that ships, from which every node gets a configuration without mistakes."""

import json
import tomllib
from pathlib import Path

import pytest

from hil_sim.demo.cut import SMALLER, load_cut
from hil_sim.demo.folders import FolderPlan, make_folders
from hil_sim.demo.policy_choice import PolicyChoice
from hil_sim.node_tables import ends_of
from hil_sim.scenario import load_scenario
from hil_sim.simulation import Simulation
from qkdctl.config.load import load
from qkdctl.network.load import load_description

REPOSITORY = Path(__file__).parents[2]
MADRID = REPOSITORY / "hil_sim" / "scenarios" / "madrid.toml"
DESCRIPTION = REPOSITORY / "config" / "demo.toml"


def test_every_site_has_three_links_so_that_no_two_liars_cut_it_off() -> None:
    ends = ends_of(load_scenario(MADRID))
    degrees = {node: sum(node in pair for pair in ends.values()) for pair in ends.values() for node in pair}
    assert len(degrees) == 8
    assert set(degrees.values()) == {3}


def test_the_smaller_network_is_a_ring_whose_routers_know_only_its_links() -> None:
    scenario = load_cut(MADRID, SMALLER[4])
    ends = ends_of(scenario)
    assert {node for pair in ends.values() for node in pair} == {*SMALLER[4]}
    routers = [section for section in scenario.instruments.values() if section.model == "key-router"]
    assert {section.options["node"] for section in routers} == {*SMALLER[4]}
    for section in routers:
        around = {link for link, pair in ends.items() if section.options["node"] in pair}
        assert section.options["links"].keys() == around
        assert len(around) == 2


@pytest.mark.asyncio
async def test_every_node_gets_a_folder_that_its_daemon_accepts(tmp_path: Path) -> None:
    async with Simulation(load_cut(MADRID, SMALLER[4])) as simulation:
        plan = FolderPlan(DESCRIPTION, PolicyChoice.parse("rule-based"), 2.0, 1)
        paths = await make_folders(tmp_path / "nodes", simulation, plan)
    assert paths.keys() == {*SMALLER[4]}
    digests = set()
    for node, path in paths.items():
        config = load(path, {}, {})
        assert config.node.name == node
        description = load_description(path.with_name("network.toml"))
        assert description.file.network.faults == 1
        assert description.file.demands, "something to relay"
        digests.add(description.digest)
    assert len(digests) == 1


def test_a_policy_is_a_baseline_or_a_file(tmp_path: Path) -> None:
    assert PolicyChoice.parse("hold").identity == "hold"
    assert PolicyChoice.parse("rule-based").label == "rule-based"
    with pytest.raises(ValueError, match="expected hold, rule-based, or the path"):
        PolicyChoice.parse(str(tmp_path / "none.onnx"))
    nothing = tmp_path / "some.onnx"
    nothing.write_bytes(b"")
    with pytest.raises(ValueError, match=r"is refused \("):
        PolicyChoice.parse(str(nothing))


def test_by_default_the_demo_runs_a_trained_policy_of_the_zoo() -> None:
    shipped = PolicyChoice.shipped()
    assert shipped.file is not None
    assert shipped.file.parent == REPOSITORY / "policies" / "zoo"
    card = json.loads(shipped.file.with_suffix(".json").read_text(encoding="utf-8"))
    assert (card["origin"], card["sha256"]) == ("trained", shipped.identity)
    assert shipped.label == f"{card['name']} (trained)"
    tables = tomllib.loads(shipped.to_toml())["policy"]
    assert tables == {"kind": "onnx", "file": str(shipped.file)}

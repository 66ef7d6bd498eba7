"""What the guide on simulated networks says is so."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hil_sim.adversary.kinds import EFFECTS
from hil_sim.adversary.section import AdversarySection, DutySection
from hil_sim.channels.impairments import IMPAIRMENTS
from hil_sim.channels.presets import PRESETS
from hil_sim.network.hardware import KeyBlocks, LinkHardware
from hil_sim.network.hardware_presets import HARDWARE
from hil_sim.network.key_buffers import BufferLimits
from hil_sim.network.run.command import network_scenario_names
from hil_sim.network.scenario import (
    DemandSection,
    LinkSection,
    MeshSection,
    NetworkScenario,
    NetworkSection,
    RingSection,
    RoutingSection,
)
from hil_sim.network.scenario_file import network_of
from hil_sim.network.topology import topology_names
from hil_sim.world.parameters import DetectorParameters

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "guides" / "network-simulation.md").read_text(encoding="utf-8")
EXAMPLES = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)]


def table(title: str) -> str:
    """A section of the guide."""
    return re.split(r"^#+ ", GUIDE.split(f"# {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("example", EXAMPLES, ids=["topology", "mesh", "ring"])
def test_the_example_scenarios_are_good(example: dict[str, Any]) -> None:
    built = network_of(example)
    assert built.network.links.count > 5


def test_the_example_has_every_key_of_every_table() -> None:
    scenario, mesh, ring = EXAMPLES
    assert set(scenario) == {*NetworkScenario.model_fields}
    assert {*scenario["network"], *mesh["network"], *ring["network"]} == {*NetworkSection.model_fields}
    assert {*mesh["network"]["mesh"]} == {*MeshSection.model_fields}
    assert {*ring["network"]["ring"]} == {*RingSection.model_fields}
    assert {*scenario["links"]["quevedo-norte"]} == {*LinkSection.model_fields}
    assert {*scenario["buffers"]} == {*BufferLimits.model_fields}
    assert {*scenario["routing"]} == {*RoutingSection.model_fields}
    assert {key for demand in scenario["demands"] for key in demand} == {*DemandSection.model_fields}
    assert {key for one in scenario["adversaries"] for key in one} == {*AdversarySection.model_fields}
    assert {*scenario["adversaries"][0]["duty"]} == {*DutySection.model_fields}


@pytest.mark.parametrize("model", [LinkHardware, KeyBlocks, DetectorParameters])
def test_every_key_of_the_hardware_is_explained(model: type[BaseModel]) -> None:
    assert {*model.model_fields} <= set(re.findall(r"`(\w+)`", table("Hardware")))


def test_every_name_to_choose_from_is_listed_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table("Names to choose from"), re.MULTILINE))
    names = {key: re.findall(r"`([a-z0-9-]+)`", row) for key, row in rows.items()}
    assert sorted(names["topology"]) == sorted(topology_names())
    assert sorted(names["hardware"]) == sorted(HARDWARE)
    assert sorted(names["channel"]) == sorted(PRESETS)
    assert sorted(names["impairment"]) == sorted(IMPAIRMENTS)
    kinds = re.findall(r"^\| `kinds`, of [a-z ]+ \| (.*) \|$", table("Names to choose from"), re.MULTILINE)
    assert sorted(re.findall(r"`([a-z-]+)`", " ".join(kinds))) == sorted(EFFECTS)


def test_every_shipped_network_is_described() -> None:
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \| ", GUIDE.split("## What comes out")[0], re.MULTILINE)) == sorted(
        network_scenario_names()
    )


def test_the_picture_is_small() -> None:
    (name,) = re.findall(r"!\[.*?\]\((.*?)\)", GUIDE)
    assert (ROOT / "docs" / "guides" / name).stat().st_size < 300_000

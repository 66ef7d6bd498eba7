"""A scenario of several nodes gives each of them a configuration, and all of them one table of links."""

from pathlib import Path

import pytest

from hil_sim.instruments.registry import model_names
from hil_sim.node_scenario import linked_nodes
from hil_sim.node_tables import PARTS, ends_of, node_tables
from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.config.link_section import PARTS as PARTS_OF_ENDS
from qkdctl.config.link_section import ROLES
from qkdctl.config.load import load
from qkdctl.control.table import link_table
from qkdctl.devices.registry import driver_class

LINKS = {"north-south": ("north", "south"), "south-west": ("south", "west"), "west-north": ("west", "north")}


def test_every_model_that_sits_on_a_link_plays_the_part_of_its_kind() -> None:
    for model, (part, end) in PARTS.items():
        assert driver_class(model).kind is ROLES[part], model
        assert part in PARTS_OF_ENDS[end], model
    assert {*model_names()} - {*PARTS} == {"qkd-engine", "key-router"}, "engines say their end, routers sit on no link"


@pytest.mark.asyncio
async def test_each_node_has_a_valid_configuration_and_all_have_the_same_table(tmp_path: Path) -> None:
    tables = set()
    async with Simulation(
        scenario_of(linked_nodes(LINKS, optics={"west-north": {"fibre_length_km": 10.0}}))
    ) as running:
        texts = node_tables(running, poll_s=0.5, figures={"south-west": {"maximum_mean_photon_number": 0.8}})
    assert texts.keys() == {"north", "south", "west"}
    for node, text in texts.items():
        file = tmp_path / f"{node}.toml"
        file.write_text(f'[node]\nname = "{node}"\n\n{text}', encoding="utf-8")
        config = load(file, {}, {})
        assert not config.provenance.warnings
        assert {link: config.links[link].ends_at(node) for link, ends in LINKS.items() if node in ends} == {
            link: tuple(end for end, there in zip(("alice", "bob"), ends, strict=True) if there == node)
            for link, ends in LINKS.items()
            if node in ends
        }
        assert len(config.devices) == 6, "four at Alice's end of one link, two at Bob's of another"
        assert {device.poll_s for device in config.devices.values()} == {0.5}
        assert config.links["west-north"].fibre_length_km == 10.0
        assert config.links["south-west"].maximum_mean_photon_number == 0.8
        tables.add(link_table(config, {}).canonical())
    assert len(tables) == 1


def test_links_that_name_no_nodes_are_refused_by_name() -> None:
    tables = linked_nodes({"a-b": ("a", "b")})
    del tables["links"]["a-b"]["bob"]
    with pytest.raises(ValueError, match="links a-b name no nodes"):
        ends_of(scenario_of(tables))

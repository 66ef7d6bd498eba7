"""A smaller network cut out of a scenario."""

import tomllib
from pathlib import Path

from hil_sim.scenario import Scenario, load_scenario, scenario_of

SMALLER: dict[int, tuple[str, ...]] = {4: ("quevedo", "quijano", "quijote", "quinto")}
"""Nodes of Madrid that make a ring by themselves, by their number."""


def load_cut(path: Path, nodes: tuple[str, ...] | None) -> Scenario:
    """A scenario, or what of it stands at some nodes.

    Args:
        path: of the scenario; its links name their nodes.
        nodes: to be kept with the links between them; all when None.

    Raises:
        ScenarioError: the scenario is wrong.
        OSError: it cannot be read.
    """
    scenario = load_scenario(path)
    if nodes is None:
        return scenario
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    tables["links"] = {
        name: table for name, table in tables["links"].items() if {table["alice"], table["bob"]} <= {*nodes}
    }
    kept = {}
    for name, table in tables["instruments"].items():
        options = table.get("options", {})
        if "link" in table:
            if table["link"] in tables["links"]:
                kept[name] = table
        elif options.get("node") in nodes:
            own = {link: other for link, other in options["links"].items() if link in tables["links"]}
            kept[name] = table | {"options": options | {"links": own}}
    tables["instruments"] = kept
    return scenario_of(tables, source=str(path))

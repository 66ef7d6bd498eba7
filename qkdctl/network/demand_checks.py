"""Checks of [demands]: two members that the links can really give keys to."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.tree import Tree
from qkdctl.config.types import is_name
from qkdctl.network.key_graph import key_graph
from qkdctl.network.reading import MEMBERS, is_stranger, stranger, tables
from qkdctl.network.routes import prospect
from qkdctl.network.sections import DemandTable
from qkdctl.records.route import MOST_SHARES, RouteDemand
from qkdctl.routing.topology import Topology


def check_demands(tree: Tree) -> list[Problem]:
    """Check all demands against the members and the links."""
    demands = tables(tree, "demands")
    topology = _topology(tree) if demands else None
    return [problem for name, table in demands.items() for problem in _demand(tree, name, table, topology)]


def _demand(tree: Tree, name: str, table: Mapping[str, Any], topology: Topology | None) -> Iterator[Problem]:
    path: KeyPath = ("demands", name)
    strange = [(*path, end) for end in ("source", "target") if is_stranger(tree, (*path, end))]
    yield from (stranger(tree, where) for where in strange)
    try:
        values = DemandTable.model_validate(table)
    except ValidationError:
        return
    if values.source == values.target:
        where = (*path, "target")
        message = f"source and target are both {values.source}"
        yield Problem(tree.origin(where), dotted(where), message, describe("", values.target), "two different members")
    elif 1 + values.colluding + values.failing > MOST_SHARES:
        where = (*path, "colluding")
        message = f"it would need {1 + values.colluding + values.failing} paths"
        expected = f"colluding + failing of at most {MOST_SHARES - 1}"
        yield Problem(tree.origin(where), dotted(where), message, expected=expected)
    elif is_name(name) and not strange and topology is not None and tree.is_complete:
        yield from _paths(tree, path, RouteDemand(demand=name, **values.model_dump()), topology)


def _paths(tree: Tree, path: KeyPath, demand: RouteDemand, topology: Topology) -> Iterator[Problem]:
    found = prospect(topology, demand)
    if not found.missing:
        return
    message = (
        f"{demand.source} to {demand.target} needs {found.needed} paths without a common relay "
        f"(k = {found.least}, {demand.failing} to spare), the links give {found.available}: {found.bottleneck}"
    )
    if found.is_possible:
        hint = f"keys stop when {found.available - found.least + 1} of them fail; add links, or ask for less"
        yield Problem(tree.origin(path), dotted(path), message, hint=hint, severity="warning")
    else:
        yield Problem(tree.origin(path), dotted(path), message, hint="add links, or write a smaller colluding")


def _topology(tree: Tree) -> Topology | None:
    """The key graph of what is valid, None where nothing can be said."""
    members = [name for name in tree.table(MEMBERS) if is_name(name)]
    ends = {}
    for link, table in tables(tree, "links").items():
        pair = (table.get("alice"), table.get("bob"))
        if not is_name(link) or any(end not in members for end in pair):
            return None
        ends[link] = (str(pair[0]), str(pair[1]))
    return key_graph(members, ends) if members else None

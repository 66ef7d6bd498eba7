"""Checks of [links] against the node: it names the instruments of the ends that stand here, and no others."""

from collections.abc import Mapping
from typing import Any

from qkdctl.config.link_section import OBLIGATORY, PARTS, LinkSection
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.schema import find_shape
from qkdctl.config.suggestions import did_you_mean
from qkdctl.config.tree import Tree
from qkdctl.records.session import End

_NODE: KeyPath = ("node", "name")


def check_ends(tree: Tree) -> list[Problem]:
    """Check what each link says about its ends."""
    problems: list[Problem] = []
    for link, table in tree.table(("links",)).items():
        if isinstance(table, Mapping):
            path = ("links", link)
            here = ends_here(tree, path)
            for end in PARTS:
                problems += _own_end(tree, path, table, end) if end in here else _other_end(tree, path, table, end)
            problems += _realignment(tree, path, table, here)
    return problems


def ends_here(tree: Tree, path: KeyPath) -> tuple[End, ...]:
    """The ends of the link at a path that stand at this node, as far as anything says where they stand."""
    node, table = tree.get(_NODE), tree.table(path)
    return tuple(end for end in PARTS if not isinstance(node, str) or table.get(end, node) == node)


def _own_end(tree: Tree, path: KeyPath, table: Mapping[str, Any], end: End) -> list[Problem]:
    if not tree.is_complete:
        return []
    strange = [key for key in table if key not in LinkSection.model_fields]
    meant = {did_you_mean(key, LinkSection.model_fields) for key in strange}
    return [
        _missing(tree, (*path, part))
        for part in OBLIGATORY[end]
        if part not in table and not any(hint.startswith(did_you_mean(part, [part])) for hint in meant)
    ]


def _missing(tree: Tree, path: KeyPath) -> Problem:
    part, shape = str(path[-1]), find_shape(path)
    examples = LinkSection.model_fields[part].examples or []
    return Problem(
        tree.origin(path),
        dotted(path),
        f"{part} is missing in [{dotted(path[:-1])}]",
        expected=shape.expected if shape else "",
        hint=f"add {part} = {describe('', examples[0])}",
    )


def _other_end(tree: Tree, path: KeyPath, table: Mapping[str, Any], end: End) -> list[Problem]:
    node, elsewhere = str(tree.get(_NODE)), table.get(end)
    if not isinstance(elsewhere, str):
        return []
    hint = f"remove it; the configuration of {elsewhere} names it"
    if did_you_mean(elsewhere, [node]):
        hint += f". If that end stands here: {end} = {describe('', node)}"
    return [
        Problem(
            tree.origin((*path, part)),
            dotted((*path, part)),
            f"{part} belongs to {end.capitalize()}'s end, which stands at {elsewhere}; this node is {node}",
            describe(part, table[part]),
            f"instruments of {_words(tree, path)}",
            hint,
        )
        for part in PARTS[end]
        if part in table
    ]


def _words(tree: Tree, path: KeyPath) -> str:
    ends = [f"{end.capitalize()}'s end" for end in ends_here(tree, path)]
    return " and ".join(ends) or "no end, since neither stands here"


def _realignment(tree: Tree, path: KeyPath, table: Mapping[str, Any], here: tuple[End, ...]) -> list[Problem]:
    """Other nodes take it for granted that Bob's end can be re-aligned, unless the figures say otherwise."""
    taken_for_granted = "alice" not in here and "can_realign" not in table
    said = table.get("can_realign") is True
    if "bob" not in here or "polarization_controller" in table or not (said or taken_for_granted):
        return []
    where = (*path, "can_realign" if said else "polarization_controller")
    hint = "add polarization_controller, or can_realign = false at every node"
    message = "the link can be re-aligned, but Bob's end has no polarization_controller"
    return [Problem(tree.origin(where), dotted(where), message, hint=hint)] if tree.is_complete else []

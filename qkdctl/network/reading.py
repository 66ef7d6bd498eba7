"""Looking at values of a description that nobody has judged yet."""

from collections.abc import Mapping
from typing import Any

from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.schema import find_shape
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.config.types import is_name
from qkdctl.network.sections import NetworkFile

MEMBERS: KeyPath = ("members",)


def tables(tree: Tree, section: str) -> dict[str, Mapping[str, Any]]:
    """The entries of a table with free names, as far as they are tables."""
    return {name: table for name, table in tree.table((section,)).items() if isinstance(table, Mapping)}


def number(tree: Tree, path: KeyPath) -> float | None:
    """The number at a path, None when what stands there is none or is out of its own range."""
    shape, value = find_shape(path, NetworkFile), tree.get(path)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and shape is not None and shape.admits(value) else None


def whole(tree: Tree, path: KeyPath) -> int | None:
    """The same for whole numbers."""
    value = number(tree, path)
    return int(value) if value is not None and isinstance(tree.get(path), int) else None


def is_stranger(tree: Tree, path: KeyPath) -> bool:
    """Whether a valid name stands at a path that no member has."""
    name = tree.get(path)
    return is_name(name) and name not in tree.table(MEMBERS)


def stranger(tree: Tree, path: KeyPath) -> Problem:
    """What is wrong with such a name."""
    members, name = tree.table(MEMBERS), str(tree.get(path))
    hint = did_you_mean(name, members) or f"add [members.{name}]"
    message = f"there is no member {name}"
    return Problem(tree.origin(path), dotted(path), message, describe("", name), listing(members, quoted=True), hint)


def founders(tree: Tree) -> int:
    """Number of members that do not join later."""
    return sum(table.get("joins") is not True for table in tables(tree, "members").values())


def counted_members(count: int) -> str:
    """`1 member`, `4 members`."""
    return f"{count} member{'' if count == 1 else 's'}"

"""Values from the environment and from flags: single values only, never tables or lists."""

from collections.abc import Mapping
from typing import Any

from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin, Problem, dotted
from qkdctl.config.redaction import describe, names_secret
from qkdctl.config.schema import Shape, find_shape
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.config.units import quantity_hint, wrong_unit
from qkdctl.config.validation import inline_secret_problem

PREFIX = "QKDCTL_"
_SEPARATOR = "__"
_WORDS = {"true": True, "false": False}


def apply_environment(tree: Tree, environment: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    """Apply all variables `QKDCTL_<SECTION>__<KEY>`.

    Device, link and key names are matched in lower case, with `-` for `_` where that names something:
    `QKDCTL_DEVICES__ALICE_LASER__POLL_S=0.5`.
    """
    problems: list[Problem] = []
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or _SEPARATOR not in variable.removeprefix(PREFIX):
            continue
        words = variable.removeprefix(PREFIX).lower().split(_SEPARATOR)
        path: KeyPath = ()
        for word in words:
            known = _known_keys(tree, path)
            dashed = word.replace("_", "-")
            path = (*path, dashed if dashed in known and word not in known else word)
        tree, found = _apply(tree, path, environment[variable], Origin(f"environment {variable}"))
        problems += found
    return tree, problems


def apply_flags(tree: Tree, overrides: Mapping[str, str]) -> tuple[Tree, list[Problem]]:
    """Apply flags: dotted key -> text, such as `node.epoch_s` -> `2`."""
    problems: list[Problem] = []
    for key, text in overrides.items():
        tree, found = _apply(tree, tuple(key.split(".")), text, Origin(f"flag {key}"))
        problems += found
    return tree, problems


def _apply(tree: Tree, path: KeyPath, text: str, origin: Origin) -> tuple[Tree, list[Problem]]:
    refusal = _unknown(tree, path, text, origin)
    if refusal is not None:
        return tree, [refusal]
    if any(not isinstance(tree.get(path[:depth]), Mapping | None) for depth in range(1, len(path))):
        return tree, []  # A table that is none; validation reports it where it stands.
    shape = _shape_at(tree, path)
    if not shape.is_scalar:
        problem = Problem(
            origin,
            dotted(path),
            f"{dotted(path)} is a {'table' if shape.kind is dict else 'list'} and can only be set in a file",
            expected="the key of a single value",
        )
        return tree, [problem]
    value = _parse(shape, text)
    if value is None:
        problem = Problem(
            origin,
            dotted(path),
            f"{dotted(path)} has a value of the wrong type",
            describe(path[-1], text),
            shape.expected,
            quantity_hint(str(path[-1]), text),
        )
        return tree, [problem]
    return tree.with_value(path, value, origin), []


def _unknown(tree: Tree, path: KeyPath, text: str, origin: Origin) -> Problem | None:
    """A problem when the path leads nowhere: only what the schema has or a file has set can be replaced."""
    if names_secret(path[-1]):
        return inline_secret_problem(path, text, origin)
    for depth, part in enumerate(path):
        known = _known_keys(tree, path[:depth])
        if part in known:
            continue
        where = f"[{dotted(path[:depth])}]" if depth else "the configuration"
        hint = wrong_unit(str(part), text, known) or did_you_mean(str(part), known)
        if not known:
            hint = f"{where} stands in no file; a variable or flag adds no table"
        return Problem(
            origin, dotted(path), f"there is no {part} in {where} to replace", expected=listing(known), hint=hint
        )
    return None


def _known_keys(tree: Tree, path: KeyPath) -> list[str]:
    """What may be replaced below a path. Optional tables count only when a file has them."""
    present = tree.table(path)
    shape = find_shape(path)
    if shape is None or shape.section is None:
        return list(present)
    if shape.is_optional and tree.get(path) is None:
        return []
    return list(shape.section.model_fields)


def _shape_at(tree: Tree, path: KeyPath) -> Shape:
    shape = find_shape(path)
    if shape is not None:
        return shape
    present = tree.get(path)
    kind = dict if isinstance(present, Mapping) else tuple if isinstance(present, list) else type(present)
    return Shape(kind, expected=f"a value like {describe(path[-1], present)}")


def _parse(shape: Shape, text: str) -> Any:
    """The text in the type of the key, None when it is no such value."""
    try:
        if shape.kind is bool:
            return _WORDS.get(text.strip().lower())
        if shape.kind is int:
            return int(text)
        if shape.kind is float:
            return float(text)
    except ValueError:
        return None
    return text

"""Checks of [devices.<name>.limits.<attribute>] against what the driver declares."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from qkdctl.config.device_section import LimitSection
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.config.units import scale_hint, wrong_unit
from qkdctl.devices.attributes import Attribute, Limits


def check_limits(tree: Tree, path: KeyPath, attributes: Sequence[Attribute]) -> tuple[dict[str, Limits], list[Problem]]:
    """Limits in force per limited attribute, and what is wrong with the configured ones.

    Args:
        tree: raw values.
        path: of the limits table.
        attributes: that the driver declares.
    """
    declared = {attribute.name: attribute for attribute in attributes}
    limits = {name: attribute.limits for name, attribute in declared.items()}
    problems: list[Problem] = []
    for name, table in tree.table(path).items():
        if name not in declared:
            problems.append(_unknown(tree, (*path, name), attributes))
            continue
        refusal = _not_limitable(tree, (*path, name), declared[name])
        if refusal is not None:
            problems.append(refusal)
        elif isinstance(table, Mapping):
            combined, found = _combine(tree, (*path, name), table, declared[name])
            limits[name] = combined
            problems += found
    return limits, problems


def _unknown(tree: Tree, path: KeyPath, attributes: Sequence[Attribute]) -> Problem:
    name = str(path[-1])
    known = [attribute.name for attribute in attributes if _is_limitable(attribute)]
    hint = wrong_unit(name, None, known) or did_you_mean(name, known)
    message = f"the driver has no attribute {name}"
    return Problem(tree.origin(path), dotted(path), message, name, listing(known) or "no limits at all", hint)


def _not_limitable(tree: Tree, path: KeyPath, attribute: Attribute) -> Problem | None:
    if _is_limitable(attribute):
        return None
    what = f"is a {attribute.type.__name__}" if attribute.writable else "is only read"
    message = f"{attribute.name} {what} and takes no limits"
    return Problem(
        tree.origin(path), dotted(path), message, expected="an attribute that is a number and can be written"
    )


def _is_limitable(attribute: Attribute) -> bool:
    return attribute.writable and attribute.type in {int, float}


def _combine(tree: Tree, path: KeyPath, table: Mapping[str, Any], attribute: Attribute) -> tuple[Limits, list[Problem]]:
    try:
        section = LimitSection.model_validate(dict(table))
    except ValidationError:
        return attribute.limits, []
    configured = section.to_limits()
    declared = attribute.limits
    combined = declared.intersect(configured)
    if section == LimitSection():
        expected = listing(LimitSection.model_fields)
        return declared, [Problem(tree.origin(path), dotted(path), "the table limits nothing", expected=expected)]
    if configured.is_empty:
        where = (*path, "maximum")
        message = f"maximum {configured.maximum:g} is below minimum {configured.minimum:g}"
        return declared, [Problem(tree.origin(where), dotted(where), message, hint="exchange them, or correct one")]
    if combined.is_empty:
        return declared, [_outside(tree, path, attribute, section)]
    return combined, _without_effect(tree, path, attribute, section)


def _outside(tree: Tree, path: KeyPath, attribute: Attribute, section: LimitSection) -> Problem:
    declared = attribute.limits
    key = "minimum" if section.minimum is not None and section.minimum > declared.maximum else "maximum"
    value = getattr(section, key)
    return Problem(
        tree.origin((*path, key)),
        dotted((*path, key)),
        f"no value of {attribute.name} satisfies both this limit and the instrument's own",
        f"{value:g}",
        f"within {_interval(attribute)}",
        scale_hint(attribute.name, value, declared.admits),
    )


def _without_effect(tree: Tree, path: KeyPath, attribute: Attribute, section: LimitSection) -> list[Problem]:
    """A limit wider than the instrument's own is often one in the wrong unit."""
    problems = []
    for key, value in (("minimum", section.minimum), ("maximum", section.maximum)):
        if value is not None and not attribute.limits.admits(value):
            message = f"the limit has no effect: the instrument itself allows only {_interval(attribute)}"
            hint = scale_hint(attribute.name, value, attribute.limits.admits)
            where = (*path, key)
            problems.append(
                Problem(tree.origin(where), dotted(where), message, f"{value:g}", hint=hint, severity="warning")
            )
    return problems


def _interval(attribute: Attribute) -> str:
    return f"{attribute.limits.minimum:g} to {attribute.limits.maximum:g} {attribute.unit}".rstrip()

"""Checks of the figures of [links] against each other and against the limits of the instruments."""

from collections.abc import Mapping
from typing import Any

from qkdctl.config.device_checks import CheckedDevice
from qkdctl.config.link_ends import ends_here
from qkdctl.config.link_section import LinkSection
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.schema import find_shape
from qkdctl.config.tree import Tree
from qkdctl.config.units import scale_hint


def check_figures(tree: Tree, devices: Mapping[str, CheckedDevice]) -> list[Problem]:
    """Check the figures of all links, each only where the values it compares are valid by themselves."""
    problems: list[Problem] = []
    for link, table in tree.table(("links",)).items():
        if isinstance(table, Mapping):
            path = ("links", link)
            problems += check_shared_figures(tree, path)
            if "alice" in ends_here(tree, path):
                problems += _tap(tree, path, table)
                problems += _switch(tree, path, table)
            problems += _instrument_limits(tree, path, table, devices)
    return problems


def check_shared_figures(tree: Tree, path: KeyPath) -> list[Problem]:
    """Check the figures of one link that all nodes share against each other."""
    return [*_mean_photon_numbers(tree, path), *_error_rates(tree, path)]


def _number(tree: Tree, path: KeyPath) -> float | None:
    """The number in force, None when what stands there is none or is out of its own range."""
    value = tree.get(path)
    if value is None:
        value = LinkSection.model_fields[str(path[-1])].get_default()
    shape = find_shape(path)
    if isinstance(value, bool) or not isinstance(value, int | float) or shape is None or not shape.admits(value):
        return None
    return float(value)


def _mean_photon_numbers(tree: Tree, path: KeyPath) -> list[Problem]:
    first, cap = (_number(tree, (*path, f"{word}_mean_photon_number")) for word in ("initial", "maximum"))
    if first is None or cap is None or first <= cap:
        return []
    # Reported where somebody wrote it: the default of one may contradict the value of the other.
    keys = ("initial_mean_photon_number", "maximum_mean_photon_number")
    where = next(((*path, key) for key in keys if tree.get((*path, key)) is not None), (*path, keys[0]))
    message = f"initial_mean_photon_number {first:g} is above the cap"
    hint = f"set initial_mean_photon_number as well; without it, it is {first:g}" if where[-1] != keys[0] else ""
    expected = f"initial_mean_photon_number of at most {cap:g}"
    return [Problem(tree.origin(where), dotted(where), message, f"{first:g}", expected, hint)]


def _error_rates(tree: Tree, path: KeyPath) -> list[Problem]:
    expected, limit = _number(tree, (*path, "expected_qber_ppm")), _number(tree, (*path, "qber_limit_ppm"))
    if expected is None or limit is None or expected < limit:
        return []
    key = "expected_qber_ppm" if tree.get((*path, "expected_qber_ppm")) is not None else "qber_limit_ppm"
    message = f"the expected error rate {expected:g} ppm is not below the limit of {limit:g} ppm"
    hint = "10000 ppm are 1 %"
    where = (*path, key)
    return [
        Problem(tree.origin(where), dotted(where), message, expected="expected_qber_ppm < qber_limit_ppm", hint=hint)
    ]


def _tap(tree: Tree, path: KeyPath, table: Mapping[str, Any]) -> list[Problem]:
    if "power_meter" not in table:
        message = "the link has no power meter, so it cannot be calibrated and stays dark"
        hint = "add power_meter and tap_ratio"
        return _when_complete(tree, Problem(tree.origin(path), dotted(path), message, hint=hint, severity="warning"))
    if "tap_ratio" in table:
        return []
    where = (*path, "power_meter")
    message = "power_meter needs tap_ratio"
    hint = "add tap_ratio = the power towards the attenuator divided by the power at the meter"
    return _when_complete(tree, Problem(tree.origin(where), dotted((*path, "tap_ratio")), message, hint=hint))


def _switch(tree: Tree, path: KeyPath, table: Mapping[str, Any]) -> list[Problem]:
    if ("switch" in table) == bool(table.get("switch_connections")):
        return []
    key, other = ("switch", "switch_connections") if "switch" in table else ("switch_connections", "switch")
    hint = 'add switch_connections, such as "1>17"' if other == "switch_connections" else "add switch"
    where = (*path, key)
    return _when_complete(tree, Problem(tree.origin(where), dotted(where), f"{key} needs {other}", hint=hint))


def _when_complete(tree: Tree, problem: Problem) -> list[Problem]:
    return [problem] if tree.is_complete else []


def _instrument_limits(
    tree: Tree, path: KeyPath, table: Mapping[str, Any], devices: Mapping[str, CheckedDevice]
) -> list[Problem]:
    """The set-points that follow from the figures must be ones that the instruments accept."""
    problems = []
    for key, role, attribute in (
        ("operating_current_a", "source", "current_a"),
        ("wavelength_nm", "attenuator", "wavelength_nm"),
        ("wavelength_nm", "power_meter", "wavelength_nm"),
    ):
        name = table.get(role)
        device = devices.get(name) if isinstance(name, str) else None
        value = _number(tree, (*path, key))
        limits = device.limits.get(attribute) if device is not None else None
        if value is None or limits is None or limits.admits(value):
            continue
        where = (*path, key)
        problems.append(
            Problem(
                tree.origin(where),
                dotted(where),
                f"{key} is outside the limits of {name}",
                f"{value:g}",
                f"{limits.minimum:g} to {limits.maximum:g}, the limits of {name}.{attribute}",
                scale_hint(key, value, limits.admits),
            )
        )
    return problems

"""Checks of [devices] that need the drivers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from qkdctl.config.addresses import family
from qkdctl.config.catalog import DriverCatalog
from qkdctl.config.limit_checks import check_limits
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.config.validation import validation_problems
from qkdctl.devices.attributes import Limits
from qkdctl.devices.device import Device


@dataclass(frozen=True, slots=True)
class CheckedDevice:
    """What is known about a device after its own checks.

    Attributes:
        driver: None when it could not be loaded; nothing can then be said about the device.
        limits: per attribute, declared and configured together.
        options: as the driver's model holds them, with its defaults; None when they are not valid.
    """

    name: str
    driver: type[Device] | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None


def check_devices(tree: Tree, catalog: DriverCatalog) -> tuple[dict[str, CheckedDevice], list[Problem]]:
    """Check every device that stands in the tree, as far as it is readable."""
    names = catalog.names()
    devices: dict[str, CheckedDevice] = {}
    problems: list[Problem] = []
    for name, table in tree.table(("devices",)).items():
        if isinstance(table, Mapping):
            devices[name], found = _check_device(tree, name, table, catalog, names)
            problems += found
    return devices, problems + _shared_addresses(tree, devices)


def _check_device(
    tree: Tree, name: str, table: Mapping[str, Any], catalog: DriverCatalog, names: list[str]
) -> tuple[CheckedDevice, list[Problem]]:
    path = ("devices", name)
    driver, problems = _load_driver(tree, (*path, "driver"), table.get("driver"), catalog, names)
    if driver is None:
        return CheckedDevice(name), problems
    problems += _check_family(tree, (*path, "address"), table.get("address"), driver)
    options, found = _check_options(tree, (*path, "options"), driver)
    problems += found
    limits, found = check_limits(tree, (*path, "limits"), driver.attributes)
    return CheckedDevice(name, driver, limits, options), problems + found


def _load_driver(
    tree: Tree, path: KeyPath, name: object, catalog: DriverCatalog, names: list[str]
) -> tuple[type[Device] | None, list[Problem]]:
    if not isinstance(name, str):
        return None, []
    if name not in names:
        hint = did_you_mean(name, names, quoted=True)
        if not names:
            hint = "no driver is installed at all; install the package that has it"
        problem = Problem(
            tree.origin(path),
            dotted(path),
            f'there is no driver "{name}"',
            f'"{name}"',
            listing(names, quoted=True),
            hint,
        )
        return None, [problem]
    try:
        return catalog.load(name), []
    except Exception as error:  # noqa: BLE001 - a driver of somebody else may raise anything on import
        reason = f"{type(error).__name__}: {error}"
        hint = "install the package that registers it again, with what it depends on"
        problem = Problem(
            tree.origin(path), dotted(path), f"driver {name} does not load: {reason}", f'"{name}"', hint=hint
        )
        return None, [problem]


def _check_family(tree: Tree, path: KeyPath, address: object, driver: type[Device]) -> list[Problem]:
    """The scheme of the address must be of the family that the driver's example shows."""
    wanted = family(driver.address_example)
    found = family(address) if isinstance(address, str) else ""
    if not wanted or not found or wanted == found:
        return []
    message = f"the driver speaks over {wanted}, the address is one for {found}"
    hint = f'for example "{driver.address_example}"'
    return [Problem(tree.origin(path), dotted(path), message, describe("address", address), wanted, hint)]


def _check_options(tree: Tree, path: KeyPath, driver: type[Device]) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    table = tree.table(path)
    try:
        options = driver.Options.model_validate(dict(table))
    except ValidationError as error:
        return None, validation_problems(error, tree, driver.Options, path)
    return options.model_dump(mode="json", exclude_none=True), []


def _shared_addresses(tree: Tree, devices: Mapping[str, CheckedDevice]) -> list[Problem]:
    """Channels of one instrument share its address; two devices for the same channel fight over it."""
    problems = []
    first_at: dict[str, list[CheckedDevice]] = {}
    for name, device in devices.items():
        path: KeyPath = ("devices", name, "address")
        address = tree.get(path)
        if not isinstance(address, str) or device.driver is None or device.options is None:
            continue
        for other in first_at.get(address, []):
            where = tree.origin(("devices", other.name, "address"))
            if other.driver is not device.driver:
                message = f"{other.name} ({where}) has the same address and another driver"
                problems.append(Problem(tree.origin(path), dotted(path), message, f'"{address}"', severity="warning"))
            elif other.options == device.options:
                message = f"{name} and {other.name} ({where}) are the same instrument"
                hint = "remove one; channels of one instrument differ in [devices.<name>.options]"
                problems.append(
                    Problem(tree.origin(path), dotted(path), message, f'"{address}"', "an address of its own", hint)
                )
        first_at.setdefault(address, []).append(device)
    return problems

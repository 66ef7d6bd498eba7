"""Checks of what names devices: each exists, is of the right kind, and serves one link only where it must."""

from collections.abc import Mapping

from qkdctl.config.device_checks import CheckedDevice
from qkdctl.config.link_section import ROLES
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.devices.kinds import DeviceKind

#: A detector has channels and a switch has ports; everything else belongs to one link, in one part.
_SHAREABLE = {"detector", "switch"}


def check_references(tree: Tree, devices: Mapping[str, CheckedDevice]) -> list[Problem]:
    """Check the devices that the links name."""
    problems: list[Problem] = []
    used: dict[str, KeyPath] = {}
    for link, table in tree.table(("links",)).items():
        for role, kind in ROLES.items():
            name = table.get(role) if isinstance(table, Mapping) else None
            if not isinstance(name, str):
                continue
            path = ("links", link, role)
            problem = _check_reference(tree, path, name, kind, devices)
            if problem is None:
                first = used.setdefault(name, path)
                if first != path and role not in _SHAREABLE:
                    problem = _used_twice(tree, path, name, first)
            if problem is not None:
                problems.append(problem)
    return problems


def check_key_router(tree: Tree, devices: Mapping[str, CheckedDevice]) -> list[Problem]:
    """Check the device that relays keys."""
    path: KeyPath = ("network", "key_router")
    name = tree.get(path)
    if not isinstance(name, str):
        return []
    problem = _check_reference(tree, path, name, DeviceKind.KEY_ROUTER, devices)
    return [] if problem is None else [problem]


def _check_reference(
    tree: Tree, path: KeyPath, name: str, kind: DeviceKind, devices: Mapping[str, CheckedDevice]
) -> Problem | None:
    fitting = [other.name for other in devices.values() if other.driver is not None and other.driver.kind is kind]
    if name not in devices:
        if not tree.is_complete:
            return None
        unknown = [other.name for other in devices.values() if other.driver is None]
        hint = did_you_mean(name, fitting + unknown) or did_you_mean(name, devices) or f"add [devices.{name}]"
        return Problem(
            tree.origin(path), dotted(path), f"there is no device {name}", f'"{name}"', _expected(kind, fitting), hint
        )
    driver = devices[name].driver
    if driver is None or driver.kind is kind:
        return None
    hint = f"did you mean {fitting[0]}?" if len(fitting) == 1 else did_you_mean(name, fitting)
    message = f"{name} is of kind {driver.kind.value}; {path[-1]} needs one of kind {kind.value}"
    return Problem(tree.origin(path), dotted(path), message, f'"{name}"', _expected(kind, fitting), hint)


def _expected(kind: DeviceKind, fitting: list[str]) -> str:
    return listing(fitting, quoted=True) or f"a device of kind {kind.value}; none is configured"


def _used_twice(tree: Tree, path: KeyPath, name: str, first: KeyPath) -> Problem:
    what = f"the {first[2]}" if first[1] == path[1] else f"the {first[2]} of link {first[1]}"
    return Problem(
        tree.origin(path),
        dotted(path),
        f"{name} is already {what} ({tree.origin(first)})",
        f'"{name}"',
        "a device of its own for each link and part",
        "configure a second device, with another channel if it is the same instrument",
    )

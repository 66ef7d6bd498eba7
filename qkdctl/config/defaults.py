"""Defaults that follow from other values; what does not, stands in the models."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qkdctl.config.control_socket import SOCKET_NAME
from qkdctl.config.device_checks import CheckedDevice
from qkdctl.config.link_section import PARTS
from qkdctl.config.model import NodeSection
from qkdctl.config.positions import KeyPath
from qkdctl.config.schema import find_shape
from qkdctl.config.tree import Tree
from qkdctl.config.types import is_name

_UNNAMED = "unnamed"
"""Stands in for a name of the node that is refused, so that it is refused once."""
_MQTT_PORT, _MQTT_TLS_PORT = 1883, 8883


def with_defaults(tree: Tree, devices: Mapping[str, CheckedDevice]) -> Tree:
    """Fill in what no source sets; a value of the wrong type is left for validation to refuse."""
    node, policy = tree.table(("node",)), tree.table(("policy",))
    runtime = node.get("runtime_directory", str(NodeSection.model_fields["runtime_directory"].default))
    if isinstance(runtime, str):
        tree = _default(tree, ("api", "socket"), str(Path(runtime) / SOCKET_NAME))
    tree = _default(tree, ("policy", "kind"), "onnx" if "file" in policy else "rule-based")
    for broker in broker_paths(tree):
        tree = _default(tree, (*broker, "port"), default_port(tree.table(broker)))
    if isinstance(tree.get(("mqtt",)), Mapping):
        tree = _default(tree, ("mqtt", "client_id"), f"qkdctl-{node.get('name', '')}")
    for link in tree.table(("links",)):
        tree = _with_ends(tree, ("links", link), node.get("name"))
    for device in devices.values():
        path: KeyPath = ("devices", device.name)
        poll_s = tree.get((*path, "poll_s"))
        if poll_s is None:
            poll_s = 1.0
        shape = find_shape((*path, "poll_s"))
        if isinstance(poll_s, int | float) and shape is not None and shape.admits(poll_s):
            tree = _default(tree, (*path, "poll_offset_s"), poll_offset_s(device.name, poll_s))
        for option, value in (device.options or {}).items():
            tree = _default(tree, (*path, "options", option), value)
    return tree


def broker_paths(tree: Tree) -> list[KeyPath]:
    """Where brokers are configured."""
    brokers = ("network", "brokers")
    paths: list[KeyPath] = [("mqtt",), *((*brokers, name) for name in tree.table(brokers))]
    return [path for path in paths if isinstance(tree.get(path), Mapping)]


def default_port(broker: Mapping[str, Any]) -> int:
    """TCP port of a broker, by whether its table has TLS."""
    return _MQTT_TLS_PORT if "tls" in broker else _MQTT_PORT


def poll_offset_s(device: str, poll_s: float) -> float:
    """A share of the poll period that depends on the name only, so that a new device moves no other.

    Returns:
        Seconds in [0, poll_s), in thousandths of the period.
    """
    return zlib.crc32(device.encode()) % 1000 * poll_s / 1000


def _with_ends(tree: Tree, path: KeyPath, node: Any) -> Tree:
    """Both ends of a link stand here unless it says otherwise."""
    for end in PARTS:
        tree = _default(tree, (*path, end), node if is_name(node) else _UNNAMED)
    table = tree.table(path)
    return _default(tree, (*path, "can_realign"), table.get("bob") != node or "polarization_controller" in table)


def _default(tree: Tree, path: KeyPath, value: Any) -> Tree:
    around = tree.get(path[:-1])
    if (around is not None and not isinstance(around, Mapping)) or tree.get(path) is not None:
        return tree
    return tree.with_value(path, value, None)

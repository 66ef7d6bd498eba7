"""Checks of [network]: the node is a member, reaches the others, shares keys with them, and claims what is true."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from qkdctl.config.defaults import default_port
from qkdctl.config.network_section import NetworkSection, pair_file
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree

if TYPE_CHECKING:
    from qkdctl.network.description import NetworkDescription

NETWORK: KeyPath = ("network",)
_NAME: KeyPath = ("node", "name")
_BASELINES = ("rule-based", "hold")
_IF_READ = "if somebody may have read it, make new files for the pair: who has read one can forge"


def check_network(tree: Tree, description: "NetworkDescription") -> list[Problem]:
    """Check a node's own configuration against the description of its network."""
    return [
        *_membership(tree, description),
        *_links(tree, description),
        *_policy(tree, description),
        *_brokers(tree),
        *_keys(tree, description),
        *_claim(tree, description),
    ]


def _peers(tree: Tree, description: "NetworkDescription") -> list[str]:
    return [member for member in description.members if member != tree.get(_NAME)]


def _membership(tree: Tree, description: "NetworkDescription") -> Iterator[Problem]:
    name = tree.get(_NAME)
    if not isinstance(name, str) or name in description.members:
        return
    message = f"{name} is no member of the network {description.name}"
    hint = did_you_mean(name, description.members) or f"add [members.{name}] to {description.source} at every node"
    expected = listing(description.members, quoted=True)
    yield Problem(tree.origin(_NAME), dotted(_NAME), message, describe("", name), expected, hint)


def _links(tree: Tree, description: "NetworkDescription") -> Iterator[Problem]:
    known = description.file.links
    for link in tree.table(("links",)):
        if link not in known:
            path: KeyPath = ("links", link)
            message = f"there is no link {link} in the network {description.name}"
            hint = did_you_mean(link, known) or f"add [links.{link}] to {description.source} at every node"
            yield Problem(tree.origin(path), dotted(path), message, expected=listing(known), hint=hint)


def _policy(tree: Tree, description: "NetworkDescription") -> Iterator[Problem]:
    """Only a warning: an act may have activated another policy since."""
    agreed = description.file.network.policy
    table = tree.table(("policy",))
    kind = table.get("kind", "onnx" if "file" in table else "rule-based")
    path: KeyPath = ("policy", "kind")
    if agreed in _BASELINES:
        fits, wanted = kind == agreed, f"kind = {describe('', agreed)}"
    else:
        fits, wanted = kind == "onnx" and table.get("sha256", agreed) == agreed, f"the file with SHA-256 {agreed}"
        path = ("policy", "sha256") if kind == "onnx" and "sha256" in table else path
    if not fits:
        message = "the network begins with another policy; this one is not in force until an act activates it"
        hint = "a node that has not got the policy in force at hand takes no part in decisions"
        yield Problem(tree.origin(path), dotted(path), message, expected=wanted, hint=hint, severity="warning")


def _brokers(tree: Tree) -> Iterator[Problem]:
    path: KeyPath = (*NETWORK, "transport")
    transport = tree.get(path) or "mqtt"
    brokers = tree.table((*NETWORK, "brokers"))
    if transport == "mqtt" and not brokers and tree.get(("mqtt",)) is None and tree.is_complete:
        hint = 'add [network.brokers.NAME] with host = "..."; several brokers are used at the same time'
        yield Problem(tree.origin(NETWORK), dotted(path), "there is no broker to reach other nodes by", hint=hint)
    elif transport == "in-process" and brokers:
        where = (*NETWORK, "brokers")
        message = "nodes in one process use no brokers"
        yield Problem(tree.origin(where), dotted(where), message, hint="remove them", severity="warning")
    yield from _same_broker_twice(tree)


def _same_broker_twice(tree: Tree) -> Iterator[Problem]:
    """A broker ends the session of a client that comes a second time, so two names for one would fight."""
    first: dict[tuple[object, object], str] = {}
    for name in tree.table((*NETWORK, "brokers")):
        path: KeyPath = (*NETWORK, "brokers", name)
        table = tree.table(path)
        place = table.get("host", "127.0.0.1"), table.get("port", default_port(table))
        if first.setdefault(place, name) != name:
            message = f"{name} and {first[place]} are the same broker"
            yield Problem(tree.origin(path), dotted(path), message, hint="name it once; others add independence")


def _keys(tree: Tree, description: "NetworkDescription") -> Iterator[Problem]:
    table, peers = tree.table(NETWORK), _peers(tree, description)
    directory, manager = table.get("key_directory"), table.get("key_manager")
    if directory is not None and manager is not None:
        where = (*NETWORK, "key_directory")
        message = "keys come from a directory or from a key manager, not from both"
        yield Problem(tree.origin(where), dotted(where), message, hint="remove key_directory or [network.key_manager]")
    elif directory is None and manager is None and peers and table.get("transport") != "in-process":
        if tree.is_complete:
            where = (*NETWORK, "key_directory")
            message = "there are no keys to authenticate messages with"
            hint = "add key_directory, or [network.key_manager]; qkdctl network init makes files to begin with"
            yield Problem(tree.origin(NETWORK), dotted(where), message, hint=hint)
    elif isinstance(directory, str) and tree.get(_NAME) in description.members:
        for peer in peers:
            yield from _pair_file(tree, pair_file(Path(directory), peer), peer)


def _pair_file(tree: Tree, file: Path, peer: str) -> Iterator[Problem]:
    path: KeyPath = (*NETWORK, "key_directory")
    origin, key = tree.origin(path), dotted(path)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        hint = "carry the file there that qkdctl network init made for this node"
        yield Problem(origin, key, f"there is no key shared with {peer}: {file} does not exist", hint=hint)
    except OSError as error:
        message, hint = f"{file} cannot be checked: {error.strerror}", "run the check as the daemon's user"
        yield Problem(origin, key, message, hint=hint, severity="warning")
    else:
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            message, found = f"others than its owner may use {file}", f"mode {mode & 0o777:04o}"
            yield Problem(origin, key, message, found, "mode 0600", f"chmod 600 {file}; {_IF_READ}")
        elif not mode & stat.S_IWUSR:
            message, found = f"the daemon cannot use up {file}", f"mode {mode & 0o777:04o}"
            yield Problem(origin, key, message, found, "mode 0600", f"chmod 600 {file}")


def _claim(tree: Tree, description: "NetworkDescription") -> Iterator[Problem]:
    from qkdctl.auth.claims import FalseClaimError, refuse_false_claim  # noqa: PLC0415 - other checks go without

    me, path = tree.get(_NAME), (*NETWORK, "claim")
    try:
        section = NetworkSection.model_validate({**tree.table(NETWORK), "brokers": {}})
    except ValidationError:
        return
    for number, peer in enumerate(section.hybrid):
        if peer not in _peers(tree, description):
            where: KeyPath = (*NETWORK, "hybrid", number)
            hint = did_you_mean(peer, _peers(tree, description))
            message = f"{peer} is no other member of the network"
            yield Problem(tree.origin(where), dotted(where), message, hint=hint)
    if me not in description.members or section.claim == "computational":
        return
    hybrid = section.hybrid_among(_peers(tree, description))
    found = description.ways(str(me), hybrid, managed=section.key_manager is not None)
    ways = {peer: way for peer, way in found.items() if peer in description.founders}
    try:
        refuse_false_claim(section.claim, ways, description.file.network.faults, section.limits)
    except FalseClaimError as error:
        message, _, hint = str(error).rpartition("; ")
        yield Problem(tree.origin(path), dotted(path), message, describe("", section.claim), hint=hint)

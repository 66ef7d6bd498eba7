"""Checks of [api], of brokers and of [policy] that compare several keys or look at files."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from qkdctl.config.defaults import broker_paths
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Problem, dotted
from qkdctl.config.redaction import describe
from qkdctl.config.tree import Tree

_ROLE_ENTRY = re.compile(r"\*|@?[A-Za-z_][A-Za-z0-9_.-]*\$?")
_ROLES: KeyPath = ("api", "roles")
_TCP: KeyPath = ("api", "tcp")
_POLICY: KeyPath = ("policy",)


def check_sections(tree: Tree) -> list[Problem]:
    """Check the sections that stand in the tree."""
    brokers = [problem for path in broker_paths(tree) for problem in _broker(tree, path)]
    return [*_roles(tree), *_tcp(tree), *brokers, *_policy(tree)]


def _roles(tree: Tree) -> Iterator[Problem]:
    for role, entries in tree.table(_ROLES).items():
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            path = (*_ROLES, role, number)
            if not isinstance(entry, str):
                continue
            if not _ROLE_ENTRY.fullmatch(entry):
                name = re.split(r"[:%@]", entry)[-1]
                yield Problem(
                    tree.origin(path),
                    dotted(path),
                    f"{describe(role, entry)} is neither a user nor a group",
                    expected='a user name, "@group" or "*"',
                    hint=f'a group is written "@{name}"' if name else "",
                )
            elif entry == "*" and role != "read":
                yield Problem(
                    tree.origin(path),
                    dotted(path),
                    f"everybody whom the socket's mode lets in may {role}",
                    '"*"',
                    hint='name users and "@groups"',
                    severity="warning",
                )


def _tcp(tree: Tree) -> Iterator[Problem]:
    table = tree.table(_TCP)
    host = table.get("host")
    if not isinstance(host, str) or is_loopback(host) or "token_file" in table or not tree.is_complete:
        return
    path = (*_TCP, "host")
    yield Problem(
        tree.origin(path),
        dotted(path),
        "the API would be open to the network without a token",
        f'"{host}"',
        "token_file beside it, or a loopback address such as 127.0.0.1",
        'add token_file = "credential:api-token", a file with the output of: openssl rand -hex 24',
    )


def _broker(tree: Tree, path: KeyPath) -> Iterator[Problem]:
    table, tls = tree.table(path), tree.table((*path, "tls"))
    if not tree.is_complete:
        return
    yield from _needs(tree, path, table, "password_file", "username")
    yield from _needs(tree, (*path, "tls"), tls, "certificate_file", "key_file")
    yield from _needs(tree, (*path, "tls"), tls, "key_file", "certificate_file")
    host = table.get("host")
    if isinstance(host, str) and not is_loopback(host):
        yield from _remote_broker(tree, path, f'"{host}"', table, tls)


def _remote_broker(
    tree: Tree, broker: KeyPath, shown: str, table: Mapping[str, Any], tls: Mapping[str, Any]
) -> Iterator[Problem]:
    """What crosses a network is encrypted, and the broker knows who we are."""
    path, section = (*broker, "host"), f"[{dotted((*broker, 'tls'))}]"
    if "tls" not in table:
        message = "the broker is not on this machine and everything would cross the network unencrypted"
        expected = f"{section}, or a broker on this machine such as 127.0.0.1"
        hint = f'add {section} with ca_file = "..." (without it the authorities of the system are trusted)'
        yield Problem(tree.origin(path), dotted(path), message, shown, expected, hint)
    if not ("username" in table and "password_file" in table) and "certificate_file" not in tls:
        message = "the broker is not on this machine and would be used anonymously"
        expected = f"username and password_file, or certificate_file and key_file in {section}"
        hint = 'add username = "..." and password_file = "credential:mqtt-password"'
        yield Problem(tree.origin(path), dotted(path), message, shown, expected, hint)


def _policy(tree: Tree) -> Iterator[Problem]:
    table = tree.table(_POLICY)
    kind = table.get("kind")
    if not tree.is_complete:
        return
    if kind == "onnx":
        yield from _needs(tree, _POLICY, table, "kind", "file")
    elif isinstance(kind, str) and "file" in table:
        path = (*_POLICY, "kind")
        message = f"a file is given, but a policy of kind {describe('kind', kind)} uses none"
        yield Problem(tree.origin(path), dotted(path), message, hint='remove file, or write kind = "onnx"')
    yield from _needs(tree, _POLICY, table, "sha256", "file")


def _needs(tree: Tree, path: KeyPath, table: Mapping[str, Any], key: str, other: str) -> Iterator[Problem]:
    if key in table and other not in table:
        where = (*path, key)
        shown = describe(key, table[key])
        yield Problem(
            tree.origin(where), dotted(where), f"{key} = {shown} needs {other}", hint=f"add {other}, or remove {key}"
        )


def is_loopback(host: str) -> bool:
    """True for names and addresses that only this machine reaches; nothing is looked up."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in {"localhost", "localhost.localdomain", "ip6-localhost"}

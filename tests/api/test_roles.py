"""Who may do what, by the credentials that the kernel vouches for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.api.roles import Members, Peer, Role, RoleSettings
from qkdctl.api.settings import ApiSettings
from tests.api.memory import MemoryFacade
from tests.api.serving import served

SETTINGS = RoleSettings(
    read=Members(gids=frozenset({300})),
    operate=Members(uids=frozenset({1001}), gids=frozenset({200})),
    admin=Members(uids=frozenset({1000}), gids=frozenset({100})),
    own_uid=990,
)


@pytest.mark.parametrize(
    ("uid", "gid", "groups", "role"),
    [
        (0, 0, (), Role.ADMIN),
        (990, 1, (), Role.ADMIN),
        (1000, 1, (), Role.ADMIN),
        (5, 100, (), Role.ADMIN),
        (5, 1, (7, 100), Role.ADMIN),
        (1001, 1, (), Role.OPERATE),
        (5, 1, (200,), Role.OPERATE),
        (5, 300, (), Role.READ),
        (5, 1, (), None),
    ],
)
def test_role_of_a_local_peer(uid: int, gid: int, groups: tuple[int, ...], role: Role | None) -> None:
    assert SETTINGS.of(Peer(pid=1, uid=uid, gid=gid, groups=groups)) is role


def test_a_tcp_peer_has_no_role_by_uid() -> None:
    with pytest.raises(ValueError, match="no user id"):
        SETTINGS.of(Peer(address="127.0.0.1:5"))


def test_entries_are_users_groups_and_everybody() -> None:
    members = Members.from_entries(("root", "@root", "no-such-user", "@no-such-group"))
    assert members == Members(frozenset({0}), frozenset({0}))
    assert Members.from_entries(("*",)).everybody


# Credentials are dropped after the imports: another user may not be able to read this environment.
ASK_AS = """
import json, os, sys
from pathlib import Path
from qkdctl.client import Client, ClientError
path, uid, gid, groups = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
if os.getuid() == 0:
    os.setgroups(groups); os.setgid(gid); os.setuid(uid)
client = Client(Path(path))
for ask in (client.status, client.safe_all, client.reload):
    try:
        ask()
        print("ok")
    except ClientError as error:
        print(getattr(error, "status", "unreachable"))
"""


def ask_as(path: Path, uid: int, gid: int, groups: list[int]) -> list[str]:
    command = [sys.executable, "-c", ASK_AS, str(path), str(uid), str(gid), json.dumps(groups)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_the_kernel_tells_who_asks(folder: Path, facade: MemoryFacade) -> None:
    own = os.getuid()
    with served(facade, ApiSettings(folder / "s", roles=RoleSettings(read=Members()))):
        assert ask_as(folder / "s", own, os.getgid(), []) == ["ok", "ok", "ok"]
    assert facade.done[0] == ("safe-all", facade.done[0][1])
    assert facade.done[0][1].startswith(f"uid {own} (pid ")


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.parametrize(
    ("gid", "groups", "answers"),
    [
        (65_533, [], ["403", "403", "403"]),
        (4_201, [], ["ok", "403", "403"]),
        (65_533, [4_202], ["ok", "ok", "403"]),
        (65_533, [7, 4_203], ["ok", "ok", "ok"]),
    ],
)
def test_other_users_have_the_role_of_their_groups(
    folder: Path, facade: MemoryFacade, gid: int, groups: list[int], answers: list[str]
) -> None:
    roles = RoleSettings(
        read=Members(gids=frozenset({4_201})),
        operate=Members(gids=frozenset({4_202})),
        admin=Members(gids=frozenset({4_203})),
    )
    with served(facade, ApiSettings(folder / "s", socket_mode=0o666, roles=roles)):
        assert ask_as(folder / "s", 65_534, gid, groups) == answers


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_the_mode_of_the_socket_keeps_others_out(folder: Path, facade: MemoryFacade) -> None:
    with served(facade, ApiSettings(folder / "s", socket_mode=0o660)):
        assert ask_as(folder / "s", 65_534, 65_533, []) == ["unreachable"] * 3

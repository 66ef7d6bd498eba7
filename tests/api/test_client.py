"""The blocking client: typed answers, typed refusals, hints instead of tracebacks."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qkdctl.api.settings import ApiSettings
from qkdctl.client import Client, RefusedError, UnreachableError, apply_changes, default_socket
from tests.api.memory import MemoryFacade
from tests.api.serving import Served, served


@pytest.fixture
def daemon(facade: MemoryFacade, folder: Path) -> Iterator[Served]:
    with served(facade, ApiSettings(folder / "s", update_interval_s=0.01)) as server:
        yield server


@pytest.fixture
def client(daemon: Served, folder: Path) -> Client:
    return Client(folder / "s")


def test_reading(client: Client) -> None:
    assert client.status()["node"] == "bench"
    assert [device["name"] for device in client.devices()] == ["voa-1", "snspd-1"]
    assert client.device("voa-1")["driver"] == "keysight-n776x"
    assert [link["name"] for link in client.links()] == ["alice-bob"]
    assert client.link("alice-bob")["mode"] == "running"
    assert len(client.history("alice-bob", 5)) == 5
    assert [entry["sequence"] for entry in client.ledger(after=1)["entries"]] == [2, 3]
    assert client.configuration()[0]["key"] == "api.token"
    assert client.alarms()[0]["severity"] == "critical"
    assert "qkdctl_ready 1.0" in client.metrics()


def test_acting(client: Client, facade: MemoryFacade) -> None:
    assert client.set_attribute("voa-1", "attenuation_db", 33.25)["new"] == 33.25
    assert client.link_action("alice-bob", "hold")["text"] == "hold: done"
    assert client.acknowledge_alarm("device-fault-snspd-1")["subject"] == "device-fault-snspd-1"
    assert client.safe_all()["subject"] == "node"
    assert client.reload()["text"] == "nothing changed"
    assert [act[0] for act in facade.done] == ["set", "hold", "acknowledge", "safe-all", "reload"]


def test_refusals_carry_everything_the_daemon_says(client: Client) -> None:
    with pytest.raises(RefusedError) as refused:
        client.device("a?b#c")
    assert (refused.value.status, refused.value.error) == (404, "there is no device 'a?b#c'")
    assert refused.value.expected == "one of snspd-1, voa-1"
    with pytest.raises(RefusedError, match="no link 'a b'"):
        client.history("a b")


def test_events_and_how_to_go_on(client: Client, daemon: Served, facade: MemoryFacade) -> None:
    stream = client.events()
    first = next(stream)
    assert (first.kind, first.data["epoch"]) == ("snapshot", 41)
    daemon.call(lambda: facade.emit_link(qber_z=0.2))
    second = next(stream)
    assert apply_changes(first.data, second.data["changes"])["links"][0]["qber_z"] == 0.2
    stream.close()
    again = next(client.events(first.id))
    assert (again.kind, again.id) == ("update", second.id)


def test_a_stream_ends_when_the_daemon_does(facade: MemoryFacade, folder: Path) -> None:
    with served(facade, ApiSettings(folder / "s")):
        stream = Client(folder / "s").events()
        next(stream)
    assert list(stream) == []


def test_no_socket_and_a_dead_one_are_certain_absence(folder: Path) -> None:
    with pytest.raises(UnreachableError, match="there is no socket") as missing:
        Client(folder / "s").status()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "s"))
    with pytest.raises(UnreachableError, match="left the socket behind") as left:
        next(Client(folder / "s").events())
    assert (missing.value.absent, left.value.absent) == (True, True)


@contextmanager
def answering(path: Path, answer: Callable[[socket.socket], object]) -> Iterator[None]:
    """Something on the socket that is no daemon."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(10)


def test_a_daemon_that_does_not_answer_may_still_be_there(folder: Path) -> None:
    done = threading.Event()
    with answering(folder / "s", lambda _: done.wait(10)):
        with pytest.raises(UnreachableError, match="does not answer in time") as silent:
            Client(folder / "s", timeout_s=0.05).status()
        done.set()
    assert not silent.value.absent


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", UnreachableError),
        (b"220 smtp ready\r\n", UnreachableError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ok>", RefusedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", RefusedError),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", RefusedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", UnreachableError),
    ],
)
def test_other_software_on_the_socket_gives_an_error_not_a_traceback(
    folder: Path, answer: bytes, error: type[Exception]
) -> None:
    with answering(folder / "s", lambda connection: connection.sendall(answer)), pytest.raises(error):
        Client(folder / "s").status()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_a_socket_one_may_not_open(daemon: Served, folder: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from qkdctl.client import Client, UnreachableError
os.setgroups([]); os.setgid(65533); os.setuid(65534)
try:
    Client(Path(sys.argv[1])).status()
except UnreachableError as error:
    print(error.absent, error.hint)
"""
    command = [sys.executable, "-c", code, str(folder / "s")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.startswith("False join the group that owns the socket")


def test_the_socket_can_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKDCTL_SOCKET", "/somewhere/else")
    assert default_socket() == Path("/somewhere/else")
    monkeypatch.delenv("QKDCTL_SOCKET")
    assert default_socket() == Path("/run/qkdctl/qkdctl.sock")


def test_changes_replace_add_and_remove() -> None:
    status = {"epoch": 1, "links": [{"name": "a", "x": 1}], "alarms": [{"id": "7"}], "policy": {"name": "p"}}
    changes = [
        {"part": "node", "name": "", "value": {"epoch": 2}},
        {"part": "links", "name": "a", "value": {"name": "a", "x": 2}},
        {"part": "links", "name": "b", "value": {"name": "b", "x": 3}},
        {"part": "alarms", "name": "7", "value": None},
        {"part": "policy", "name": "", "value": {"name": "q"}},
    ]
    assert apply_changes(status, changes) == {
        "epoch": 2,
        "links": [{"name": "a", "x": 2}, {"name": "b", "x": 3}],
        "alarms": [],
        "policy": {"name": "q"},
    }
    assert status["epoch"] == 1

"""Following a daemon over breaks and restarts."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from qkdctl.api.facade import Event
from qkdctl.cli.follow import View, follow
from qkdctl.client import Client, RefusedError, StreamEvent, UnreachableError
from tests.api.memory import MemoryFacade
from tests.api.serving import Served
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal


class Scripted(Client):
    """Gives prepared streams, one per attempt, and notes what each was asked to go on from."""

    def __init__(self, *streams: list[StreamEvent | Exception]) -> None:
        super().__init__(Path("nowhere"))
        self.streams = iter(streams)
        self.asked: list[str | None] = []

    def events(self, last_event_id: str | None = None) -> Iterator[StreamEvent]:
        self.asked.append(last_event_id)
        for event in next(self.streams):
            if isinstance(event, Exception):
                raise event
            yield event


def snapshot(identity: str, epoch: int) -> StreamEvent:
    return StreamEvent(identity, "snapshot", {"epoch": epoch})


def update(identity: str, epoch: int) -> StreamEvent:
    return StreamEvent(identity, "update", {"changes": [{"part": "node", "name": "", "value": {"epoch": epoch}}]})


GONE = UnreachableError("gone")


def test_a_break_is_shown_and_bridged() -> None:
    client = Scripted(
        [snapshot("a-0", 1), update("a-1", 2), GONE],
        [GONE],
        [update("a-2", 3), StreamEvent("a-2", "beat", {})],
        [snapshot("b-0", 1)],
    )
    pauses: list[float] = []
    views = list(islice(follow(client, pauses.append), 8))
    assert views == [
        View({"epoch": 1}),
        View({"epoch": 2}),
        View({"epoch": 2}, connected=False, silent_s=0.0),
        View({"epoch": 2}, connected=False, silent_s=1.0),
        View({"epoch": 3}),
        View({"epoch": 3}),
        View({"epoch": 3}, connected=False, silent_s=0.0),
        View({"epoch": 1}),
    ]
    assert client.asked == [None, "a-1", "a-1", "a-2"]
    assert pauses == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("error", [GONE, RefusedError(403, "no")])
def test_what_fails_at_the_beginning_is_an_error(error: Exception) -> None:
    with pytest.raises(type(error)):
        next(follow(Scripted([error])))


def test_top_prints_one_screen_into_a_pipe(cli: Cli, daemon: Served) -> None:
    shown = cli("top")
    assert shown.returncode == 0
    assert "alice-bob" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_top_follows_the_daemon_on_a_terminal(daemon: Served, facade: MemoryFacade, folder: Path) -> None:
    terminal = Terminal(folder, ["top"])
    terminal.read_until("2.10/3.05 %")

    def change() -> None:
        facade.document["epoch"] = 42
        facade.queue.put_nowait(Event("node", "", {"epoch": 42}))
        facade.emit_link(qber_z=0.0444)

    daemon.call(change)
    terminal.read_until("4.44/3.05 %")
    terminal.interrupt()
    code, seen = terminal.end()
    assert code == 0
    assert "Traceback" not in seen
    assert "\x1b[?1049l" in seen, "the screen is given back"

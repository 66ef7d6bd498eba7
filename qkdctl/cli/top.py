"""qkdctl top."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qkdctl.cli.follow import View, follow
from qkdctl.cli.options import SocketOption
from qkdctl.client import Client, ClientError

if TYPE_CHECKING:
    from rich.console import RenderableType

_EPOCHS = 60
_PIPE_WIDTH = 120


def top(
    socket: SocketOption = None,
    once: Annotated[bool, typer.Option("--once", help="Print one screen and end.")] = False,
) -> None:
    """Watch links and instruments live, until Ctrl-C: source power, counts, QBER, key rate, actions.

    It keeps its place when the daemon restarts. Into a pipe or file it prints one screen.

    For example:

      qkdctl top

      qkdctl top --once > screen.txt
    """
    from rich.console import Console  # noqa: PLC0415 - keeps other verbs fast
    from rich.live import Live  # noqa: PLC0415

    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    screens = Screens(Client(socket))
    if once or not console.is_terminal:
        console.print(screens.first())
        return
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            for view in follow(screens.client):
                live.update(screens.of(view, console.height), refresh=True)
    except KeyboardInterrupt:
        return


class Screens:
    """Turns views into screens; asks for the links' histories once per epoch."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._epoch: int | None = None
        self._history: dict[str, list[dict[str, Any]]] = {}

    def first(self) -> "RenderableType":
        """A screen of the present status."""
        return self.of(View(self.client.status()))

    def of(self, view: View, height: int | None = None) -> "RenderableType":
        """The screen of a view, of so many lines."""
        from qkdctl.cli.view import render  # noqa: PLC0415

        if view.connected and view.status["epoch"] != self._epoch:
            self._refresh(view.status)
        silent_s = None if view.connected else view.silent_s
        return render(view.status, self._history, silent_s=silent_s, height=height)

    def _refresh(self, status: dict[str, Any]) -> None:
        try:
            self._history = {link["name"]: self.client.history(link["name"], _EPOCHS) for link in status["links"]}
        except ClientError:
            return  # a daemon that just went away, or a link that is gone; the next epoch asks again
        self._epoch = status["epoch"]

"""The demo's live screen; fits 80 columns and 24 lines, and shows more where there is room."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from hil_sim.demo.casting import Casting
from hil_sim.demo.panels import (
    headline,
    hint,
    links_table,
    move_lines,
    nodes_table,
    routes_text,
    verdict_lines,
    worth,
)
from hil_sim.demo.story import Story

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDE, _HIGH = 104, 42
_HEADS = 5
"""Lines above the first node, and above the first link."""
_MOVES_SHARE = 2
"""One line in so many below the routes is about what the policy did, once there is room for two of others."""
_LEAST_ROUTES, _LEAST_WORDS = 3, 2


class LiveScreen:
    """A full-screen display while the block lasts."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live  # noqa: PLC0415 - keeps other verbs fast

        self._console = console
        self._steps: dict[str, str] = {}
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        """Take the screen."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give it back."""
        self._live.__exit__(kind, error, traceback)

    def say(self, text: str) -> None:
        """Something is being waited for; what was waited for before stays on the screen."""
        self._steps[text.partition(":")[0]] = text
        *done, last = self._steps.values()
        lines = ["A network is being started; Ctrl-C ends it.", "", *done, f"[bold]{last} ...[/bold]"]
        self._live.update("\n".join(lines), refresh=True)

    def show(self, story: Story, casting: Casting) -> None:
        """Show the network."""
        if story.scene is not None:
            self._live.update(screen(story, casting, self._console.width, self._console.height), refresh=True)


def screen(story: Story, casting: Casting, width: int, height: int) -> "RenderableType":
    """One screen of a story that has begun.

    Args:
        story: of the network.
        casting: who lies, which the network does not know.
        width: of the screen, in columns.
        height: of the screen, in lines.
    """
    from rich.console import Group  # noqa: PLC0415

    scene = story.scene
    assert scene is not None, "a story begins with a scene"
    roomy = width >= _WIDE and height >= _HIGH
    nodes = nodes_table(scene, casting)
    links = links_table(story, wide=roomy)
    routes = routes_text(scene, casting, width)
    gap: list[RenderableType] = [""] if roomy else []
    around = _HEADS + nodes.row_count + links.row_count + 4 * len(gap)
    routes = routes[: max(_LEAST_ROUTES, height - around - _LEAST_WORDS)]
    room = max(_LEAST_WORDS, height - around - len(routes))
    moves = move_lines(story, max(0, room - _LEAST_WORDS) // _MOVES_SHARE, width)
    words = verdict_lines(story, room - len(moves), width)
    fixed: list[RenderableType] = [
        headline(story),
        worth(story, width),
        hint(casting),
        *gap,
        nodes,
        *gap,
        links,
        *gap,
        *routes,
        *gap,
        *moves,
        *words,
    ]
    return Group(*fixed)

"""A live view that fits the terminal: what has no room is counted, and trouble is never what is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

Json = dict[str, Any]
_ACTIONS_SHOWN = 8
_FEWEST_ACTIONS = 3
#: A blank line and the header of a table.
_OVERHEAD = 2


def share(room: int, actions: int, devices: int) -> tuple[int, int]:
    """How many actions and devices are shown in so many lines.

    All devices when they fit with a few actions; otherwise one line less of them, which counts the rest.

    Args:
        room: lines that are left.
        actions: newest actions there are.
        devices: devices there are.
    """
    few = min(actions, _FEWEST_ACTIONS)
    around = _OVERHEAD + few if few else 0
    if around + _OVERHEAD + devices <= room:
        spare = room - _OVERHEAD - devices - _OVERHEAD
        return (min(actions, _ACTIONS_SHOWN, spare) if few else 0), devices
    left = room - around - _OVERHEAD - 1
    if left >= 1:
        return few, left
    return 0, devices if _OVERHEAD + devices <= room else max(0, room - _OVERHEAD - 1)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The live view, cut to a height when it is drawn.

    Attributes:
        head: what is always shown.
        height: lines there are.
        actions: newest first.
        devices: in the order of the configuration.
        actions_table, devices_table: draw some of them; the latter is told how wide the page is.
    """

    head: "RenderableType"
    height: int
    actions: Sequence[Any]
    devices: Sequence[Json]
    actions_table: Callable[[Sequence[Any]], "RenderableType"]
    devices_table: Callable[[Sequence[Json], int], "RenderableType"]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw what there is room for."""
        used = len(console.render_lines(self.head, options.update(height=None), pad=False))
        actions, devices = share(self.height - used, len(self.actions), len(self.devices))
        yield self.head
        if actions:
            yield ""
            yield self.actions_table(self.actions[:actions])
        if devices:
            shown = self.devices
            if devices < len(shown):
                shown = sorted(shown, key=lambda device: device["state"] == "online")
            yield ""
            yield self.devices_table(shown[:devices], options.max_width)
            yield from _rest(shown[devices:])


def _rest(hidden: Sequence[Json]) -> "RenderResult":
    if hidden:
        from rich.text import Text  # noqa: PLC0415 - keeps other verbs fast

        healthy = all(device["state"] == "online" for device in hidden)
        yield Text(f"and {len(hidden)} more" + (", all online" if healthy else ""), "dim")

"""The demo's screen: the daemon's own live view, and what holding still would have given."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from hil_sim.demo.outcome import link_outcome
from qkdctl.cli.view import render

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

Json = dict[str, Any]
Histories = dict[str, list[Json]]
#: The hint, the header of the comparison, and two blank lines.
_LINES_AROUND = 4


def screen(status: Json, histories: Histories, held: Histories, height: int | None = None) -> "RenderableType":
    """One screen: the comparison first, so that a small terminal shows it too, then the live view of the first arm.

    Args:
        status: of the first arm.
        histories: of the first arm, per link.
        held: of the arm that holds still, per link.
        height: lines there are, None without a limit.
    """
    from rich.console import Group  # noqa: PLC0415 - keeps other verbs fast
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    for column in ("link", "key so far", "key if held", "gain", "QBER", "QBER if held", "re-aligned"):
        table.add_column(column, no_wrap=True)
    for name, epochs in histories.items():
        outcome = link_outcome(epochs, held[name])
        gain = outcome["gain"]
        table.add_row(
            name,
            bits(outcome["secret_key_bits"]),
            bits(outcome["hold_secret_key_bits"]),
            "-" if gain is None else f"{gain:+.0%}",
            _percent(outcome["final"]["qber"]),
            _percent(outcome["hold_final"]["qber"]),
            str(outcome["actions"].get("realign", 0)),
        )
    left = None if height is None else height - len(histories) - _LINES_AROUND
    below = render(status, histories, height=left)
    return Group("Ctrl-C makes every source dark and ends the demo.", "", table, "", below)


def bits(count: int) -> str:
    """A number of bits for people."""
    for unit, size in (("Mbit", 1_000_000), ("kbit", 1_000)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} bit"


def closing_text(document: Json) -> str:
    """The closing document for people."""
    lines = ["ended while starting"] if "links" not in document else []
    for name, link in document.get("links", {}).items():
        gain = f"{link['gain']:+.0%}" if link["gain"] is not None else "-"
        lines.append(
            f"{name}: {link['epochs']} epochs, {bits(link['secret_key_bits'])} of key, "
            f"{bits(link['hold_secret_key_bits'])} when holding still ({gain})"
        )
    lines += [_darkness_line(name, arm["links"]) for name, arm in document["stop"].items()]
    return "\n".join(lines)


def _darkness_line(arm: str, links: Json) -> str:
    """What the instruments of one arm recorded."""
    lit = [name for name, link in links.items() if not link["dark"]]
    if lit:
        return f"arm {arm!r}: NOT DARK: {', '.join(lit)}"
    brightest = max((link["brightest_mean_photon_number"] for link in links.values()), default=0.0)
    if brightest == 0.0:
        return f"arm {arm!r}: no light was ever let out"
    after_s = max(link["dark_after_s"] for link in links.values())
    return f"arm {arm!r}: every source dark after {after_s:.3f} s; brightest pulses ever sent: {brightest:.3f} photons"


def live(console: Any) -> "AbstractContextManager[Live | None]":
    """A full-screen display on a terminal, nothing elsewhere."""
    from rich.live import Live  # noqa: PLC0415

    return Live(console=console, screen=True, auto_refresh=False) if console.is_terminal else nullcontext()


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"

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


def screen(status: Json, histories: Histories, held: Histories) -> "RenderableType":
    """One screen: live view of the policy's arm, then the comparison."""
    from rich.console import Group  # noqa: PLC0415 - keeps other verbs fast
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    for column in ("link", "key so far", "holding still", "gain", "QBER now", "holding still", "re-alignments"):
        table.add_column(column)
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
    return Group(render(status, histories), "", table, "", "Ctrl-C makes every source dark and ends the demo.")


def bits(count: int) -> str:
    """A number of bits for people."""
    for unit, size in (("Mbit", 1_000_000), ("kbit", 1_000)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} bit"


def closing_text(document: Json) -> str:
    """The closing document for people."""
    if "links" not in document:
        return "stopped while starting; no light was let out"
    lines = []
    for name, link in document["links"].items():
        gain = f"{link['gain']:+.0%}" if link["gain"] is not None else "-"
        lines.append(
            f"{name}: {link['epochs']} epochs, {bits(link['secret_key_bits'])} of key, "
            f"{bits(link['hold_secret_key_bits'])} when holding still ({gain})"
        )
        dark = document["stop"]["links"].get(name)
        if dark is not None:
            when = f"dark {dark['dark_after_s']:.2f} s after Ctrl-C" if dark["dark"] else "NOT DARK"
            lines.append(f"  {when}; brightest pulses ever sent: {dark['brightest_mean_photon_number']:.3f} photons")
    return "\n".join(lines)


def live(console: Any) -> "AbstractContextManager[Live | None]":
    """A full-screen display on a terminal, nothing elsewhere."""
    from rich.live import Live  # noqa: PLC0415

    return Live(console=console, screen=True, auto_refresh=False) if console.is_terminal else nullcontext()


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"

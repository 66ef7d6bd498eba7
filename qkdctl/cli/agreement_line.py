"""The agreement on one line, for verbs that show the whole node."""

from collections.abc import Mapping
from typing import Any

from qkdctl.cli.output import Painter


def agreement_line(summary: Mapping[str, Any], paint: Painter) -> str:
    """Members, progress, levels of the channels, and what somebody should know."""
    return agreement_words(summary) + "".join(paint(f"; {code}", "red") for code in summary["conditions"])


def agreement_words(summary: Mapping[str, Any]) -> str:
    """The same without what is wrong."""
    levels = ", ".join(f"{count} {level}" for level, count in summary["levels"].items())
    members = f"{summary['members']} members, f = {summary['faults']}"
    seconds = summary["decided_s"]
    decided = "nothing decided yet" if seconds is None else f"last decision {seconds:.1f} s ago"
    text = f"network {summary['network']}, {members}, epoch {summary['epoch']} round {summary['round']}, {decided}"
    return text + (f", peers {levels}" if levels else "")

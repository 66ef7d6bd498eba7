"""Scores as text: one table of key, one of standings."""

from collections.abc import Iterable
from typing import Any, Final

_STANDING: Final = ["contender", "share", "interval", "of greedy", "regret closed"]


def tell(document: dict[str, Any]) -> str:
    """The document of `Judged` for people; Markdown, so that it can go into a report as it is."""
    scenarios = document["scenarios"]
    names = list(next(iter(scenarios.values())))
    parts = [
        "Key as a share of ideal control, mean over links and seeds:\n",
        _table(
            ["scenario", *names], ([scenario, *_figures(rows, "key_share")] for scenario, rows in scenarios.items())
        ),
        "\nMoves per link and hour:\n",
        _table(
            ["scenario", *names],
            ([scenario, *_figures(rows, "moves", 0)] for scenario, rows in scenarios.items()),
        ),
    ]
    for group, standings in document["summary"].items():
        title = group.replace("_", " ")
        parts.append(
            f"\nInter-quartile mean of the shares, key by that of the greedy controller, regret closed, {title}:\n"
        )
        parts.append(_table(_STANDING, (_standing(name, one) for name, one in standings.items())))
    for group, found in document["trainings"].items():
        parts.append(f"\nEach file, and means with 95 % interval over trainings, {group.replace('_', ' ')}:\n")
        named = {**found["each"], **{f"mean of {policy}": one for policy, one in found["over_all"].items()}}
        parts.append(_table(_STANDING, (_standing(name, one) for name, one in named.items())))
    return "\n".join(parts)


def _standing(name: str, one: dict[str, Any]) -> list[str]:
    return [
        name,
        f"{one['key_share_iqm']:.3f}",
        "{:.3f} to {:.3f}".format(*one["interval_95"]),
        "{:.3f} ({:.3f} to {:.3f})".format(*one["greedy_share"]),
        "{:.3f} ({:.3f} to {:.3f})".format(*one["regret_closed"]),
    ]


def _figures(rows: dict[str, dict[str, float]], name: str, digits: int = 3) -> list[str]:
    return [f"{row[name]:.{digits}f}" for row in rows.values()]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """A file may be called anything, and must not make a column or a row of its own."""
    return " ".join(text.split()).replace("|", "\\|")

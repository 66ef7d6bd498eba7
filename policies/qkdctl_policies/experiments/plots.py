"""The report as a picture, drawn with matplotlib; import it only where that is installed."""

from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

# Okabe and Ito's colours stay apart for every kind of colour blindness.
_COLOURS: Final = ("#999999", "#E69F00", "#F0E442", "#56B4E9", "#0072B2", "#CC79A7", "#009E73", "#D55E00")


_STATUS: Final = {"yes": "#0072B2", "open": "#999999", "no": "#D55E00"}
_COLUMNS: Final = 3
_TITLE_LINES: Final = 3
"""Lines of text that the title and the axis of a panel take."""


def draw_claims(document: dict[str, Any], path: Path) -> None:
    """Write a PNG file: a panel for each claim and target, its findings by network and value, and the limit.

    Raises:
        OSError: when it cannot be written.
    """
    claims = [one for one in (*document["claims"], *document["targets"]) if one["findings"]]
    rows = max(1, -(-len(claims) // _COLUMNS))
    figure = Figure(figsize=(12.0, 2.9 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
    for panel, claim in zip(panels[: len(claims)], claims, strict=True):
        findings = sorted(claim["findings"], key=lambda one: (_network(one), one["value"]))
        for status, colour in _STATUS.items():
            own = [(place, one) for place, one in enumerate(findings) if one["status"] == status]
            found = np.array([[one[name] for name in ("value", "low", "high")] for _, one in own]).reshape(-1, 3)
            panel.errorbar(
                [place for place, _ in own],
                found[:, 0],
                yerr=np.abs(found[:, 1:].T - found[:, 0]),
                fmt="o",
                markersize=3,
                elinewidth=0.8,
                color=colour,
            )
        panel.axhline(claim["limit"]["value"], color="#000000", linestyle="--", linewidth=0.8)
        panel.set_ylim(*_span([one["value"] for one in findings] + [claim["limit"]["value"]]))
        panel.set_title(fill(claim["claim"], 46), fontsize=8)
        networks = [_network(one) for one in findings]
        begins = {name: networks.index(name) for name in networks}
        panel.set_xticks(
            [begin + (networks.count(name) - 1) / 2 for name, begin in begins.items()], list(begins), rotation=90
        )
        for begin in begins.values():
            panel.axvline(begin - 0.5, color="#DDDDDD", linewidth=0.4)
        panel.tick_params(axis="x", labelsize=5.5, length=0)
        panel.tick_params(axis="y", labelsize=7)
        if findings[0]["unit"] != "exponent":
            panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    for panel in panels[len(claims) :]:
        panel.set_axis_off()
    figure.supxlabel(
        "a point for each setting of a network, with 95 % interval; dashed: limit of the claim; blue: holds, orange: "
        "does not, grey: open",
        fontsize=8,
    )
    figure.savefig(path, dpi=110)


def _span(values: list[float]) -> tuple[float, float]:
    """Of an axis that shows all values, and of their intervals what lies near."""
    low, high = min(values), max(values)
    margin = 0.4 * (high - low) or 0.1 * abs(high)
    return low - margin, high + margin


def _network(finding: dict[str, Any]) -> str:
    """What a finding is of, without the setting."""
    return str(finding["where"]).partition(",")[0]


def draw_scores(document: dict[str, Any], path: Path) -> None:
    """Write a PNG file: secure key as a share of the bound; a panel per network, a line per setting, a dot per arm.

    Raises:
        OSError: when it cannot be written.
    """
    lines: dict[str, dict[str, list[Any]]] = {}
    for one in document["scores"]:
        if one["of_bound"] is not None:
            network, _, setting = one["setting"].partition(", ")
            lines.setdefault(network, {}).setdefault(setting, []).append(one)
    arms = list(dict.fromkeys(one["arm"] for one in document["scores"]))
    columns = _in_columns({network: len(settings) + _TITLE_LINES for network, settings in lines.items()})
    longest = max((sum(column.values()) for column in columns), default=1)
    figure = Figure(figsize=(5.0 * _COLUMNS, 1.2 + 0.155 * longest), layout="constrained")
    FigureCanvasAgg(figure)
    for part, column in zip(figure.subfigures(1, _COLUMNS, squeeze=False)[0], columns, strict=True):
        heights = [*column.values(), max(longest - sum(column.values()), 0.01)]
        panels = part.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        panels[-1].set_axis_off()
        for panel, network in zip(panels[:-1], column, strict=True):
            _draw_network(panel, network, lines[network], arms)
    handles = [
        Line2D([], [], marker=_marker(number), color=_colour(number), linestyle="none", label=arm)
        for number, arm in enumerate(arms)
    ]
    if arms:
        figure.legend(handles=handles, loc="outside upper center", ncols=len(arms), frameon=False, fontsize=8)
    figure.supxlabel("secure key of honest demands, share of the bound", fontsize=8)
    figure.savefig(path, dpi=100)


def _in_columns(heights: dict[str, int]) -> list[dict[str, int]]:
    """Panels in columns of about the same height, in their order."""
    columns: list[dict[str, int]] = [{} for _ in range(_COLUMNS)]
    total, above = sum(heights.values()), 0
    for name, height in heights.items():
        columns[min(_COLUMNS - 1, above * _COLUMNS // total)][name] = height
        above += height
    return columns


def _draw_network(panel: Axes, network: str, settings: dict[str, list[Any]], arms: list[str]) -> None:
    for place, scores in enumerate(settings.values()):
        for one in scores:
            number = arms.index(one["arm"])
            panel.plot(one["of_bound"]["value"], place, _marker(number), color=_colour(number), markersize=3.5)
    panel.set_title(network, fontsize=8, loc="left")
    panel.set_yticks(range(len(settings)), list(settings), fontsize=6)
    panel.set_ylim(len(settings) - 0.5, -0.5)
    panel.set_xlim(-0.02, 1.03)
    panel.tick_params(axis="x", labelsize=6)
    panel.xaxis.set_major_formatter(PercentFormatter(1.0))
    panel.grid(color="#DDDDDD", linewidth=0.5)
    panel.set_axisbelow(True)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _marker(number: int) -> str:
    return "os^D"[number // len(_COLOURS)]

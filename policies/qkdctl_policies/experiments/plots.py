"""The report as a picture, drawn with matplotlib; import it only where that is installed."""

from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

# Okabe and Ito's colours stay apart for every kind of colour blindness.
_COLOURS: Final = ("#999999", "#E69F00", "#F0E442", "#56B4E9", "#0072B2", "#CC79A7", "#009E73", "#D55E00")


_HOLDS, _FAILS = "#0072B2", "#D55E00"
_COLUMNS: Final = 3


def draw_claims(document: dict[str, Any], path: Path) -> None:
    """Write a PNG file: a panel for each claim and target, its findings from least to greatest, and the limit.

    Raises:
        OSError: when it cannot be written.
    """
    claims = [one for one in (*document["claims"], *document["targets"]) if one["findings"]]
    rows = max(1, -(-len(claims) // _COLUMNS))
    figure = Figure(figsize=(11.0, 2.1 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
    for panel, claim in zip(panels[: len(claims)], claims, strict=True):
        findings = sorted(claim["findings"], key=lambda one: one["value"])
        for holds, colour in ((True, _HOLDS), (False, _FAILS)):
            own = [(place, one) for place, one in enumerate(findings) if one["holds"] == holds]
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
        panel.set_title(fill(claim["claim"], 46), fontsize=8)
        panel.set_xticks([])
        panel.tick_params(labelsize=7)
        if findings[0]["unit"] != "exponent":
            panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    for panel in panels[len(claims) :]:
        panel.set_axis_off()
    figure.supxlabel(
        "a point for each setting, with 95 % interval; dashed: limit of the claim; blue: holds, orange: does not",
        fontsize=8,
    )
    figure.savefig(path, dpi=110)


def draw_scores(document: dict[str, Any], path: Path) -> None:
    """Write a PNG file: secure key as a share of the bound, a bar per arm, settings below each other.

    Raises:
        OSError: when it cannot be written.
    """
    scores = [one for one in document["scores"] if one["of_bound"] is not None]
    settings = list(dict.fromkeys(one["setting"] for one in scores))
    arms = list(dict.fromkeys(one["arm"] for one in scores))
    # a bar for each arm that ran, and one left out between settings
    places, middles, place = {}, [], 0
    for setting in settings:
        ran = [one["arm"] for one in scores if one["setting"] == setting]
        places.update({(setting, arm): place + number for number, arm in enumerate(ran)})
        middles.append(place + (len(ran) - 1) / 2)
        place += len(ran) + 1
    figure = Figure(figsize=(9.0, 1.4 + 0.15 * place), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, arm in enumerate(arms):
        own = [one for one in scores if one["arm"] == arm]
        found = np.array([[one["of_bound"][name] for name in ("value", "low", "high")] for one in own])
        axes.barh(
            [places[one["setting"], arm] for one in own],
            found[:, 0],
            height=1.0,
            xerr=np.abs(found[:, 1:].T - found[:, 0]),
            label=arm,
            color=_COLOURS[number % len(_COLOURS)],
            hatch="////" if number >= len(_COLOURS) else None,
            edgecolor="white",
            linewidth=0.3,
            error_kw={"elinewidth": 0.8},
        )
    axes.set_yticks(middles, settings, fontsize=8)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("secure key of honest demands, share of the bound")
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    if arms:
        figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)

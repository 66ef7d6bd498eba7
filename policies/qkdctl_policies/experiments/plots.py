"""The report as a picture, drawn with matplotlib; import it only where that is installed."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

# Okabe and Ito's colours stay apart for every kind of colour blindness.
_COLOURS: Final = ("#999999", "#E69F00", "#F0E442", "#56B4E9", "#0072B2", "#CC79A7", "#009E73", "#D55E00")


def draw_scores(document: dict[str, Any], path: Path) -> None:
    """Write a PNG file: secure key as a share of the bound, a bar per arm, settings below each other.

    Raises:
        OSError: when it cannot be written.
    """
    scores = [one for one in document["scores"] if one["of_bound"] is not None]
    settings = list(dict.fromkeys(one["setting"] for one in scores))
    arms = list(dict.fromkeys(one["arm"] for one in scores))
    figure = Figure(figsize=(9.0, 1.2 + 0.16 * len(settings) * (len(arms) + 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, arm in enumerate(arms):
        own = {one["setting"]: one["of_bound"] for one in scores if one["arm"] == arm}
        places = [place for place, setting in enumerate(settings) if setting in own]
        found = np.array([[own[settings[place]][name] for name in ("value", "low", "high")] for place in places])
        offset = (number - (len(arms) - 1) / 2) * 0.8 / len(arms)
        reach = np.abs(found[:, 1:].T - found[:, 0])
        axes.barh(
            np.array(places) + offset,
            found[:, 0],
            height=0.8 / len(arms),
            xerr=reach,
            label=arm,
            color=_COLOURS[number % len(_COLOURS)],
            error_kw={"elinewidth": 0.8},
        )
    axes.set_yticks(range(len(settings)), settings, fontsize=8)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("secure key of honest demands, share of the bound")
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    if arms:
        figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)

"""Figures of BB84 alone: finite blocks, and detectors that saturate."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from qkdctl.physics.arrays import Floats
from qkdctl.physics_view.curves import FiniteCurves, SaturationCurves
from qkdctl.physics_view.drawing_style import (
    GREY,
    INK,
    SEQUENCE,
    SEQUENCE_DASHES,
    grid,
    legend,
    logarithmic,
    loss_axis,
    new_figure,
    set_title,
)
from qkdctl.physics_view.numbers import Numbers

_NOTHING: Final = 1e-300
_ANALYSES: Final = {"two-decoys": "three intensities (Lim et al.)", "one-decoy": "two intensities (Rusca et al.)"}


def draw_finite_key(numbers: Numbers) -> Figure:
    """Rates of finite blocks above, below them what share of the asymptotic rate they are."""
    assert numbers.finite is not None
    curves = numbers.finite
    figure = new_figure(6.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    upper.plot(curves.loss_db, _positive(curves.asymptotic), color=INK, linewidth=1.6, label="asymptotic")
    for block in reversed(range(len(curves.key_clicks))):
        style = {"color": SEQUENCE[block], "linestyle": SEQUENCE_DASHES[block], "linewidth": 1.8}
        exponent = round(np.log10(curves.key_clicks[block]))
        label = rf"$10^{{{exponent}}}$ key clicks"
        upper.plot(curves.loss_db, _positive(curves.rates["two-decoys"][block]), label=label, **style)
        _draw_shares(lower, curves, block)
    logarithmic(upper, _lowest(curves), 1.0, "secret key per pulse (bit)")
    lower.set_ylabel("share of the asymptotic rate")
    lower.yaxis.set_major_formatter(PercentFormatter(1.0))
    lower.set_ylim(0, 1)
    lower.set_xlabel("fibre loss from end to end (dB)")
    loss_axis(upper, float(curves.loss_db[-1]), numbers.request.attenuation_db_per_km)
    upper.set_xlabel("")
    for axes in (upper, lower):
        grid(axes)
    legend(upper, loc="lower left", title=_ANALYSES["two-decoys"])
    lower.legend(
        handles=[
            Line2D([], [], color=GREY, linewidth=1.8, label=_ANALYSES["two-decoys"]),
            Line2D([], [], color=GREY, linewidth=0.9, label=_ANALYSES["one-decoy"]),
        ],
        fontsize=8.5, loc="upper right", edgecolor="#CCCCCC",
    )  # fmt: skip
    set_title(figure, upper, "BB84, finite blocks", numbers.request.setup.title())
    return figure


def draw_saturation(numbers: Numbers) -> Figure:
    """Key per second against light, with and without dead time; dots at the best light."""
    assert numbers.saturation is not None
    curves = numbers.saturation
    figure = new_figure()
    axes = figure.add_subplot()
    handles = []
    for row, loss in enumerate(curves.loss_db):
        style = {"color": SEQUENCE[-1 - row], "linestyle": SEQUENCE_DASHES[-1 - row]}
        real, ideal = _positive(curves.rate_bps[row]), _positive(curves.ideal_bps[row])
        axes.plot(curves.mean_photon_number, ideal, color=style["color"], linewidth=0.8)
        axes.plot(curves.mean_photon_number, real, linewidth=1.9, **style)
        best = int(curves.rate_bps[row].argmax())
        axes.plot(curves.mean_photon_number[best], real[best], "o", color=style["color"], markersize=6,
                  markeredgecolor="white", zorder=4)  # fmt: skip
        handles.append(Line2D([], [], linewidth=1.9, label=f"{loss:g} dB", **style))
    handles += [
        Line2D([], [], color=GREY, linewidth=0.8, label="without dead time"),
        Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=6, label="most key"),
    ]
    logarithmic(axes, *_decades(curves), "secret key rate (bit/s)")
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean photon number of a signal pulse")
    grid(axes)
    about = f"{numbers.request.clock_hz / 1e9:g} GHz, dead time {curves.dead_time_s * 1e9:g} ns"
    legend(axes, handles=handles, loc="lower right", ncols=2, title=about)
    set_title(figure, axes, "BB84, light and saturation", numbers.request.setup.title())
    return figure


def _draw_shares(axes: Axes, curves: FiniteCurves, block: int) -> None:
    there = curves.asymptotic > 0
    for name, width in (("two-decoys", 1.8), ("one-decoy", 0.9)):
        share = curves.rates[name][block][there] / curves.asymptotic[there]
        axes.plot(curves.loss_db[there], share, color=SEQUENCE[block], linestyle=SEQUENCE_DASHES[block],
                  linewidth=width)  # fmt: skip


def _positive(values: Floats) -> Floats:
    """What a logarithmic axis can show: zero stands far below what is shown."""
    return np.maximum(values, _NOTHING)


def _lowest(curves: FiniteCurves) -> float:
    """Three decades below where finite rates leave the straight line."""
    at_knee = float(curves.asymptotic[len(curves.loss_db) // 2])
    return float(10.0 ** np.floor(np.log10(at_knee / 1e3))) if at_knee > 0 else 1e-9


def _decades(curves: SaturationCurves) -> tuple[float, float]:
    """Powers of ten around the highest points of all curves."""
    best = curves.rate_bps.max(axis=1)
    best = best[best > 0]
    if not best.size:
        return 1.0, 10.0
    top = max(float(curves.ideal_bps.max()), float(best.max()))
    return float(10.0 ** np.floor(np.log10(best.min() / 20))), 2 * top

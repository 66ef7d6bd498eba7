"""Figures of all protocols against loss."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from qkdctl.physics.arrays import Floats
from qkdctl.physics_view.crossovers import PLOB, Crossover
from qkdctl.physics_view.curves import LossCurves, ProtocolCurve
from qkdctl.physics_view.drawing_style import (
    GREY,
    INK,
    LINES,
    grid,
    legend,
    logarithmic,
    loss_axis,
    new_figure,
    set_title,
)
from qkdctl.physics_view.numbers import Numbers

_LOWEST_RATE: Final = 1e-16
_NOTHING: Final = 1e-300
"""Stands for zero on a logarithmic axis, far below what it shows."""
_SAME_PLACE_DB: Final = 1.0
_DOT: Final[dict[str, Any]] = {"markersize": 6, "markeredgecolor": "white", "zorder": 4}
_SHORT: Final = {"bb84": "BB84", "mdi": "MDI", "tf": "CAL", "sns": "SNS", "bbm92": "BBM92", PLOB: "PLOB bound"}


def draw_rates(numbers: Numbers) -> Figure:
    """Key rates with both bounds; crossovers of interest are numbered."""
    curves = _loss_curves(numbers)
    figure = new_figure(5.4)
    axes = figure.add_subplot()
    axes.plot(curves.loss_db, curves.single_repeater, color=GREY, linewidth=1.2, label="bound with one repeater")
    axes.plot(curves.loss_db, curves.plob, color=INK, linewidth=1.4, linestyle=(0, (4, 2)), label="PLOB bound")
    for name, curve in curves.protocols.items():
        loss, rate = _until_end(curves, curve, curve.rate_per_pulse, _NOTHING)
        axes.plot(loss, rate, label=_label(name, curve), **LINES[name].style())
    logarithmic(axes, _lowest(curves), 2.0, "secret key per pulse slot (bit)")
    _mark_crossovers(axes, curves.crossovers)
    legend(axes, loc="upper right")
    _frame(figure, axes, numbers, "Secret key rate")
    return figure


def draw_qber(numbers: Numbers) -> Figure:
    """Error rates of the key bits, and up to which key remains; the two meet at the reach."""
    curves = _loss_curves(numbers)
    figure = new_figure()
    axes = figure.add_subplot()
    handles = []
    for name, curve in curves.protocols.items():
        style = LINES[name].style()
        meet = float(np.interp(curve.reach_db, curves.loss_db, curve.qber))
        for values, width in ((curve.correctable_qber, 0.8), (curve.qber, style["linewidth"])):
            axes.plot(*_until_end(curves, curve, values, meet), **{**style, "linewidth": width})
        if curve.ends():
            axes.plot([curve.reach_db], [meet], "o", color=style["color"], **_DOT)
        handles.append(Line2D([], [], label=_label(name, curve), **style))
    mdi = curves.protocols["mdi"]
    test_basis: dict[str, Any] = {"color": LINES["mdi"].colour, "linewidth": 1.0, "linestyle": "-"}
    axes.plot(*_until_end(curves, mdi, mdi.qber_x), **test_basis)
    handles += [
        Line2D([], [], label="MDI, X basis", **test_basis),
        Line2D([], [], color=GREY, linewidth=0.8, linestyle=(0, (6, 1.6)), label="thin: most that can be corrected"),
        Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=5, label="reach"),
    ]
    logarithmic(axes, 1e-3, 0.5, "error rate of the key bits")
    _percent_axis(axes, (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    legend(axes, handles=handles, loc="lower right", ncols=2)
    _frame(figure, axes, numbers, "QBER")
    return figure


def draw_mean_photon_number(numbers: Numbers) -> Figure:
    """The light that makes the most key, as far as there is any."""
    curves = _loss_curves(numbers)
    figure = new_figure()
    axes = figure.add_subplot()
    for name, curve in curves.protocols.items():
        loss, light = _until_end(curves, curve, curve.mean_photon_number)
        axes.plot(loss, light, label=_label(name, curve), **LINES[name].style())
        if curve.ends():
            axes.plot(loss[-1:], light[-1:], "o", color=LINES[name].colour, **_DOT)
    logarithmic(axes, 0.01, 1.5, "best mean photon number of a signal pulse")
    ticks = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    legend(axes, loc="lower left")
    _frame(figure, axes, numbers, "Best mean photon number")
    return figure


def _loss_curves(numbers: Numbers) -> LossCurves:
    assert numbers.loss is not None
    return numbers.loss


def _frame(figure: Figure, axes: Axes, numbers: Numbers, title: str) -> None:
    curves = _loss_curves(numbers)
    loss_axis(axes, float(curves.loss_db[-1]), numbers.request.attenuation_db_per_km)
    grid(axes)
    set_title(figure, axes, title, numbers.request.setup.title())


def _label(name: str, curve: ProtocolCurve) -> str:
    return f"{LINES[name].label}{'' if curve.reach_db else ': no key'}"


def _until_end(
    curves: LossCurves, curve: ProtocolCurve, values: Floats, at_reach: float | None = None
) -> tuple[Floats, Floats]:
    """The part of a curve within the reach, nothing without any; up to the reach itself where its value is known."""
    within = curves.loss_db <= curve.reach_db if curve.reach_db else np.zeros(curves.loss_db.shape, dtype=np.bool_)
    if at_reach is None or not curve.ends():
        return curves.loss_db[within], values[within]
    return np.append(curves.loss_db[within], curve.reach_db), np.append(values[within], at_reach)


def _lowest(curves: LossCurves) -> float:
    """A power of ten below all curves until just before their reach."""
    ends = [
        np.interp(curve.reach_db - 1.5, curves.loss_db, curve.rate_per_pulse)
        for curve in curves.protocols.values()
        if curve.reach_db > 0
    ]
    least = max(min((end for end in ends if end > 0), default=1e-6), _LOWEST_RATE)
    return float(10.0 ** np.floor(np.log10(least)))


def _mark_crossovers(axes: Axes, crossovers: Sequence[Crossover]) -> None:
    """Numbers where protocols overtake BB84 or the PLOB bound, and what they mean."""
    shown = [crossover for crossover in crossovers if crossover.loser in {"bb84", PLOB} and crossover.winner != PLOB]
    texts = []
    for number, together in enumerate(_together(shown), start=1):
        first = together[0]
        axes.plot([first.loss_db], [first.rate_per_pulse], "o", markersize=11, color="white", markeredgecolor=INK,
                  markeredgewidth=0.9, zorder=4)  # fmt: skip
        axes.annotate(str(number), (first.loss_db, first.rate_per_pulse), ha="center", va="center_baseline",
                      fontsize=7.5, color=INK, zorder=5)  # fmt: skip
        winners = ", ".join(_SHORT[crossover.winner] for crossover in together)
        texts.append(f"{number}  {winners} over {_SHORT[first.loser]}: {first.loss_db:.1f} dB")
    if texts:
        axes.text(0.015, 0.02, "\n".join(texts), transform=axes.transAxes, fontsize=8.5, color=INK, va="bottom",
                  linespacing=1.35, bbox={"facecolor": "white", "edgecolor": "#CCCCCC", "alpha": 0.92})  # fmt: skip


def _together(crossovers: Sequence[Crossover]) -> list[list[Crossover]]:
    """Crossovers over the same loser whose marks would cover each other, as one."""
    groups: list[list[Crossover]] = []
    for crossover in crossovers:
        last = groups[-1][-1] if groups else None
        if last and last.loser == crossover.loser and crossover.loss_db - last.loss_db < _SAME_PLACE_DB:
            groups[-1].append(crossover)
        else:
            groups.append([crossover])
    return groups


def _percent_axis(axes: Axes, ticks: Sequence[float]) -> None:
    axes.set_yticks(ticks)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{100 * ratio:g} %"))

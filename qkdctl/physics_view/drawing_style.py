"""How the figures look: colours, lines, axes in dB and km. Import it only where matplotlib is installed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

INK: Final = "#222222"
GREY: Final = "#767676"
SIZE_INCHES: Final = (7.4, 5.0)
_DOTS_PER_INCH: Final = 150


@dataclass(frozen=True, slots=True)
class Line:
    """How one protocol is drawn.

    Attributes:
        label: in the legend.
        colour: of Okabe and Ito, whose colours stay apart for every kind of colour blindness.
        dashes: which also stay apart without any colour.
    """

    label: str
    colour: str
    dashes: Any

    def style(self) -> dict[str, Any]:
        """Arguments of `Axes.plot`."""
        return {"color": self.colour, "linestyle": self.dashes, "linewidth": 1.9}


LINES: Final[Mapping[str, Line]] = {
    "bb84": Line("BB84, decoys", "#0072B2", "-"),
    "mdi": Line("MDI", "#009E73", (0, (1.2, 1.2))),
    "tf": Line("twin field (CAL)", "#D55E00", (0, (6, 1.6))),
    "sns": Line("twin field (SNS)", "#E69F00", (0, (6, 1.6, 1.2, 1.6))),
    "bbm92": Line("BBM92", "#CC79A7", (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2))),
}
SEQUENCE: Final = ("#E69F00", "#D55E00", "#CC79A7", "#009E73", "#56B4E9", "#0072B2")
"""Colours of an ordered set of curves."""

SEQUENCE_DASHES: Final[tuple[Any, ...]] = (
    (0, (1.2, 1.2)), (0, (3, 1.2, 1.2, 1.2)), (0, (6, 1.6, 1.2, 1.6)), (0, (6, 1.6)), (0, (10, 1.6)), "-",
)  # fmt: skip


def new_figure(height_inches: float = SIZE_INCHES[1]) -> Figure:
    """An empty figure that no global state knows of."""
    figure = Figure(figsize=(SIZE_INCHES[0], height_inches), dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def set_title(figure: Figure, axes: Axes, text: str, about: str) -> None:
    """What the figure shows, and for what hardware, flush with the axes; call it when all else is drawn."""
    axes.set_title(about, loc="left", fontsize=8.5, color=GREY)
    title = figure.suptitle(text, ha="left", fontsize=11, color=INK, fontweight="bold")
    figure.draw_without_rendering()
    title.set_x(axes.get_position().x0)


def loss_axis(axes: Axes, farthest_db: float, attenuation_db_per_km: float) -> None:
    """Loss below, fibre length above."""
    axes.set_xlim(0, farthest_db)
    axes.set_xlabel("fibre loss from end to end (dB)")

    def to_km(loss_db: Any) -> Any:
        return loss_db / attenuation_db_per_km

    def to_db(length_km: Any) -> Any:
        return length_km * attenuation_db_per_km

    above = axes.secondary_xaxis("top", functions=(to_km, to_db))
    above.set_xlabel(f"fibre length at {attenuation_db_per_km:g} dB/km (km)", fontsize=9)
    above.tick_params(labelsize=8.5)


def logarithmic(axes: Axes, low: float, high: float, label: str) -> None:
    """A logarithmic axis upwards with a line per decade."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(LogLocator(numticks=30))
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 4, 5, 6, 7, 8, 9), numticks=300))
    axes.yaxis.set_minor_formatter(NullFormatter())


def grid(axes: Axes) -> None:
    """Faint lines that are read off along."""
    axes.grid(visible=True, which="major", color="#E3E3E3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5)
    for spine in axes.spines.values():
        spine.set_color(GREY)


def legend(axes: Axes, **where: Any) -> None:
    """A legend through which lines still show faintly."""
    axes.legend(
        fontsize=8.5,
        labelspacing=0.35,
        framealpha=0.92,
        edgecolor="#CCCCCC",
        handlelength=3.4,
        title_fontsize=8.5,
        alignment="left",
        **where,
    )

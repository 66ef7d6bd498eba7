"""A run over time, drawn with matplotlib; import it only where that is installed."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, MultipleLocator, PercentFormatter
from numpy.typing import NDArray

from hil_sim.network.run.figures import error_rate
from hil_sim.network.run.network_run import NetworkRun
from hil_sim.network.run.units import time as duration

Floats = NDArray[np.float64]

MOST_LINES: Final = 10
"""More links than this are drawn as bands of quantiles."""
_HIGHEST_QBER: Final = 0.25
"""Bursts may go beyond; what matters lies below."""
_MANY_TIMES: Final = 30.0
_STEPS: Final = 60
"""Requests come at random; their rate is drawn as the mean over so many parts of the run."""
_WINDOWS: Final = 12
"""Key comes in blocks; its rate is drawn as the mean over the last of so many parts."""
_BAND: Final = "#0072B2"
_VERMILION: Final = "#D55E00"
_INK: Final = "#222222"
# Okabe and Ito's colours stay apart for every kind of colour blindness; yellow is too pale for a line.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
_DASHES: Final[tuple[Any, ...]] = ("-", (0, (4, 1.5)))


def draw_timeseries(run: NetworkRun) -> Figure:
    """Five panels over one axis of time: key rate, QBER in Z and in X, key in store, and key asked for."""
    figure = Figure(figsize=(9.0, 11.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(5, 1, sharex=True)
    unit_s, unit = _time_unit(run.epochs * run.world.epoch_s)
    time = run.history_s() / unit_s
    history, epoch_s = run.link_history(), run.world.epoch_s
    key = _trailing(run, history["key_bits"] / epoch_s)
    _draw_links(panels[0], run, time, key)
    panels[0].set_title(run.built.topology.title, loc="left", fontsize=11, color=_INK)
    _spread_decades(panels[0], key)
    window = f"mean of {duration(_window(run) * epoch_s)}"
    _label(panels[0], f"secret key rate\n({window})", EngFormatter("b/s"))
    for panel, basis in zip(panels[1:3], "zx", strict=True):
        _draw_links(panel, run, time, error_rate(history[f"wrong_{basis}"], history[f"clicks_{basis}"]))
        _draw_limits(panel, run)
        panel.yaxis.set_major_locator(MultipleLocator(0.05 if panel.get_ylim()[1] > 0.12 else 0.02))
        _label(panel, f"QBER in {basis.upper()}", PercentFormatter(1.0, decimals=0, symbol=" %"))
    _draw_links(panels[3], run, time, history["buffer_bits"])
    _spread_decades(panels[3], history["buffer_bits"])
    _label(panels[3], "key in store", EngFormatter("b"))
    _draw_traffic(panels[4], run, unit_s)
    panels[4].set_xlabel(f"time ({unit})")
    panels[4].set_xlim(0.0, float(time[-1]))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    return figure


def _draw_links(panel: Axes, run: NetworkRun, time: Floats, values: Floats) -> None:
    """A line per link, or the spread of all of them."""
    names = run.built.network.link_names
    dot = "." if time.size == 1 else None  # a line through one point shows nothing
    if len(names) <= MOST_LINES:
        for n, name in enumerate(names):
            colour, dash = _COLOURS[n % len(_COLOURS)], _DASHES[n // len(_COLOURS)]
            panel.plot(time, values[:, n], color=colour, linestyle=dash, linewidth=1.3, marker=dot, label=name)
        return
    low, tenth, median, ninth, high = _quantiles(values)
    bands = ((low, high, 0.15, f"all {len(names)} links"), (tenth, ninth, 0.35, "10 % to 90 % of them"))
    for below, above, alpha, label in bands:
        panel.fill_between(time, below, above, color=_BAND, alpha=alpha, linewidth=0, label=label)
    panel.plot(time, median, color=_BAND, linewidth=1.5, marker=dot, label="median")


def _draw_limits(panel: Axes, run: NetworkRun) -> None:
    limits = sorted(set((run.world.stack.links.qber_limit_ppm / 1e6).tolist()))
    for limit in limits[:3]:
        panel.axhline(limit, color=_VERMILION, linestyle=":", linewidth=1.3)
        panel.annotate(
            "limit", (1.0, limit), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=8, color=_VERMILION, annotation_clip=False,
        )  # fmt: skip
    panel.set_ylim(0.0, min(max(panel.get_ylim()[1], 1.15 * limits[0]), _HIGHEST_QBER))


def _spread_decades(panel: Axes, values: Floats) -> None:
    """Where links differ much, decades instead of steps, with 0 below the lowest of them."""
    means = np.nanmean(values, axis=0)
    some = means[means > 0]
    if some.size and np.max(some) > _MANY_TIMES * np.min(some):
        lowest, highest = (int(np.floor(np.log10(edge))) for edge in (np.min(some), np.nanmax(values)))
        panel.set_yscale("symlog", linthresh=10.0**lowest, linscale=0.5)
        panel.yaxis.set_major_locator(FixedLocator([0.0, *(10.0**n for n in range(lowest, highest + 1))]))
    panel.set_ylim(bottom=0.0)


def _draw_traffic(panel: Axes, run: NetworkRun, unit_s: float) -> None:
    traffic, epoch_s = run.traffic_history(), run.world.epoch_s
    columns = [traffic[name] / epoch_s for name in ("asked_bits", "delivered_bits", "given_up_bits")]
    time, rates = _coarse(run, np.stack(columns, axis=1))
    looks = (
        ("asked for", "#BBBBBB", "-", 3.5),
        ("delivered", _COLOURS[0], "-", 1.4),
        ("given up", _VERMILION, (0, (4, 1.5)), 1.4),
    )
    for rate, (name, colour, dash, width) in zip(rates.T, looks, strict=True):
        panel.plot(
            time / unit_s, rate, color=colour, linestyle=dash, linewidth=width, drawstyle="steps-pre", label=name
        )
    panel.set_ylim(bottom=0.0)
    _label(panel, "key for demands", EngFormatter("b/s"))
    panel.legend(loc="upper left", ncols=3, frameon=False, fontsize=8, bbox_to_anchor=(0.0, 1.16), borderaxespad=0.0)


def _label(panel: Axes, text: str, formatter: Any) -> None:
    panel.set_ylabel(text)
    panel.yaxis.set_major_formatter(formatter)
    panel.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _trailing(run: NetworkRun, values: Floats) -> Floats:
    """At each time the mean over the last part of the run, or since its start, shape (rows, links)."""
    epochs = run.link_series.ends()
    sums = np.cumsum(values * np.diff(epochs, prepend=0)[:, np.newaxis], axis=0)
    totals = np.concatenate([np.zeros((1, values.shape[1])), sums])
    first = np.searchsorted(epochs, epochs - _window(run), side="right")
    begin = np.concatenate([[0], epochs])[first]
    return np.asarray((totals[1:] - totals[first]) / (epochs - begin)[:, np.newaxis])


def _window(run: NetworkRun) -> int:
    return max(run.epochs // _WINDOWS, 1)


def _coarse(run: NetworkRun, values: Floats) -> tuple[Floats, Floats]:
    """Times at the ends of a few steps, from 0, and the means over them; the first stands twice to draw steps from."""
    rows = values.shape[0]
    per_step = max(-(-rows // _STEPS), 1)
    begins = np.arange(0, rows, per_step)
    ends = np.minimum(begins + per_step, rows)
    epochs = np.diff(run.link_series.ends(), prepend=0)[:, np.newaxis]
    means = np.add.reduceat(values * epochs, begins) / np.add.reduceat(epochs, begins)
    return np.concatenate([[0.0], run.history_s()[ends - 1]]), np.concatenate([means[:1], means])


def _quantiles(values: Floats) -> Iterable[Floats]:
    """Least, tenth, half, nine tenths and most of all links at each time, of those that have a value."""
    known = ~np.isnan(values).all(axis=1)
    quantiles = np.full((5, values.shape[0]), np.nan)
    quantiles[:, known] = np.nanquantile(values[known], [0.0, 0.1, 0.5, 0.9, 1.0], axis=1)
    return quantiles


def _time_unit(duration_s: float) -> tuple[float, str]:
    """Seconds in the unit for an axis, and its name."""
    for seconds, unit in ((172_800.0, "d"), (7200.0, "h"), (120.0, "min")):
        if duration_s >= seconds:
            return {"d": 86_400.0, "h": 3600.0, "min": 60.0}[unit], unit
    return 1.0, "s"

"""The drawing of a map with matplotlib; import it only where that is installed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from hil_sim.network.geography import flat_map_km
from hil_sim.network.map_layout import Surroundings, label_places, spread_apart
from hil_sim.network.map_plot import MapContents

MOST_LABELS: Final = 60
"""Maps of more sites show no names."""
_DOTS_PER_INCH: Final = 150
_LONG_SIDE_INCHES: Final = 8.0
_MARGIN: Final = 0.05
_MARGIN_WITH_LABELS: Final = 0.11
_LEAST_BAD_MARKER: Final = 6.0
"""Points; who lies shows on the largest map."""
_FLATTEST: Final = 0.42
"""Height over width of the map at least, and width over height."""

# Okabe and Ito's colours stay apart for every kind of colour blindness, and so does the colour map.
_VERMILION, _SKY, _ORANGE, _GREEN, _PURPLE = "#D55E00", "#56B4E9", "#E69F00", "#009E73", "#CC79A7"
_INK, _GREY, _PALE = "#222222", "#8C8C8C", "#DDDDDD"
_COLOUR_MAP: Final = "viridis"
_ROUTES: Final = (_SKY, _ORANGE, _GREEN, _PURPLE)


@dataclass(frozen=True, slots=True)
class _Marker:
    shape: str
    face: str
    edge: str
    scale: float
    label: str


_MARKERS: Final = {
    "trusted": _Marker("o", "white", _INK, 1.0, "trusted node"),
    "user": _Marker("s", "white", _INK, 0.8, "end node"),
    "relay": _Marker("D", _PALE, _INK, 0.75, "measuring relay"),
    "switch": _Marker("P", _PALE, _INK, 1.1, "optical switch"),
    "byzantine": _Marker("X", _VERMILION, "black", 1.6, "Byzantine node"),
    "crashed": _Marker("o", _GREY, _INK, 1.0, "crashed node"),
}
_LINES: Final[dict[str, tuple[str, Any, str]]] = {
    "dead": (_GREY, (0, (1.0, 1.4)), "dead link"),
    "attacked": (_VERMILION, (0, (3.0, 1.2)), "link under attack"),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Places in km and sizes in points of one drawing."""

    places: NDArray[np.float64]
    paths: tuple[NDArray[np.float64], ...]
    marker: float
    line: float


def draw(contents: MapContents, figure: Figure | None) -> Figure:
    """Draw a map into an empty figure, or a new one of a size that fits."""
    plan = _plan(contents)
    if figure is None:
        figure = _new_figure(plan, with_colour_bar=contents.values is not None)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0)
    axes.update_datalim(_corners(plan.places))
    legend = [*_draw_routes(axes, contents, plan), *_draw_spans(axes, contents, plan)]
    legend += _draw_sites(axes, contents, plan)
    axes.set_title(contents.title, fontsize=11, color=_INK, loc="left")
    figure.legend(handles=legend, loc="outside lower center", ncols=min(4, len(legend)), frameon=False, fontsize=8)
    # Places in dots are final only after the layout.
    figure.draw_without_rendering()
    _draw_scale_bar(axes)
    if len(contents.topology.sites) <= MOST_LABELS:
        _draw_labels(axes, contents, plan)
    return figure


def _plan(contents: MapContents) -> _Plan:
    sites = contents.topology.sites
    places = flat_map_km([site.latitude_deg for site in sites], [site.longitude_deg for site in sites])
    marker = 14.0 * len(sites) ** -0.25
    if len(sites) <= MOST_LABELS:
        extent = max(float(np.ptp(places, axis=0).max()), 1.0)
        places = spread_apart(places, 2.0 * marker * extent / (72 * _LONG_SIDE_INCHES))
    index = contents.topology.site_indices()
    paths = tuple(places[[index[name] for name in span.path]] for span in contents.topology.spans)
    return _Plan(places, paths, marker, float(np.clip(0.35 * marker, 0.7, 3.0)))


def _new_figure(plan: _Plan, *, with_colour_bar: bool) -> Figure:
    """A figure as flat or as tall as the network, and room for colour bar and legend."""
    east, north = np.ptp(_corners(plan.places), axis=0)
    ratio = float(np.clip(north / east, _FLATTEST, 1 / _FLATTEST))
    width, height = _LONG_SIDE_INCHES * min(1.0, 1 / ratio), _LONG_SIDE_INCHES * min(1.0, ratio)
    figure = Figure(figsize=(max(width, 4.5) + 1.0 * with_colour_bar, height + 0.9), dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def _corners(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower left and upper right corner of the map: room around the sites, and some more below for the scale bar."""
    low, high = places.min(axis=0), places.max(axis=0)
    room = max(float((high - low).max()), 1.0) * (_MARGIN_WITH_LABELS if len(places) <= MOST_LABELS else _MARGIN)
    return np.stack((low - (room, 1.6 * room), high + room))


def _draw_routes(axes: Axes, contents: MapContents, plan: _Plan) -> list[Line2D]:
    """Broad bands below the spans, the first route on top; where routes run together, each is broader than the last."""
    labels = {site.name: site.label or site.name for site in contents.topology.sites}
    handles = []
    for order, (sites, spans) in enumerate(contents.routes):
        colour, width = _ROUTES[order % len(_ROUTES)], 3.2 * plan.line + 2.5 + 3.0 * order
        axes.plot(
            *_way(sites, spans, contents, plan).T, color=colour, linewidth=width, alpha=0.55, zorder=1 - 0.01 * order,
            solid_capstyle="round", solid_joinstyle="round", label=f"route-{order}", scalex=False, scaley=False,
        )  # fmt: skip
        text = f"route {order + 1}: {labels[sites[0]]} to {labels[sites[-1]]}"
        handles.append(Line2D([], [], color=colour, linewidth=6, alpha=0.55, label=text))
    return handles


def _way(sites: tuple[str, ...], spans: tuple[int, ...], contents: MapContents, plan: _Plan) -> NDArray[np.float64]:
    """The places along a route, shape (places, 2)."""
    forward = [contents.topology.spans[index].a == start for start, index in zip(sites, spans, strict=False)]
    legs = [plan.paths[index][:: 1 if on else -1] for index, on in zip(spans, forward, strict=True)]
    return np.concatenate(legs)


def _draw_spans(axes: Axes, contents: MapContents, plan: _Plan) -> list[Line2D]:
    """Spans that are up in the colours of their values over a dark rim, the others in the style of their state."""
    states = np.array([contents.link_states.get(span.name, "up") for span in contents.topology.spans])
    values = contents.values
    handles = []
    plain = (states == "up") & (True if values is None else np.isnan(values))
    _add_lines(axes, plan, plain, "plain", color=_GREY if values is not None else "#555555", width=plan.line * 0.8)
    if values is not None:
        if plain.any():
            handles.append(Line2D([], [], color=_GREY, linewidth=2, label="no value"))
        valued = (states == "up") & ~plain
        norm = (LogNorm if contents.log_scale else Normalize)(*contents.limits)
        _add_lines(axes, plan, valued, "rim", color=_INK, width=plan.line + min(0.9, 0.6 * plan.line))
        lines = _add_lines(axes, plan, valued, "valued", color=None, width=plan.line)
        lines.set(array=values[valued], cmap=_COLOUR_MAP, norm=norm)
        low, high = contents.limits
        outside = bool(np.any(values[valued] < low)), bool(np.any(values[valued] > high))
        _add_colour_bar(axes, ScalarMappable(norm, _COLOUR_MAP), contents.label, outside)
    for state, (colour, dashes, text) in _LINES.items():
        if np.any(states == state):
            lines = _add_lines(axes, plan, states == state, state, color=colour, width=max(1.1 * plan.line, 1.4))
            lines.set_linestyle(dashes)
            handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=2, label=text))
    return handles


def _add_lines(
    axes: Axes, plan: _Plan, which: NDArray[np.bool_], label: str, *, color: str | None, width: float
) -> LineCollection:
    paths = [plan.paths[index] for index in np.flatnonzero(which)]
    lines = LineCollection(paths, linewidths=width, zorder=2, label=label, capstyle="butt")
    if color is not None:
        lines.set_color(color)
    axes.add_collection(lines)
    return lines


def _add_colour_bar(axes: Axes, colours: ScalarMappable, label: str, outside: tuple[bool, bool]) -> None:
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[outside]
    bar = axes.figure.colorbar(colours, ax=axes, label=label, shrink=0.75, aspect=28, pad=0.02, extend=extend)
    bar.ax.tick_params(which="both", labelsize=8)
    bar.set_label(label, fontsize=9)


def _draw_sites(axes: Axes, contents: MapContents, plan: _Plan) -> list[Line2D]:
    kinds = _kinds(contents)
    handles = []
    for kind, marker in _MARKERS.items():
        at = np.flatnonzero(kinds == kind)
        if not len(at):
            continue
        style: dict[str, Any] = {
            "marker": marker.shape, "linestyle": "none", "markerfacecolor": marker.face,
            "markeredgecolor": marker.edge, "markeredgewidth": max(0.5, 0.13 * plan.marker),
        }  # fmt: skip
        size = plan.marker * marker.scale
        if kind in {"byzantine", "crashed"}:
            size = max(size, _LEAST_BAD_MARKER)
        axes.plot(*plan.places[at].T, markersize=size, zorder=3, label=kind, **style)
        handles.append(Line2D([], [], markersize=7 * marker.scale, label=marker.label, **style))
    return handles


def _kinds(contents: MapContents) -> NDArray[np.str_]:
    """Which marker each site gets: what is wrong with it before what it is."""
    topology = contents.topology
    passive = topology.passive_sites()
    switches = {span.switch for span in topology.spans}
    kinds = []
    for site in topology.sites:
        kind = contents.node_states.get(site.name, "trusted" if site.may_relay else "user")
        if site.name in passive and kind in {"trusted", "user"}:
            kind = "switch" if site.name in switches else "relay"
        kinds.append(kind)
    return np.array(kinds)


def _draw_scale_bar(axes: Axes) -> None:
    """A bar of a round number of km, about a fifth of the map's width."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    goal = (right - left) / 5
    decade = 10.0 ** np.floor(np.log10(goal))
    length = max(step * decade for step in (1, 2, 5) if step * decade <= goal)
    start, level = left + 0.02 * (right - left), low + 0.02 * (high - low)
    axes.plot([start, start + length], [level, level], color=_INK, linewidth=2, solid_capstyle="butt", zorder=4,
              label="scale bar", scalex=False, scaley=False)  # fmt: skip
    axes.annotate(f"{length:g} km", (start + length, level), xytext=(4, 0), textcoords="offset points", fontsize=8,
                  color=_INK, va="center").set_in_layout(False)  # fmt: skip


def _draw_labels(axes: Axes, contents: MapContents, plan: _Plan) -> None:
    """Names beside the sites, where they cover least."""
    to_dots: Callable[[Any], NDArray[np.float64]] = axes.transData.transform
    texts = [
        axes.text(0, 0, site.label or site.name, fontsize=_font_size(len(plan.places)), color=_INK, zorder=5,
                  path_effects=[withStroke(linewidth=2, foreground="white")])
        for site in contents.topology.sites
    ]  # fmt: skip
    dots = axes.figure.dpi / 72
    sizes = [(box.width, box.height) for box in (text.get_window_extent() for text in texts)]
    lines = np.concatenate([to_dots(np.stack((path[:-1], path[1:]), axis=1).reshape(-1, 2)) for path in plan.paths])
    box = axes.get_window_extent()
    around = Surroundings(
        sites=to_dots(plan.places),
        lines=lines.reshape(-1, 2, 2),
        low=np.array([box.x0, box.y0 + 14 * dots]),
        high=np.array([box.x1, box.y1]),
    )
    gaps = [(0.7 * plan.marker * _MARKERS[kind].scale + 2.0) * dots for kind in _kinds(contents)]
    for text, corner in zip(texts, label_places(sizes, gaps, around), strict=True):
        text.set_position(tuple(axes.transData.inverted().transform(corner)))
        text.set_verticalalignment("bottom")
        text.set_in_layout(False)


def _font_size(sites: int) -> float:
    return float(np.interp(sites, (10, MOST_LABELS), (9.0, 6.0)))

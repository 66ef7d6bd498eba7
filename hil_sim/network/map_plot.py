"""Maps of QKD networks: spans coloured by what they do, who is dead, attacked or lies, and which way keys go."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hil_sim.network.topology import Topology
from hil_sim.scenario_problems import did_you_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LinkState = Literal["up", "dead", "attacked"]
NodeState = Literal["honest", "byzantine", "crashed"]
_State = TypeVar("_State", LinkState, NodeState)


@dataclass(frozen=True, slots=True)
class MapContents:
    """What a map shows, checked.

    Attributes:
        topology: the network.
        values: one per span, shape (spans,); NaN where there is none. None colours no span.
        label: what the values are, with their unit.
        limits: the values at the ends of the colour scale.
        log_scale: whether colours follow the logarithm of the values.
        link_states: of spans that are not up, by name.
        node_states: of sites that are not honest, by name.
        routes: the span indices of each route, in its order, after its sites.
        title: over the map.
    """

    topology: Topology
    values: NDArray[np.float64] | None
    label: str
    limits: tuple[float, float]
    log_scale: bool
    link_states: Mapping[str, LinkState]
    node_states: Mapping[str, NodeState]
    routes: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]
    title: str


def draw_map(
    topology: Topology,
    target: "str | Path | Figure",
    *,
    link_values: ArrayLike | None = None,
    link_label: str = "",
    link_limits: tuple[float, float] | None = None,
    log_scale: bool = False,
    link_states: Mapping[str, LinkState] | None = None,
    node_states: Mapping[str, NodeState] | None = None,
    routes: Sequence[Sequence[str]] = (),
    title: str | None = None,
) -> "Figure":
    """Draw a network on a map, true to scale, and write it as an image or into a figure.

    Sites that would cover each other are drawn a little apart. Sites have names on maps of up to 60 of them.

    Args:
        topology: the network.
        target: a file, whose suffix says the format, such as `.png` or `.svg`; or an empty figure, left to the caller.
        link_values: one per span in the order of `topology.spans`, shape (spans,); NaN where there is none.
        link_label: what the values are, with their unit, such as `secret key rate (b/s)`.
        link_limits: the values at the ends of the colour scale; from the values if left out.
        log_scale: whether colours follow the logarithm; values of 0 and less then count as none.
        link_states: `dead` or `attacked` spans by name; the others are `up`.
        node_states: `byzantine` or `crashed` sites by name; the others are `honest`.
        routes: routes to point out, each as the names of the sites that it passes, without measuring relays.
        title: over the map; the topology's own if left out.

    Returns:
        The figure that was drawn.

    Raises:
        ValueError: for values of a wrong shape, names that nobody has, limits out of order, hops without a span.
        ModuleNotFoundError: without matplotlib, which comes with the extra `sim`.
    """
    values = None if link_values is None else _values(link_values, len(topology.spans), log_scale=log_scale)
    contents = MapContents(
        topology=topology,
        values=values,
        label=link_label,
        limits=_limits(values, link_limits, log_scale=log_scale),
        log_scale=log_scale,
        link_states=_states("link", link_states or {}, [span.name for span in topology.spans], get_args(LinkState)),
        node_states=_states("node", node_states or {}, [site.name for site in topology.sites], get_args(NodeState)),
        routes=tuple((tuple(route), _spans_of(route, topology)) for route in routes),
        title=topology.title if title is None else title,
    )
    try:
        drawing = importlib.import_module("hil_sim.network.map_drawing")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("matplotlib"):
            raise
        text = "maps are drawn with matplotlib, which is not installed: pip install 'qkdctl[sim]'"
        raise ModuleNotFoundError(text, name=error.name) from error
    figure: Figure = drawing.draw(contents, None if isinstance(target, str | Path) else target)
    if isinstance(target, str | Path):
        figure.savefig(target)
    return figure


def _values(link_values: ArrayLike, spans: int, *, log_scale: bool) -> NDArray[np.float64]:
    values = np.array(link_values, dtype=np.float64)
    if values.shape != (spans,):
        raise ValueError(f"link_values must have one value per span, shape ({spans},), not {values.shape}")
    values[~np.isfinite(values) | (log_scale & (values <= 0))] = np.nan
    return values


def _limits(
    values: NDArray[np.float64] | None, limits: tuple[float, float] | None, *, log_scale: bool
) -> tuple[float, float]:
    if limits is not None:
        if not limits[0] < limits[1] or (log_scale and limits[0] <= 0):
            raise ValueError(f"link_limits must ascend{' from above 0' if log_scale else ''}, not {limits}")
        return limits
    if values is None or np.isnan(values).all():
        return (1.0, 10.0) if log_scale else (0.0, 1.0)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < high:
        return low, high
    return (low / 2, low * 2) if log_scale else (low - 0.5, low + 0.5)


def _states(
    kind: str, states: Mapping[str, _State], names: Sequence[str], known: Sequence[str]
) -> Mapping[str, _State]:
    for name, state in states.items():
        if name not in names:
            raise ValueError(f"no {'span' if kind == 'link' else 'site'} '{name}': {did_you_mean(name, names)}")
        if state not in known:
            raise ValueError(f"{kind} state '{state}' of '{name}': {did_you_mean(state, known)}")
    return {name: state for name, state in states.items() if state != known[0]}


def _spans_of(route: Sequence[str], topology: Topology) -> tuple[int, ...]:
    """The indices of the spans between the sites of a route."""
    pairs = {frozenset((span.a, span.b)): index for index, span in enumerate(topology.spans)}
    if len(route) < 2:
        raise ValueError(f"a route passes two sites or more, not {list(route)}")
    for start, end in pairwise(route):
        if frozenset((start, end)) not in pairs:
            raise ValueError(f"no span between '{start}' and '{end}' for a route")
    return tuple(pairs[frozenset(hop)] for hop in pairwise(route))

"""Maps show what they are told, for every network that ships and for large ones."""

import struct
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from hil_sim.network.map_plot import draw_map
from hil_sim.network.metro_mesh import metro_mesh
from hil_sim.network.topology import load_topology, topology_names


def size_of_png(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def lines_of(figure):
    return {lines.get_label(): lines for lines in figure.axes[0].collections if isinstance(lines, LineCollection)}


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def labels_of(figure):
    return [text for text in figure.axes[0].texts if not text.get_text().endswith(" km")]


@pytest.mark.parametrize("name", topology_names())
def test_every_shipped_network_is_drawn_with_its_title_sites_and_scale_bar(name, tmp_path):
    topology = load_topology(name)
    figure = draw_map(topology, tmp_path / "map.png", link_values=np.arange(1.0, len(topology.spans) + 1))
    width, height = size_of_png(tmp_path / "map.png")
    assert 600 < width < 1500
    assert 500 < height < 1500
    assert figure.axes[0].get_title(loc="left") == topology.title
    assert {text.get_text() for text in labels_of(figure)} == {site.label or site.name for site in topology.sites}
    assert sum(line.get_xdata().size for line in figure.axes[0].lines if line.get_label() != "scale bar") == len(
        topology.sites
    )
    assert any(text.get_text().endswith(" km") for text in figure.axes[0].texts)


@pytest.mark.parametrize("name", topology_names())
def test_labels_do_not_cover_each_other(name):
    figure = draw_map(load_topology(name), Figure())
    boxes = [text.get_window_extent() for text in labels_of(figure)]
    covered = [
        (a, b)
        for index, a in enumerate(boxes)
        for b in boxes[index + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
    ]
    assert not covered


def test_sites_at_one_place_are_drawn_apart():
    figure = draw_map(load_topology("tokyo"), Figure(figsize=(8, 4)))
    axes = figure.axes[0]
    places = np.concatenate([line.get_xydata() for line in axes.lines if line.get_label() == "trusted"])
    dots = axes.transData.transform(places)
    apart = np.linalg.norm(dots[:, None] - dots[None, :], axis=2)[np.triu_indices(len(dots), 1)]
    assert apart.min() > 0.9 * axes.lines[0].get_markersize() * figure.dpi / 72


def test_one_km_is_as_long_in_both_directions():
    figure = draw_map(load_topology("madqci"), Figure())
    origin, east, north = figure.axes[0].transData.transform([(0, 0), (1, 0), (0, 1)])
    assert (east - origin)[0] == pytest.approx((north - origin)[1], rel=1e-3)


def test_the_scale_bar_is_as_long_as_it_says():
    axes = draw_map(load_topology("madqci"), Figure()).axes[0]
    bar = next(line for line in axes.lines if line.get_label() == "scale bar")
    said = next(text.get_text() for text in axes.texts if text.get_text().endswith(" km"))
    assert np.ptp(bar.get_xdata()) == pytest.approx(float(said.removesuffix(" km")))


def test_values_colour_the_spans_with_a_bar_that_names_the_unit():
    topology = load_topology("madqci")
    figure = draw_map(topology, Figure(), link_values=range(9), link_label="secret key rate (kb/s)", link_limits=(2, 8))
    spans = lines_of(figure)["valued"]
    assert spans.get_array().tolist() == list(range(9))
    assert spans.get_clim() == (2, 8)
    assert figure.axes[1].get_ylabel() == "secret key rate (kb/s)"


def test_spans_without_a_value_are_told_apart():
    topology = load_topology("madqci")
    values = [np.nan, 0.0, *[100.0] * 7]
    figure = draw_map(topology, Figure(), link_values=values, log_scale=True)
    assert len(lines_of(figure)["valued"].get_array()) == 7
    assert len(lines_of(figure)["plain"].get_segments()) == 2
    assert "no value" in legend_of(figure)


def test_a_map_without_values_has_no_colour_bar():
    figure = draw_map(load_topology("madqci"), Figure())
    assert len(figure.axes) == 1
    assert len(lines_of(figure)["plain"].get_segments()) == 9


def test_dead_and_attacked_spans_differ_in_style_as_well_as_colour():
    states = {"norte-distrito": "dead", "norte-concepcion": "attacked", "quevedo-norte": "up"}
    figure = draw_map(load_topology("madqci"), Figure(), link_values=[1.0] * 9, link_states=states)
    lines = lines_of(figure)
    styles = {label: lines[label].get_linestyle()[0][1] for label in ("valued", "dead", "attacked")}
    assert styles["valued"] is None
    assert styles["dead"] != styles["attacked"]
    assert to_hex(lines["dead"].get_color()[0]) != to_hex(lines["attacked"].get_color()[0])
    assert len(lines["valued"].get_segments()) == 7
    assert {"dead link", "link under attack"} <= set(legend_of(figure))


def test_liars_and_crashed_nodes_are_marked():
    states = {"norte": "byzantine", "quinto": "crashed"}
    figure = draw_map(load_topology("madqci"), Figure(), node_states=states)
    marked = {line.get_label(): line for line in figure.axes[0].lines}
    assert marked["byzantine"].get_xdata().size == 1
    assert marked["byzantine"].get_marker() != marked["trusted"].get_marker()
    assert marked["trusted"].get_xdata().size == 7
    assert {"Byzantine node", "crashed node"} <= set(legend_of(figure))


def test_a_liar_shows_among_a_thousand():
    topology = metro_mesh(1000, 1)
    figure = draw_map(topology, Figure(), node_states={"n0500": "byzantine"})
    marked = {line.get_label(): line for line in figure.axes[0].lines}
    assert marked["byzantine"].get_markersize() >= 6 > marked["trusted"].get_markersize()
    assert labels_of(figure) == []


def test_switches_relays_and_end_nodes_have_their_own_markers():
    hefei = {
        line.get_label(): line.get_xdata().size for line in draw_map(load_topology("hefei"), Figure()).axes[0].lines
    }
    assert (hefei["trusted"], hefei["user"], hefei["switch"]) == (3, 40, 3)
    metro = draw_map(metro_mesh(20, 1, relay_share=0.2), Figure())
    assert "measuring relay" in legend_of(metro)


def test_a_route_runs_through_its_sites_and_the_switches_between():
    figure = draw_map(load_topology("hefei"), Figure(), routes=[["ua-1", "tr-1", "tr-2", "ub-13"]])
    route = next(line for line in figure.axes[0].lines if line.get_label() == "route-0")
    way = route.get_xydata()
    steps = way[np.concatenate(([True], np.any(np.diff(way, axis=0) != 0, axis=1)))]
    assert len(steps) == 5
    assert "route 1: UA-1 to UB-13" in legend_of(figure)


@pytest.mark.parametrize("nodes", [2, 3, 300])
def test_networks_of_any_size_are_drawn(nodes, tmp_path):
    topology = metro_mesh(nodes, 1)
    draw_map(topology, str(tmp_path / "map.svg"), link_values=[0.02] * len(topology.spans), title="QBER")
    assert (tmp_path / "map.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"link_values": [1.0, 2.0]}, r"one value per span, shape \(9,\), not \(2,\)"),
        ({"link_states": {"norte-distrit": "dead"}}, "no span 'norte-distrit': did you mean 'norte-distrito'"),
        ({"link_states": {"norte-distrito": "broken"}}, "link state 'broken' of 'norte-distrito': known: "),
        ({"node_states": {"nort": "byzantine"}}, "no site 'nort': did you mean 'norte'"),
        ({"node_states": {"norte": "bizantine"}}, "did you mean 'byzantine'"),
        ({"routes": [["norte", "quinto"]]}, "no span between 'norte' and 'quinto'"),
        ({"routes": [["norte"]]}, "a route passes two sites or more"),
        ({"link_limits": (1.0, 1.0)}, "link_limits must ascend, not"),
        ({"link_limits": (0.0, 1.0), "log_scale": True}, "link_limits must ascend from above 0"),
    ],
)
def test_what_does_not_fit_the_network_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_map(load_topology("madqci"), Figure(), **arguments)


def test_without_matplotlib_one_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "hil_sim.network.map_drawing", raising=False)
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'qkdctl\[sim\]'"):
        draw_map(load_topology("madqci"), tmp_path / "map.png")

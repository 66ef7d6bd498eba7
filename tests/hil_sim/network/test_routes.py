"""Routes as flat arrays say the same as the plans that they were made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil_sim.network.routes import PathLinks, RoutePlan, Routes, joined, segments

PATH = st.builds(
    PathLinks,
    st.lists(st.integers(0, 9), min_size=1, max_size=4).map(tuple),
    st.lists(st.integers(0, 9), max_size=3).map(tuple),
)
PLAN = st.lists(PATH, min_size=1, max_size=3).flatmap(
    lambda paths: st.integers(1, len(paths)).map(lambda threshold: RoutePlan(tuple(paths), threshold))
)
CANDIDATES = st.lists(st.lists(PLAN, min_size=1, max_size=3), max_size=4)


def plans_of(routes):
    """The candidates of each demand, read back by loops."""

    def part(offsets, values, index):
        return tuple(values[offsets[index] : offsets[index + 1]].tolist())

    return [
        [
            RoutePlan(
                tuple(
                    PathLinks(
                        part(routes.path_link_offsets, routes.path_links, path),
                        part(routes.relay_offsets, routes.relays, path),
                    )
                    for path in range(routes.path_offsets[route], routes.path_offsets[route + 1])
                ),
                int(routes.thresholds[route]),
            )
            for route in range(routes.demand_offsets[demand], routes.demand_offsets[demand + 1])
        ]
        for demand in range(routes.demands)
    ]


@given(CANDIDATES)
def test_tables_hold_what_went_in(candidates):
    routes = Routes.of(candidates)
    assert plans_of(routes) == candidates
    assert routes.choices().tolist() == [len(choice) for choice in candidates]
    of_routes = [plan for choice in candidates for plan in choice]
    for number, plan in enumerate(of_routes):
        links = routes.links[routes.link_offsets[number] : routes.link_offsets[number + 1]]
        assert links.tolist() == [link for path in plan.paths for link in path.links]


@given(st.lists(CANDIDATES, min_size=1, max_size=3), st.integers(0, 20), st.integers(0, 20))
def test_joined_tables_hold_all_of_them_one_after_the_other(parts, links, nodes):
    table = joined([Routes.of(part).shifted(links, nodes) for part in parts])
    shifted = [
        [
            RoutePlan(
                tuple(
                    PathLinks(tuple(link + links for link in path.links), tuple(node + nodes for node in path.relays))
                    for path in plan.paths
                ),
                plan.threshold,
            )
            for plan in choice
        ]
        for part in parts
        for choice in part
    ]
    assert plans_of(table) == shifted
    assert table.link_offsets.tolist() == Routes.of(shifted).link_offsets.tolist()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.data())
def test_segments_are_those_of_a_loop(sizes, data):
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    chosen = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=8)), dtype=np.int64)
    positions, begins = segments(offsets, chosen)
    expected = [list(range(offsets[segment], offsets[segment + 1])) for segment in chosen]
    assert positions.tolist() == [place for part in expected for place in part]
    assert begins.tolist() == np.cumsum([0, *map(len, expected)]).tolist()[: len(expected)]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([[]], "demand 0 needs a candidate route"),
        ([[RoutePlan((PathLinks((0,), ()),))], [RoutePlan(())]], "demand 1 needs a candidate route"),
        ([[RoutePlan((PathLinks((), ()),))]], "each path with at least one link"),
        ([[RoutePlan((PathLinks((0,), ()),), 2)]], "2 of 1 paths cannot suffice"),
        ([[RoutePlan((PathLinks((0,), ()),), 0)]], "0 of 1 paths cannot suffice"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(candidates, message):
    with pytest.raises(ValueError, match=message):
        Routes.of(candidates)
